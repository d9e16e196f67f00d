"""What acme.sh tells while it works, one frozen value per kind of line. :mod:`.transcript` makes them from text.

A domain is written as acme.sh prints it, a folder is the last part of a certificate's folder (``nas.example.com_ecc``), a path
is absolute, a URL is the authority's own.
"""

from __future__ import annotations

from typing import Optional

from ...frozen import frozen

_ACME_ERRORS = "urn:ietf:params:acme:error:"  # RFC 8555 section 6.7


@frozen
class Event:
    """Something that acme.sh said."""


@frozen
class OfDomain(Event):
    domain: str


@frozen
class OfPath(Event):
    path: str


@frozen
class OfUrl(Event):
    url: str


@frozen
class OfFolder(Event):
    folder: str


# --- what any run tells ---


@frozen
class Unrecognised(Event):
    """A line, or lines that belong together, without a meaning of its own here."""

    text: str


@frozen
class CurlFailed(Event):
    """``code`` is curl's own exit code, see libcurl-errors(3)."""

    code: int


@frozen
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


class UsingAuthority(OfUrl): ...


class AuthorityUnavailable(OfUrl):
    """The directory could not be read; said after each of ten tries and once at the end."""


@frozen
class AccountRegistered(Event):
    thumbprint: Optional[str] = None


# --- challenges and the order ---


@frozen
class WaitingForDns(Event):
    """For TXT records to be seen. ``seconds``: so long, and nobody is asked; None: until public resolvers show them."""

    seconds: Optional[int] = None


class Verifying(OfDomain): ...


class Verified(OfDomain): ...


@frozen
class ChallengeInvalid(OfDomain):
    """``detail`` is what acme.sh lets through: it cuts the authority's sentence at the first quotation mark."""

    detail: str


class ChallengeTimedOut(OfDomain): ...


@frozen
class TokenNotWritable(OfDomain):
    """``domain`` is empty where acme.sh does not name it."""

    path: str


@frozen
class OrderPending(Event):
    """The authority works on it. ``attempt`` of ``limit`` where acme.sh counts."""

    attempt: Optional[int] = None
    limit: Optional[int] = None


class OrderFinalized(OfUrl): ...


class CertificateLinked(OfUrl): ...


class CertificateDownloaded(Event): ...


# --- files ---


class CertificateStored(OfPath): ...


class KeyStored(OfPath): ...


class ChainStored(OfPath): ...


class FullChainStored(OfPath):
    """Reported even when the authority sent no chain and the file is an old one; believe the file, not the line."""


# --- renewals ---


class DomainsUnchanged(Event): ...


@frozen
class Skipped(Event):
    """Not due. ``next_renewal`` is the date as printed: RFC 3339 since 3.0.6, ``date``'s own format before."""

    next_renewal: str


class CronStarted(Event): ...


class CronEnded(Event): ...


class RenewalStarted(OfDomain): ...


class RenewalSkipped(OfFolder): ...


class RenewalFailed(OfFolder): ...


class NotIssued(OfDomain): ...


class InvalidCertificate(OfDomain):
    """``--cron`` found a folder whose first issue never succeeded; it skips it for ever, with exit code 0."""


# --- afterwards ---


class DeploySucceeded(Event):
    """The hook ended with 0, which proves nothing about the target."""


class DeployFailed(OfDomain): ...


@frozen
class HookNotFound(Event):
    hook: str


class ReloadFailed(OfDomain):
    """``domain`` is empty after ``--install-cert`` of releases before 3.0.8."""


class Revoked(Event): ...


class Removed(OfDomain): ...
