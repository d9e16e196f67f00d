"""How something compares with what the file asks for, and why a step is done: kinds and values, to decide by and to print.

The sentences about them are made in :mod:`acmewrap.report.wording`, and nowhere else. Times are seconds since 1970 UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NewType, Optional, Tuple

from .errors import Failure

Drift = Literal["same", "differs", "missing", "foreign"]
"""``foreign``: somebody else has made it."""

Moment = NewType("Moment", int)
Mode = NewType("Mode", int)


@dataclass(frozen=True)
class Reason:
    """Why a step is done."""

    @property
    def kind(self) -> str:
        """The name of the type as documents have it: ``not_yet_issued``. Stable."""
        return re.sub("(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


# --- the machine ---


class Missing(Reason):
    """It does not exist."""


class Differs(Reason):
    """It is not what the file asks for."""


class Foreign(Reason):
    """It was not written by acmewrap."""


def drifted(drift: Drift) -> Optional[Reason]:
    """The reason in a *drift*; None when there is none."""
    return {"same": None, "missing": Missing(), "differs": Differs(), "foreign": Foreign()}[drift]


@dataclass(frozen=True)
class NotAsPinned(Reason):
    """What the check of the installed acme.sh said."""

    failure: Failure


class NoChallengeFolder(Reason):
    """The webroot has no folder for tokens."""


class NotWritable(Reason):
    """Tokens cannot be laid into the webroot by this user."""


@dataclass(frozen=True)
class TooOpen(Reason):
    """More people than should can reach a file."""

    mode: Mode
    wanted: Mode


@dataclass(frozen=True)
class Deviation:
    """What is not as it should be about an account: ``open_shares`` and so on, with the ``names`` of what it concerns."""

    kind: str
    names: Tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} ({', '.join(self.names)})" if self.names else self.kind


@dataclass(frozen=True)
class AccountDiffers(Reason):
    """The account on the NAS has rights that it should not have, or lacks some."""

    deviations: Tuple[Deviation, ...]


@dataclass(frozen=True)
class NotObserved(Reason):
    """Nobody could look; a step is done so that it fails of the same."""

    failure: Failure


@dataclass(frozen=True)
class AccountNotManaged(Reason):
    """Nothing here may change the account; no reason for a step, but for a note."""

    account: str


class NotConfigured(Reason):
    """A former version of the file asked for it."""


# --- a certificate ---


class NotYetIssued(Reason):
    """There is no certificate."""


@dataclass(frozen=True)
class SetBroken(Reason):
    """Key, certificate and chain do not match."""

    fault: str


@dataclass(frozen=True)
class _Other(Reason):
    have: Tuple[str, ...]
    want: Tuple[str, ...]


class NamesDiffer(_Other):
    """It is for other names."""


class KeyTypeDiffers(_Other):
    """Its key is of another type."""


class ServerDiffers(_Other):
    """It came from another authority."""


class WebrootDiffers(_Other):
    """acme.sh alone has issued it, with another webroot."""


class RequestDiffers(Reason):
    """Challenge or options are not those it was issued with."""


@dataclass(frozen=True)
class Due(Reason):
    """It is to be renewed; ``by`` the rule of the configuration, or as the authority advises (RFC 9773)."""

    since: Moment
    left_seconds: int
    by: Literal["configuration", "authority"]


@dataclass(frozen=True)
class Expired(Reason):
    """It is not valid any more."""

    since: Moment


class Forced(Reason):
    """Nothing but that it was asked for."""


class AdviceOutdated(Reason):
    """It is time to ask the authority again."""


# --- a target ---


class NewCertificate(Reason):
    """A step before this one obtains it."""


class NotProven(Reason):
    """No certificate was ever seen there."""


class Superseded(Reason):
    """What was last seen there is an older certificate."""


@dataclass(frozen=True)
class NotServed(Reason):
    """What was seen instead: another leaf (SHA-256), or the error that kept from seeing one."""

    served: Optional[str] = None
    error: Optional[str] = None


class NotRecorded(Reason):
    """It is served, and the ledger does not know yet."""


@dataclass(frozen=True)
class NotAssigned(Reason):
    """DSM does not use it for these; ``default`` among them: it is not DSM's default certificate."""

    services: Tuple[str, ...]


@dataclass(frozen=True)
class NotImported(Reason):
    """DSM lists no certificate with this description."""

    description: str


class NoAccount(Reason):
    """DSM has no account yet to look with."""
