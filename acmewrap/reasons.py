"""Why a step is done, as kinds and values to decide by and to print; the sentences are made in :mod:`acmewrap.report.wording`."""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum
from typing import Literal, NewType, Optional, Tuple, Union

from .errors import Failure
from .frozen import frozen

Drift = Literal["same", "differs", "missing", "foreign"]
"""``foreign``: somebody else has made it."""

Mode = NewType("Mode", int)


class Plain(Enum):
    """Reasons that need no values."""

    # Of something on the machine.
    MISSING = "missing"
    DIFFERS = "differs"
    FOREIGN = "foreign"
    NO_CHALLENGE_FOLDER = "no_challenge_folder"
    NOT_WRITABLE = "not_writable"
    NOT_CONFIGURED = "not_configured"  # a former version of the file asked for it
    FILE_GONE = "file_gone"  # an entry of a scheduler for a configuration that is not there any more
    RUNS_ACME_SH = "runs_acme_sh"  # somebody else's entry of a scheduler works on the same certificates
    # Of a certificate.
    NOT_YET_ISSUED = "not_yet_issued"
    REQUEST_DIFFERS = "request_differs"  # challenge or options are not those it was issued with
    FORCED = "forced"
    COMPROMISED = "compromised"  # others know its private key
    ADVICE_OUTDATED = "advice_outdated"  # time to ask the authority again when to renew
    # Of a target.
    NEW_CERTIFICATE = "new_certificate"
    NOT_PROVEN = "not_proven"  # none was ever seen there
    SUPERSEDED = "superseded"  # what was last seen there is an older one
    NOT_RECORDED = "not_recorded"  # it is served, and the ledger does not know yet
    NOT_RELOADED = "not_reloaded"  # the files are there, and their commands have not succeeded
    NO_ACCOUNT = "no_account"  # with which to look at the NAS

    @property
    def kind(self) -> str:
        return str(self.value)


@frozen
class Detailed:
    """A reason with values."""

    @property
    def kind(self) -> str:
        """The name of the type as documents have it: ``names_differ``. Stable."""
        return re.sub("(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


@frozen
class OfFailure(Detailed):
    """One that a failure says."""

    failure: Failure


class NotAsPinned(OfFailure):
    """What the check of the installed acme.sh said."""


@frozen
class TooOpen(Detailed):
    """More people than should can reach a file."""

    mode: Mode
    wanted: Mode


@frozen
class AccessDiffers(Detailed):
    """Owner, group and mode of a file, as in ``root:ssl-cert 0640``."""

    have: str
    want: str


DeviationKind = Literal[
    "missing", "not_administrator", "locked_out", "homes_denied", "open_shares", "open_applications", "disabled",
    "may_change_password", "no_password", "wrong_password",
]  # fmt: skip


@frozen
class Deviation:
    """What is not as it should be about an account: ``open_shares`` and so on, with the ``names`` of what it concerns."""

    kind: DeviationKind
    names: Tuple[str, ...] = ()

    def __str__(self) -> str:
        words = self.kind.replace("_", " ")
        return f"{words} ({', '.join(self.names)})" if self.names else words


@frozen
class AccountDiffers(Detailed):
    """The account on the NAS has rights that it should not have, or lacks some."""

    deviations: Tuple[Deviation, ...]


@frozen
class AccountNotManaged(Detailed):
    """Nothing here may change the account; no reason for a step, but for a note."""

    account: str


class NotOurs(OfFailure):
    """Something to be changed belongs to another user; no reason for a step, but for a note."""


class NotObserved(OfFailure):
    """Nobody could look; a step is done so that it fails of the same."""


class Blocked(OfFailure):
    """It can only fail, and why."""


@frozen
class SetBroken(Detailed):
    """Key, certificate and chain do not match."""

    fault: str


@frozen
class Changed(Detailed):
    """The certificate was issued with another value of the configuration than there is now."""

    what: Literal["names", "key type", "authority", "webroot"]
    have: Tuple[str, ...]
    want: Tuple[str, ...]


@frozen
class Due(Detailed):
    """It is to be renewed; ``by`` the rule of the configuration, or as the authority advises (RFC 9773)."""

    since: datetime
    left_seconds: int
    by: Literal["configuration", "authority"]


@frozen
class Expired(Detailed):
    """It is not valid any more."""

    since: datetime


@frozen
class NotServed(Detailed):
    """What was seen at the target instead: another leaf (SHA-256), or the error that kept from seeing one."""

    served: Optional[str] = None
    error: Optional[str] = None


@frozen
class Reverted(Detailed):
    """The target shows another leaf (SHA-256), as it did each of the ``times`` before, after which this one was deployed again."""

    served: Optional[str]
    times: int


@frozen
class NotAssigned(Detailed):
    """DSM does not use it for these; ``default`` among them: it is not DSM's default certificate."""

    services: Tuple[str, ...]


@frozen
class NotImported(Detailed):
    """DSM lists no certificate with this description."""

    description: str


Reason = Union[
    Plain,
    NotAsPinned,
    TooOpen,
    AccessDiffers,
    AccountDiffers,
    AccountNotManaged,
    NotOurs,
    NotObserved,
    Blocked,
    SetBroken,
    Changed,
    Due,
    Expired,
    NotServed,
    Reverted,
    NotAssigned,
    NotImported,
]


def drifted(drift: Drift) -> Optional[Plain]:
    """The reason in a *drift*; None when there is none."""
    return None if drift == "same" else Plain(drift)
