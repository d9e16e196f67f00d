"""One look at an ACME directory (RFC 8555 section 7.1.1) before acme.sh is started against it.

acme.sh tries ten times in 103 seconds, whatever the reason is, and hides it among curl's numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Mapping, Optional, Tuple, Union

from ..config.arguments import is_safe_url
from ..errors import IssueError, UnreachableError
from ..failures import failure
from ..formats import jsontext
from ..frozen import frozen
from ..net.http import Http, HttpError, Reason, Reply
from ..net.tls import Trust
from ..secrets import Secret

Through = Union[Secret, Mapping[str, str], None]
"""The URL of a proxy, or the environment that may name one."""

_TIMEOUT = 2.0
_PATIENCE = 5
_LIMIT = 1024 * 1024
_RESOURCES = ("newNonce", "newAccount", "newOrder", "newAuthz", "revokeCert", "keyChange")
_MOST_PROFILES = 10  # in a message
_REDIRECTS = 5  # acme.sh's curl follows them, too
IDS: Mapping[Reason, str] = {
    Reason.NAME: "ca.name_unresolved",
    Reason.UNREACHABLE: "ca.unreachable",
    Reason.PROXY: "ca.proxy",
    Reason.TIMEOUT: "ca.timeout",
    Reason.UNTRUSTED: "ca.tls_untrusted",
    Reason.MALFORMED: "ca.not_acme",
    Reason.TOO_LARGE: "ca.not_acme",
}


@frozen
class Directory:
    """What a directory offers. ``renewal_info`` is the base URL of RFC 9773, None where it is not offered; ``profiles`` are the
    names in its ``meta.profiles`` (draft-ietf-acme-profiles); ``date`` is what the server's clock said (seconds since 1970 UTC).
    """

    url: str
    renewal_info: Optional[str] = None
    date: Optional[float] = None
    profiles: Tuple[str, ...] = ()

    def refuse_profile(self, profile: Optional[str]) -> None:
        """Raises :class:`IssueError` (``acme.profile``) when *profile* is none of those that the directory lists."""
        if profile is not None and profile not in self.profiles:
            offered = ", ".join(self.profiles[:_MOST_PROFILES]) or "none"
            raise IssueError(failure("acme.profile", f"{self.url} has no profile {profile}; it offers: {offered}"))


def fetch(url: str, ca_bundle: Optional[Path], proxy: Through = None, timeout: float = _TIMEOUT) -> Directory:
    """The directory at *url*, trusted through *ca_bundle* (None: the system's store), by way of *proxy*. *timeout*:
    seconds for connecting and for shaking hands each; all of it takes five times as long at most.

    Raises :class:`UnreachableError` with one of the ids ``ca.tls_untrusted``, ``ca.name_unresolved``, ``ca.unreachable``,
    ``ca.proxy``, ``ca.timeout``, ``ca.server_error``, ``ca.not_acme`` and ``ca.unsafe_response``.
    """
    reply = read(url, ca_bundle, proxy, timeout)
    try:
        document = jsontext.parse(reply.body)
        renewal_info, meta, new_order = document.get("renewalInfo"), document.get("meta"), document["newOrder"]
    except (ValueError, AttributeError, KeyError, TypeError):
        new_order = None
    if not isinstance(new_order, str):
        raise _unreachable("ca.not_acme", url, ca_bundle, "its answer is no ACME directory")
    for name in _RESOURCES:
        value = document.get(name, "")
        if not isinstance(value, str) or (value and not is_safe_url(value)):
            raise _unreachable("ca.unsafe_response", url, ca_bundle, f"{name} in its directory is not a URL")
    meta = meta if isinstance(meta, dict) else {}
    profiles = meta.get("profiles")
    if not isinstance(renewal_info, str) or not (renewal_info.startswith("https://") and is_safe_url(renewal_info)):
        renewal_info = None
    listed = tuple(profiles) if isinstance(profiles, dict) else ()
    return Directory(url, renewal_info, reply.date, listed)


def read(url: str, ca_bundle: Optional[Path], proxy: Through = None, timeout: float = _TIMEOUT) -> Reply:
    """What an authority has at *url*. Raises what :func:`fetch` raises."""
    trust = Trust(None if ca_bundle is None else str(ca_bundle))
    try:
        reply = _client(timeout, trust, proxy).fetch(url)
    except HttpError as error:
        is_other = error.reason in (Reason.MALFORMED, Reason.TOO_LARGE)
        text = "its answer is no ACME directory" if is_other else str(error)
        raise _unreachable(IDS[error.reason], url, ca_bundle, text, error.verify_code) from error
    if not 200 <= reply.status < 300:
        id = "ca.server_error" if reply.status >= 500 else "ca.not_acme"
        raise _unreachable(id, url, ca_bundle, f"it answered with HTTP status {reply.status}")
    return reply


def read_clock(url: str, proxy: Through = None, timeout: float = _TIMEOUT) -> Optional[float]:
    """What the server's clock says when its certificate cannot be judged because ours may be wrong. Nothing else is believed."""
    try:
        return _client(timeout, Trust(anybody=True), proxy).fetch(url, method="HEAD").date
    except HttpError:
        return None


def _client(wait: float, trust: Trust, proxy: Through) -> Http:
    through = proxy.reveal() if isinstance(proxy, Secret) else proxy
    return Http(_PATIENCE * wait, _LIMIT, wait, trust, _REDIRECTS, through)


def _unreachable(
    id: str, url: str, ca_bundle: Optional[Path], why: str, verify_code: Optional[int] = None
) -> UnreachableError:
    bundle = {} if ca_bundle is None else {"ca_bundle": str(ca_bundle)}
    return UnreachableError(failure(id, f"{url}: {why}", server=url, **bundle), verify_code=verify_code)
