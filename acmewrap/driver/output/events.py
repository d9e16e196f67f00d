"""What acme.sh tells while it works, one frozen value per kind of line. :mod:`.transcript` makes them from text.

A domain is written as acme.sh prints it, a folder is the last part of a certificate's folder (``nas.example.com_ecc``), a path
is absolute, a URL is the authority's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

_ACME_ERRORS = "urn:ietf:params:acme:error:"  # RFC 8555 section 6.7


@dataclass(frozen=True)
class Event:
    """Something that acme.sh said."""


# --- what any run tells ---


@dataclass(frozen=True)
class Unrecognised(Event):
    """A line, or lines that belong together, without a meaning of its own here."""

    text: str


@dataclass(frozen=True)
class CurlFailed(Event):
    """``code`` is curl's own exit code, see libcurl-errors(3)."""

    code: int


@dataclass(frozen=True)
class Problem(Event):
    """A problem document of the authority (RFC 7807, RFC 8555 section 6.7). ``type`` is empty where acme.sh cut it off."""

    type: str
    detail: str
    status: Optional[int] = None

    @property
    def name(self) -> str:
        """The last part of an ACME type (``rateLimited``); any other type as it is."""
        return self.type[len(_ACME_ERRORS) :] if self.type.startswith(_ACME_ERRORS) else self.type


# --- the authority and the account ---


@dataclass(frozen=True)
class UsingAuthority(Event):
    url: str


@dataclass(frozen=True)
class AuthorityUnavailable(Event):
    """The directory could not be read; said after each of ten tries and once at the end."""

    url: str


@dataclass(frozen=True)
class AccountRegistered(Event):
    thumbprint: Optional[str] = None


# --- challenges and the order ---


@dataclass(frozen=True)
class Verifying(Event):
    domain: str


@dataclass(frozen=True)
class Verified(Event):
    domain: str


@dataclass(frozen=True)
class ChallengeInvalid(Event):
    """``detail`` is what acme.sh lets through: it cuts the authority's sentence at the first quotation mark."""

    domain: str
    detail: str


@dataclass(frozen=True)
class ChallengeTimedOut(Event):
    domain: str


@dataclass(frozen=True)
class TokenNotWritable(Event):
    """``domain`` is empty where acme.sh does not name it."""

    domain: str
    path: str


@dataclass(frozen=True)
class OrderPending(Event):
    """The authority works on it. ``attempt`` of ``limit`` where acme.sh counts."""

    attempt: Optional[int] = None
    limit: Optional[int] = None


@dataclass(frozen=True)
class OrderFinalized(Event):
    url: str


@dataclass(frozen=True)
class CertificateLinked(Event):
    url: str


@dataclass(frozen=True)
class CertificateDownloaded(Event):
    pass


# --- files ---


@dataclass(frozen=True)
class CertificateStored(Event):
    path: str


@dataclass(frozen=True)
class KeyStored(Event):
    path: str


@dataclass(frozen=True)
class ChainStored(Event):
    path: str


@dataclass(frozen=True)
class FullChainStored(Event):
    """Told even when the authority sent no chain and the file is an old one; believe the file, not the line."""

    path: str


# --- renewals ---


@dataclass(frozen=True)
class DomainsUnchanged(Event):
    pass


@dataclass(frozen=True)
class Skipped(Event):
    """Not due. ``next_renewal`` is the date as printed: RFC 3339 since 3.0.6, ``date``'s own format before."""

    next_renewal: str


@dataclass(frozen=True)
class CronStarted(Event):
    pass


@dataclass(frozen=True)
class CronEnded(Event):
    pass


@dataclass(frozen=True)
class RenewalStarted(Event):
    domain: str


@dataclass(frozen=True)
class RenewalSkipped(Event):
    folder: str


@dataclass(frozen=True)
class RenewalFailed(Event):
    folder: str


@dataclass(frozen=True)
class NotIssued(Event):
    domain: str


@dataclass(frozen=True)
class InvalidCertificate(Event):
    """``--cron`` found a folder whose first issue never succeeded; it skips it for ever, with exit code 0."""

    domain: str


# --- afterwards ---


@dataclass(frozen=True)
class DeploySucceeded(Event):
    """The hook ended with 0, which proves nothing about the target."""


@dataclass(frozen=True)
class DeployFailed(Event):
    domain: str


@dataclass(frozen=True)
class HookNotFound(Event):
    hook: str


@dataclass(frozen=True)
class ReloadFailed(Event):
    """``domain`` is empty after ``--install-cert`` of releases before 3.0.8."""

    domain: str


@dataclass(frozen=True)
class Revoked(Event):
    pass


@dataclass(frozen=True)
class Removed(Event):
    domain: str
