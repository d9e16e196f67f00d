"""What the verbs of :class:`~acmewrap.driver.acmesh.AcmeSh` return: evidence first, acme.sh's own words last.

Times are aware, paths are those of the home (never of a workspace).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Mapping, Optional, Tuple

from ..errors import Failure
from .home import CertificateFiles
from .output.events import Event

IssueOutcome = Literal["issued", "renewed", "reissued", "unchanged", "not_due", "not_issued", "failed"]
CronOutcome = Literal["renewed", "skipped", "failed"]

CHANGED: Tuple[IssueOutcome, ...] = ("issued", "renewed", "reissued")


@dataclass(frozen=True)
class IssueResult:
    """Of ``--issue`` and ``--renew``. What describes a certificate is None when there is none.

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
    events: Tuple[Event, ...] = ()
    lines: Tuple[str, ...] = ()
    seconds: float = 0.0
    failure: Optional[Failure] = None
    retry_after: Optional[timedelta] = None

    @property
    def ok(self) -> bool:
        return self.failure is None

    @property
    def changed(self) -> bool:
        return self.outcome in CHANGED


@dataclass(frozen=True)
class DeployResult:
    """Of ``--deploy`` and ``--install-cert``. ``accepted`` is the hook's word, which proves nothing about the target."""

    outcome: Literal["accepted", "failed"]
    domain: str
    hook: str
    events: Tuple[Event, ...] = ()
    lines: Tuple[str, ...] = ()
    seconds: float = 0.0
    failure: Optional[Failure] = None

    @property
    def ok(self) -> bool:
        return self.failure is None


@dataclass(frozen=True)
class CronEntry:
    """What ``--cron`` did to one certificate. ``next_renewal`` and ``sha256`` are those of what lies there now."""

    domain: str
    ecc: bool
    outcome: CronOutcome
    next_renewal: Optional[datetime] = None
    sha256: Optional[str] = None
    failure: Optional[Failure] = None


@dataclass(frozen=True)
class CronResult:
    """Of ``--cron``: an entry for each certificate in the home."""

    entries: Tuple[CronEntry, ...]
    events: Tuple[Event, ...] = ()
    lines: Tuple[str, ...] = ()
    seconds: float = 0.0
    failure: Optional[Failure] = None

    @property
    def ok(self) -> bool:
        return self.failure is None and all(entry.failure is None for entry in self.entries)


@dataclass(frozen=True)
class ListEntry:
    """A line of ``--list --listraw``, columns by their heading; dates are acme.sh's texts."""

    domain: str
    key_type: str
    alternatives: Tuple[str, ...]
    authority: str
    created: str
    renew: str

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> ListEntry:
        """From a row by its headings; their number differs by version (a profile came with 3.1.2)."""
        alternatives = row.get("SAN_Domains", "")
        return cls(
            domain=row.get("Main_Domain", ""),
            key_type=row.get("KeyLength", "").strip('"'),
            alternatives=tuple(name for name in alternatives.split(",") if name not in ("", "no")),
            authority=row.get("CA", ""),
            created=row.get("Created", ""),
            renew=row.get("Renew", ""),
        )


@dataclass(frozen=True)
class RevokeResult:
    """Of ``--revoke`` and ``--remove``."""

    outcome: Literal["done", "failed"]
    domain: str
    events: Tuple[Event, ...] = ()
    lines: Tuple[str, ...] = ()
    seconds: float = 0.0
    failure: Optional[Failure] = None

    @property
    def ok(self) -> bool:
        return self.failure is None
