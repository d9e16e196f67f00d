"""What the machine was found to be like, as data; :mod:`acmewrap.state.machine` reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, AbstractSet, Literal, Mapping, Optional, Tuple, get_args

from ..config.model import Authority, Certificate, Config
from ..driver.homes.home import Stored
from ..errors import AcmewrapError, Failure
from ..frozen import field, frozen, replace
from ..pki.x509 import X509
from ..reasons import Drift
from .ledger import Advice, LedgerEntry

if TYPE_CHECKING:
    from ..driver.wrapper_script import Wrapper
    from ..host.webroot import WebrootState
    from ..verify.tls_probe import Observation
    from .file_modes import Excess
    from .installed_files import InstalledState
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


def entry_name(certificate: str, target: str) -> str:
    """The ledger's name for a deployment."""
    return f"{certificate}/{target}"


@frozen
class CertificateState:
    """``unread``: why it could not be read; ``compromised``: others know its key; ``observations``: by target, where looked."""

    stored: Optional[Stored] = None
    fault: Optional[str] = None
    unread: Optional[Failure] = None
    attempts: LedgerEntry = field(default_factory=LedgerEntry)
    advice: Optional[Advice] = None
    compromised: bool = False
    deliveries: Mapping[str, LedgerEntry] = field(default_factory=dict)
    observations: Mapping[str, Observation] = field(default_factory=dict)

    @property
    def leaf(self) -> Optional[X509]:
        return self.stored.leaf if self.stored is not None else None

    def unproven(self, config: Config, certificate: Certificate) -> Tuple[str, ...]:
        """The targets that were not seen with it, or where something failed since."""
        leaf = self.leaf.sha256 if self.leaf is not None else ""
        entries = ((target, self.deliveries[target.name]) for target in certificate.targets)
        return tuple(
            target.name
            for target, entry in entries
            if entry.seen != leaf or entry.error is not None or entry.awaits_reload(config, target.install, leaf)
        )

    def find_fault(self, now: float) -> Optional[str]:
        """Why it is of no use at *now*: its files, or its dates. One that has expired is merely due."""
        if self.fault is not None or self.stored is None or self.leaf is None or self.leaf.validity[1] <= now:
            return self.fault
        return self.stored.date_fault(now)


@frozen
class Revocation:
    """What is to be revoked, as others know its key; ``name``: its certificate in the file, which may not have it any more."""

    name: str
    authority: Authority
    stored: Stored
    attempts: LedgerEntry = field(default_factory=LedgerEntry)

    @property
    def leaf(self) -> X509:
        assert self.stored.leaf is not None
        return self.stored.leaf

    @property
    def entry(self) -> str:
        """The ledger's name for it."""
        return f"{self.name}/{self.leaf.sha256}"


@frozen
class State:
    """The machine as it was found; the default of each part says that nothing is amiss with it. ``unread``: why a part could not
    be read; that part is then such that a step comes to fail of it, where it has one. ``schedule_failure``: why the schedule could
    not be. ``obstacles``: why orders and deployments can only fail, by their entry in the ledger.
    """

    release: Optional[Failure] = None
    wrappers: Tuple[Tuple[Wrapper, Drift], ...] = ()
    bundles: Mapping[Path, Tuple[Authority, Drift]] = field(default_factory=dict)
    webroots: Mapping[Path, WebrootState] = field(default_factory=dict)
    modes: Tuple[Excess, ...] = ()
    installed: Optional[InstalledState] = None
    certificates: Mapping[str, CertificateState] = field(default_factory=dict)
    revocations: Tuple[Revocation, ...] = ()
    nas: Optional[NasState] = None
    schedule: Drift = "same"
    schedule_failure: Optional[Failure] = None
    leftovers: Tuple[Leftover, ...] = ()
    unread: Tuple[Failure, ...] = ()
    obstacles: Mapping[str, Failure] = field(default_factory=dict)

    def without(self, config: Config, barred: Mapping[str, AcmewrapError]) -> State:
        """But for the homes of the authorities *barred*, which are as if nobody had read them."""
        homes = [config.authorities[name].home for name in barred]
        kept = {n: one for n, one in self.certificates.items() if config.certificates[n].authority not in barred}
        left = (one for one in self.leftovers if not (isinstance(one, Stored) and one.files.folder.parent in homes))
        unread = (*self.unread, *(error.failure for error in barred.values()))
        revocations = tuple(one for one in self.revocations if one.authority.name not in barred)
        return replace(self, certificates=kept, leftovers=tuple(left), unread=unread, revocations=revocations)
