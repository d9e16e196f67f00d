"""What the machine is like: read from disk, the crontab and the wire, as far as a plan needs it. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    AbstractSet,
    Dict,
    Literal,
    Mapping,
    Optional,
    Tuple,
    get_args,
)

from .. import paths, unexpected
from ..config.model import Authority, Certificate, Config, Target
from ..driver.homes.home import Stored
from ..driver.release import installation
from ..errors import Failure
from ..host import webroot
from ..host.webroot import WebrootState
from ..pki.x509 import X509
from ..reasons import Drift
from ..verify.tls_probe import Observation
from . import installed_files, rendered
from .guarded import Guard
from .ledger import Advice, Ledger, LedgerEntry

if TYPE_CHECKING:
    from ..driver.wrapper import Wrapper
    from .file_modes import Excess
    from .leftovers import Leftover
    from .nas import NasState

Part = Literal[
    "release",
    "wrapper",
    "bundle",
    "webroot",
    "modes",
    "certificates",
    "wire",
    "nas",
    "schedule",
    "leftovers",
    "obstacles",
]
ALL_PARTS: AbstractSet[Part] = frozenset(get_args(Part))
# What an unattended run looks at when it begins: files only, no process, no network.
CERTIFICATE_PARTS: AbstractSet[Part] = frozenset(("certificates",))
STATUS_PARTS: AbstractSet[Part] = frozenset(("certificates", "wire"))
# What takes a process, the network, or a login that a NAS counts when it fails.
FAR_PARTS: AbstractSet[Part] = frozenset(("wire", "nas", "schedule"))


@dataclass(frozen=True)
class CertificateState:
    """One certificate of the configuration; ``unread``: why it could not be read. ``deliveries`` and ``observations`` are by
    target; the latter only where looked.
    """

    stored: Optional[Stored] = None
    fault: Optional[str] = None
    unread: Optional[Failure] = None
    attempts: LedgerEntry = field(default_factory=LedgerEntry)
    advice: Optional[Advice] = None
    deliveries: Mapping[str, LedgerEntry] = field(default_factory=dict)
    observations: Mapping[str, Observation] = field(default_factory=dict)

    @property
    def leaf(self) -> Optional[X509]:
        return self.stored.leaf if self.stored is not None else None

    def find_fault(self, now: float) -> Optional[str]:
        """Why it is of no use at *now*: its files, or its dates. One that has expired is merely due."""
        if self.fault is not None or self.stored is None or self.leaf is None or self.leaf.validity[1] <= now:
            return self.fault
        return self.stored.date_fault(now)


@dataclass(frozen=True)
class State:
    """The machine as it was found; the default of each part says that nothing is amiss with it. ``unread``: why a part could not
    be read; that part is then such that a step comes to fail of it, where it has one. ``obstacles``: why steps can only fail, by
    their entry in the ledger; ``schedule`` among them.
    """

    release: Optional[Failure] = None
    wrappers: Tuple[Tuple[Wrapper, Drift], ...] = ()
    bundles: Mapping[Path, Tuple[Authority, Drift]] = field(default_factory=dict)
    webroots: Mapping[Path, WebrootState] = field(default_factory=dict)
    modes: Tuple[Excess, ...] = ()
    installed: Optional[installed_files.InstalledState] = None
    certificates: Mapping[str, CertificateState] = field(default_factory=dict)
    nas: Optional[NasState] = None
    schedule: Drift = "same"
    leftovers: Tuple[Leftover, ...] = ()
    unread: Tuple[Failure, ...] = ()
    obstacles: Mapping[str, Failure] = field(default_factory=dict)


def read_state(
    config: Config,
    parts: AbstractSet[Part] = ALL_PARTS,
    only: Tuple[str, ...] = (),
    environ: Optional[Mapping[str, str]] = None,
) -> State:
    """Read *parts* of the machine; *only* names the certificates of interest (none: all). The NAS is looked at only with an
    *environ*, from which secrets are read.
    """
    guard = Guard(paths.reports_folder(config))
    nas: Optional[NasState] = None
    if "nas" in parts and environ is not None and config.synology is not None:
        from .nas import look

        nas = look(config, environ)
    wanted = {name: one for name, one in config.certificates.items() if not only or name in only}
    ledgers = {one.name: Ledger.load(paths.ledger_path(one)) for one in config.authorities.values()}
    certificates = {name: _read_certificate(config, one, ledgers[one.authority], guard) for name, one in wanted.items()}
    if "wire" in parts:
        from .observations import observe

        seen = observe(config, {name: one.stored for name, one in certificates.items()}, guard.read)
        certificates = {name: replace(one, observations=seen[name]) for name, one in certificates.items()}
    schedule: Drift = "same"
    obstacles: Dict[str, Failure] = {}
    if "obstacles" in parts:
        obstacles = guard.read("the hooks", lambda: _find_obstacles(config, environ), obstacles)
    try:
        schedule = _read_schedule(config, nas) if "schedule" in parts else "same"
    except Exception as error:
        obstacles["schedule"] = unexpected.explain(error, guard.reports, "the schedule").failure
    return State(
        release=_read_release(config) if "release" in parts else None,
        wrappers=tuple(rendered.compare_wrappers(config, guard)) if "wrapper" in parts else (),
        bundles=rendered.read_bundles(config, guard) if "bundle" in parts else {},
        webroots=_read_webroots(config, guard) if "webroot" in parts else {},
        certificates=certificates,
        modes=guard.read("the file modes", lambda: _read_modes(config), ()) if "modes" in parts else (),
        installed=guard.read("installed", lambda: installed_files.inspect(config) if "modes" in parts else None, None),
        nas=nas,
        schedule="missing" if "schedule" in obstacles else schedule,
        obstacles=obstacles,
        leftovers=guard.read("what is left over", lambda: _read_leftovers(config), ()) if "leftovers" in parts else (),
        unread=tuple(guard.failures),
    )


def _read_release(config: Config) -> Optional[Failure]:
    try:
        installation.verify(paths.program_folder(config), *config.acme_sh.pinned)
    except Exception as error:
        return unexpected.explain(error, paths.reports_folder(config), "acme.sh").failure
    return None


def _read_webroots(config: Config, guard: Guard) -> Dict[Path, WebrootState]:
    return {one: guard.read(str(one), partial(webroot.inspect, one), "not_writable") for one in paths.webroots(config)}


def _read_modes(config: Config) -> Tuple[Excess, ...]:
    from . import file_modes

    return file_modes.inspect(config)


def _read_leftovers(config: Config) -> Tuple[Leftover, ...]:
    from . import leftovers

    return leftovers.inspect(config)


def _read_certificate(config: Config, certificate: Certificate, ledger: Ledger, guard: Guard) -> CertificateState:
    known = len(guard.failures)
    stored = guard.read(certificate.name, lambda: paths.read(config, certificate), None)
    unread = guard.failures[known] if len(guard.failures) > known else None
    leaf = stored.leaf if stored is not None else None
    return CertificateState(
        stored=stored,
        unread=unread,
        fault=guard.read(certificate.name, stored.find_fault, None) if stored and leaf else None,
        attempts=ledger.get(certificate.name),
        advice=ledger.advice(certificate.name, leaf.sha256) if leaf is not None else None,
        deliveries={target.name: ledger.get(entry_name(certificate, target)) for target in certificate.targets},
    )


def _find_obstacles(config: Config, environ: Optional[Mapping[str, str]]) -> Dict[str, Failure]:
    """The first of each order and deployment."""
    if environ is None:
        return {}
    from . import obstacles

    return {one.entry: one.failure for one in reversed(tuple(obstacles.find(config, environ)))}


def entry_name(certificate: Certificate, target: Target) -> str:
    """The ledger's name for a deployment."""
    return f"{certificate.name}/{target.name}"


def _read_schedule(config: Config, nas: Optional[NasState]) -> Drift:
    if config.schedule is None:
        return "same"
    from ..schedule import entry
    from ..schedule.backends import open_scheduler

    drift: Drift = "same"
    if config.schedule.by != "dsm":
        drift = open_scheduler(config, {}).drift()
    elif nas is not None:
        drift = nas.task
    return "differs" if drift == "same" and not entry.is_placed(config) else drift
