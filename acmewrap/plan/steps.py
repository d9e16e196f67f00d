"""What can be done, one type for each kind of step, with all that is needed to perform it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Optional, Tuple, Union

from ..config.model import Account, AcmeShSettings, Authority, Certificate, Config, Schedule, Target
from ..driver.home import Stored
from ..driver.wrapper import Wrapper
from ..reasons import Reason, TooOpen
from ..schedule.crontab import Entry

Kind = Literal[
    "install",
    "bundle",
    "webroot",
    "render",
    "mode",
    "account",
    "renewal_info",
    "issue",
    "reissue",
    "renew",
    "deploy",
    "schedule",
    "remove",
]
MACHINE_KINDS: Tuple[Kind, ...] = ("install", "bundle", "webroot", "render", "mode", "account")
OBTAINING_KINDS: Tuple[Kind, ...] = ("issue", "reissue", "renew")
CERTIFICATE_KINDS: Tuple[Kind, ...] = ("renewal_info", *OBTAINING_KINDS, "deploy")
LAST_KINDS: Tuple[Kind, ...] = ("schedule", "remove")


@dataclass(frozen=True)
class _Step:
    """``kind`` is stable; ``certificate`` and ``target`` are names. What concerns one file or folder has its ``path``."""

    kind: ClassVar[Kind]
    reason: Reason

    @property
    def certificate(self) -> Optional[str]:
        return None

    @property
    def target(self) -> Optional[str]:
        return None


# --- the machine ---


@dataclass(frozen=True)
class InstallRelease(_Step):
    """``force``: files that somebody changed may be replaced."""

    kind = "install"
    settings: AcmeShSettings
    path: Path
    force: bool = False


@dataclass(frozen=True)
class WriteBundle(_Step):
    """What *authority* is trusted through, as far as the file holds it (``pem``)."""

    kind = "bundle"
    authority: Authority

    @property
    def path(self) -> Optional[Path]:
        return self.authority.ca_bundle


@dataclass(frozen=True)
class PrepareWebroot(_Step):
    kind = "webroot"
    path: Path


@dataclass(frozen=True)
class RenderWrapper(_Step):
    kind = "render"
    wrapper: Wrapper

    @property
    def path(self) -> Path:
        return self.wrapper.path


@dataclass(frozen=True)
class ChangeMode(_Step):
    kind = "mode"
    reason: TooOpen
    path: Path


@dataclass(frozen=True)
class EnsureAccount(_Step):
    """The service account of the NAS in *config*."""

    kind = "account"
    config: Config
    account: Account


@dataclass(frozen=True)
class SetSchedule(_Step):
    """The entry for *config* in its scheduler."""

    kind = "schedule"
    config: Config
    schedule: Schedule


@dataclass(frozen=True)
class RemoveCertificate(_Step):
    """What lies in a home and *config* does not name."""

    kind = "remove"
    stored: Stored
    config: Config

    @property
    def path(self) -> Path:
        return self.stored.files.folder


@dataclass(frozen=True)
class RemoveScheduleEntry(_Step):
    """An entry of the crontab; its scheduler is another one now, or none."""

    kind = "remove"
    entry: Entry


# --- certificates ---


@dataclass(frozen=True)
class _CertificateStep(_Step):
    request: Certificate
    authority: Authority

    @property
    def certificate(self) -> str:
        return self.request.name

    @property
    def entry(self) -> str:
        """The ledger's name for it."""
        return self.request.name


class CheckRenewalInfo(_CertificateStep):
    """Ask the authority again when to renew (RFC 9773)."""

    kind = "renewal_info"


class IssueCertificate(_CertificateStep):
    kind = "issue"


class ReissueCertificate(_CertificateStep):
    """Issue it anew, because another one is asked for or what is there is broken."""

    kind = "reissue"


class RenewCertificate(_CertificateStep):
    kind = "renew"


@dataclass(frozen=True)
class DeployCertificate(_CertificateStep):
    """Bring it to *destination* and see it there. ``force``: also when it is served already."""

    kind = "deploy"
    destination: Target
    force: bool = False

    @property
    def target(self) -> str:
        return self.destination.name

    @property
    def entry(self) -> str:
        return f"{self.request.name}/{self.destination.name}"


OBTAINING = (IssueCertificate, ReissueCertificate, RenewCertificate)
ObtainCertificate = Union[IssueCertificate, ReissueCertificate, RenewCertificate]
CertificateStep = Union[CheckRenewalInfo, ObtainCertificate, DeployCertificate]
MachineStep = Union[
    InstallRelease,
    WriteBundle,
    PrepareWebroot,
    RenderWrapper,
    ChangeMode,
    EnsureAccount,
    SetSchedule,
    RemoveCertificate,
    RemoveScheduleEntry,
]
Step = Union[MachineStep, CertificateStep]
