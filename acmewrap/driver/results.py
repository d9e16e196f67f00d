"""What the verbs of :class:`.acmesh.AcmeSh` return: evidence first, acme.sh's own words last. Times are aware, paths the home's."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Optional, Tuple, Type

from ..errors import CommandError, DeployError, Failure, IssueError
from ..frozen import field, frozen
from .homes.home import CertificateFiles
from .output.events import Event

if TYPE_CHECKING:
    from typing_extensions import Self

IssueOutcome = Literal["issued", "renewed", "reissued", "unchanged", "not_due", "not_issued", "failed"]
CronOutcome = Literal["renewed", "skipped", "failed"]

CHANGED: Tuple[IssueOutcome, ...] = ("issued", "renewed", "reissued")


@frozen
class Result:
    """Of any verb. ``failure`` says why it did not do what it should, ``lines`` are what acme.sh printed, without secrets;
    ``events`` are those lines understood, ``seconds`` is how long it took.
    """

    events: Tuple[Event, ...] = field(default=(), kw_only=True)
    lines: Tuple[str, ...] = field(default=(), kw_only=True)
    seconds: float = field(default=0.0, kw_only=True)
    failure: Optional[Failure] = field(default=None, kw_only=True)

    _error: ClassVar[Type[CommandError]] = CommandError

    @property
    def ok(self) -> bool:
        return self._first_failure() is None

    def raise_for_failure(self) -> Self:
        """Itself when it is ``ok``. Raises :class:`IssueError` (order, account), :class:`DeployError` or :class:`CommandError`."""
        failure = self._first_failure()
        if failure is not None:
            raise self._error(failure)
        return self

    def _first_failure(self) -> Optional[Failure]:
        return self.failure


@frozen
class IssueResult(Result):
    """Of ``--issue``, ``--renew`` and ``--sign-csr``. What describes a certificate is None when there is none.

    ``failure`` may also accompany a good outcome: the certificate came, and a hook after it failed. ``retry_after``: how
    long the authority asked to wait, when it refused for the time being.
    """

    outcome: IssueOutcome
    domains: Tuple[str, ...]
    files: CertificateFiles
    order_url: Optional[str] = None
    certificate_url: Optional[str] = None
    not_before: Optional[datetime] = None
    not_after: Optional[datetime] = None
    serial: Optional[str] = None
    sha256: Optional[str] = None
    issuer: Optional[str] = None
    key_type: Optional[str] = None
    next_renewal: Optional[datetime] = None
    retry_after: Optional[timedelta] = None

    _error = IssueError

    @property
    def changed(self) -> bool:
        return self.outcome in CHANGED


@frozen
class DeployResult(Result):
    """Of ``--deploy`` and ``--install-cert``. ``accepted`` is the hook's word, which proves nothing about the target."""

    outcome: Literal["accepted", "failed"]
    domain: str
    hook: str

    _error = DeployError


@frozen
class CronEntry:
    """What ``--cron`` did to one certificate. ``next_renewal`` and ``sha256`` are those of what lies there now."""

    domain: str
    ecc: bool
    outcome: CronOutcome
    next_renewal: Optional[datetime] = None
    sha256: Optional[str] = None
    failure: Optional[Failure] = None


@frozen
class CronResult(Result):
    """Of ``--cron``: an entry for each certificate in the home. It is ``ok`` when all of them are."""

    entries: Tuple[CronEntry, ...]

    _error = IssueError

    def _first_failure(self) -> Optional[Failure]:
        return next(filter(None, (self.failure, *(entry.failure for entry in self.entries))), None)


@frozen
class AccountResult(Result):
    """Of ``--register-account``, ``--update-account`` and ``--deactivate-account``: the account as the home has it afterwards.

    ``url`` and ``contacts`` (RFC 8555 section 7.1.2) are the authority's words; None and empty when there is no account.
    """

    outcome: Literal["registered", "updated", "deactivated", "unchanged", "failed"]
    url: Optional[str] = None
    contacts: Tuple[str, ...] = ()

    _error = IssueError


@frozen
class AuthorizationResult(Result):
    """Of ``--deactivate``: the types of the challenges (``http-01``) that the authority gave up; ``unchanged``: none was valid."""

    outcome: Literal["deactivated", "unchanged", "failed"]
    domain: str
    challenges: Tuple[str, ...] = ()

    _error = IssueError


@frozen
class RevokeResult(Result):
    """Of ``--revoke`` and ``--remove``."""

    outcome: Literal["done", "failed"]
    domain: str


@frozen
class ExportResult(Result):
    """Of ``--to-pkcs12`` and ``--to-pkcs8``: ``path``, read again, holds the key of the leaf ``sha256``; PKCS #12, the leaf too."""

    outcome: Literal["exported", "failed"]
    domain: str
    path: Path
    sha256: Optional[str] = None
