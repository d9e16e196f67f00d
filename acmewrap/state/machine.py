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
from ..pki.x509 import X509
from ..reading import read_text
from ..reasons import Drift
from ..verify.tls_probe import Observation
from .ledger import Advice, Entry, Ledger

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
    attempts: Entry = field(default_factory=Entry)
    advice: Optional[Advice] = None
    deliveries: Mapping[str, Entry] = field(default_factory=dict)
    observations: Mapping[str, Observation] = field(default_factory=dict)

    @property
    def leaf(self) -> Optional[X509]:
        return self.stored.leaf if self.stored is not None else None


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
    nas: Optional[NasState] = None
    modes: Tuple[Excess, ...] = ()
    left: Tuple[Leftover, ...] = ()
    if "nas" in parts and environ is not None and config.synology is not None:
        from .nas import look

        nas = look(config, environ)
    if "modes" in parts:
        from . import file_modes

        modes = file_modes.inspect(config)
    if "leftovers" in parts:
        from . import leftovers

        left = leftovers.inspect(config)
    wanted = {name: certificate for name, certificate in config.certificates.items() if not only or name in only}
    # Each file once, though several authorities may be trusted through it.
    bundles = {
        authority.ca_bundle: authority for authority in config.authorities.values() if authority.ca_bundle is not None
    }
    ledgers = {authority.name: Ledger.load(paths.ledger_path(authority)) for authority in config.authorities.values()}
    return State(
        release=_read_release(config) if "release" in parts else None,
        wrappers=tuple((one, _compare_wrapper(one)) for one in paths.wrappers(config)) if "wrapper" in parts else (),
        bundles={path: (one, _compare_bundle(one, path)) for path, one in bundles.items()} if "bundle" in parts else {},
        webroots={path: webroot.inspect(path) for path in paths.webroots(config)} if "webroot" in parts else {},
        certificates={
            name: _read_certificate(config, one, ledgers[one.authority], parts) for name, one in wanted.items()
        },
        modes=modes,
        nas=nas,
        schedule=_read_schedule(config, nas) if "schedule" in parts else "same",
        leftovers=left,
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


def _compare_bundle(authority: Authority, path: Path) -> Drift:
    try:
        text = read_text(path, "replace")
    except OSError:
        return "missing"
    return "same" if authority.pem is None or text == authority.pem else "differs"


def _read_certificate(
    config: Config, certificate: Certificate, ledger: Ledger, parts: AbstractSet[Part]
) -> CertificateState:
    stored = paths.read(config, certificate)
    leaf = stored.leaf if stored is not None else None
    return CertificateState(
        stored=stored,
        fault=stored.find_fault() if stored is not None and leaf is not None else None,
        attempts=ledger.get(certificate.name),
        advice=ledger.advice(certificate.name, leaf.sha256) if leaf is not None else None,
        deliveries={target.name: ledger.get(entry_name(certificate, target)) for target in certificate.targets},
        observations=_look(certificate, leaf) if "wire" in parts else {},
    )


def _look(certificate: Certificate, leaf: Optional[X509]) -> Dict[str, Observation]:
    from ..verify import local_files

    known = leaf.sha256 if leaf is not None else None
    return {
        target.name: local_files.look(target, known) for target in certificate.targets if local_files.can_look(target)
    }


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
