"""What the machine is like: read from disk, the crontab and the wire, as far as a plan needs it. Changes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, AbstractSet, Dict, Literal, Mapping, Optional, Tuple, get_args

from .. import paths
from ..config.model import Authority, Certificate, Config, Target
from ..driver import wrapper
from ..driver.home import Stored
from ..driver.release import installation
from ..errors import AcmewrapError, Failure
from ..host import webroot
from ..host.webroot import WebrootState
from ..reasons import Drift
from ..verify.tls_probe import Observation
from .ledger import Advice, Ledger, LedgerEntry

if TYPE_CHECKING:
    from ..driver.wrapper import Wrapper
    from .file_modes import Excess
    from .leftovers import Leftover
    from .nas import NasState

Part = Literal[
    "release", "wrapper", "bundle", "webroot", "modes", "certificates", "wire", "nas", "schedule", "leftovers"
]
ALL_PARTS: AbstractSet[Part] = frozenset(get_args(Part))
# What an unattended run looks at when it begins: files only, no process, no network.
CERTIFICATE_PARTS: AbstractSet[Part] = frozenset(("certificates",))
STATUS_PARTS: AbstractSet[Part] = frozenset(("certificates", "wire"))
# What takes a process, the network, or a login that a NAS counts when it fails.
FAR_PARTS: AbstractSet[Part] = frozenset(("wire", "nas", "schedule"))


@dataclass(frozen=True)
class CertificateState:
    """One certificate of the configuration. ``deliveries`` and ``observations`` are by target; the latter only where looked."""

    stored: Optional[Stored] = None
    fault: Optional[str] = None
    attempts: LedgerEntry = field(default_factory=LedgerEntry)
    advice: Optional[Advice] = None
    deliveries: Mapping[str, LedgerEntry] = field(default_factory=dict)
    observations: Mapping[str, Observation] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """The machine as it was found; the default of each part says that nothing is amiss with it."""

    release: Optional[Failure] = None
    wrappers: Tuple[Tuple[Wrapper, Drift], ...] = ()
    bundles: Mapping[Path, Tuple[Authority, Drift]] = field(default_factory=dict)
    webroots: Mapping[Path, WebrootState] = field(default_factory=dict)
    modes: Tuple[Excess, ...] = ()
    certificates: Mapping[str, CertificateState] = field(default_factory=dict)
    nas: Optional[NasState] = None
    schedule: Drift = "same"
    leftovers: Tuple[Leftover, ...] = ()


def read_state(
    config: Config,
    parts: AbstractSet[Part] = ALL_PARTS,
    only: Tuple[str, ...] = (),
    environ: Optional[Mapping[str, str]] = None,
) -> State:
    """Read *parts* of the machine; *only* names the certificates of interest (none: all). The NAS is looked at only with an
    *environ*, from which secrets are read.
    """
    nas = _read_nas(config, environ) if "nas" in parts and environ is not None else None
    wanted = {name: one for name, one in config.certificates.items() if not only or name in only}
    ledgers = {one.name: Ledger.load(paths.ledger_path(one)) for one in config.authorities.values()}
    return State(
        release=_read_release(config) if "release" in parts else None,
        wrappers=tuple((one, _compare_wrapper(one)) for one in paths.wrappers(config)) if "wrapper" in parts else (),
        bundles=_read_bundles(config) if "bundle" in parts else {},
        webroots={path: webroot.inspect(path) for path in paths.webroots(config)} if "webroot" in parts else {},
        certificates={
            name: _read_certificate(config, one, ledgers[one.authority], parts) for name, one in wanted.items()
        },
        modes=_read_modes(config) if "modes" in parts else (),
        nas=nas,
        schedule=_read_schedule(config, nas) if "schedule" in parts else "same",
        leftovers=_read_leftovers(config) if "leftovers" in parts else (),
    )


def _read_release(config: Config) -> Optional[Failure]:
    try:
        installation.verify(paths.program_folder(config), config.acme_sh.release)
    except AcmewrapError as error:
        return error.failure
    return None


def _compare_wrapper(wanted: Wrapper) -> Drift:
    try:
        text = wrapper.read_own(wanted.path)
    except AcmewrapError:
        return "foreign"
    if text is None:
        return "missing"
    return "same" if text == wanted.render() and os.access(wanted.path, os.X_OK) else "differs"


def _read_bundles(config: Config) -> Dict[Path, Tuple[Authority, Drift]]:
    """Each file once, though several authorities may be trusted through it."""
    found = ((one.ca_bundle, one) for one in config.authorities.values())
    return {path: (one, _compare_bundle(one, path)) for path, one in found if path is not None}


def _compare_bundle(authority: Authority, path: Path) -> Drift:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "missing"
    return "same" if authority.pem is None or text == authority.pem else "differs"


def _read_modes(config: Config) -> Tuple[Excess, ...]:
    from . import file_modes

    return file_modes.inspect(config)


def _read_leftovers(config: Config) -> Tuple[Leftover, ...]:
    from . import leftovers

    return leftovers.inspect(config)


def _read_certificate(
    config: Config, certificate: Certificate, ledger: Ledger, parts: AbstractSet[Part]
) -> CertificateState:
    stored = paths.home_of(config, certificate).read(*paths.name_of(certificate))
    return CertificateState(
        stored=stored,
        fault=stored.find_fault() if stored is not None and stored.leaf is not None else None,
        attempts=ledger.get(certificate.name),
        advice=ledger.advice(certificate.name, stored.leaf.sha256) if stored is not None and stored.leaf else None,
        deliveries={one.name: ledger.get(entry_name(certificate, one)) for one in certificate.targets},
        observations=_look(certificate, stored) if "wire" in parts else {},
    )


def _look(certificate: Certificate, stored: Optional[Stored]) -> Dict[str, Observation]:
    from ..verify import local_files

    leaf = stored.leaf.sha256 if stored is not None and stored.leaf is not None else None
    return {one.name: local_files.look(one, leaf) for one in certificate.targets if local_files.can_look(one)}


def entry_name(certificate: Certificate, target: Target) -> str:
    """The ledger's name for a deployment."""
    return f"{certificate.name}/{target.name}"


def _read_nas(config: Config, environ: Mapping[str, str]) -> Optional[NasState]:
    if config.synology is None:
        return None
    from . import nas

    return nas.look(config, environ)


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
