"""One look at an ACME directory (RFC 8555 section 7.1.1) before acme.sh is started against it.

acme.sh tries ten times in 103 seconds, whatever the reason is, and hides it among curl's numbers.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Tuple

from ..catalogue import failure
from ..errors import UnreachableError
from ..tls import trust
from .retry_after import moment

_TIMEOUT = 2.0
_PATIENCE = 5
_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Directory:
    """What a directory offers. ``renewal_info`` is the base URL of RFC 9773, None where it is not offered; ``date`` is what
    the server's clock said (seconds since 1970 UTC).
    """

    url: str
    renewal_info: Optional[str] = None
    requires_eab: bool = False
    date: Optional[float] = None


def fetch(url: str, ca_bundle: Optional[Path], timeout: float = _TIMEOUT) -> Directory:
    """The directory at *url*, trusted through *ca_bundle* (None: the system's store).

    *timeout* is for connecting and for shaking hands, in seconds each; an authority that was reached has five times as long
    to answer.

    Raises :class:`UnreachableError` with one of the ids ``ca.tls_untrusted``, ``ca.name_unresolved``, ``ca.unreachable``,
    ``ca.timeout``, ``ca.server_error`` and ``ca.not_acme``.
    """
    body, headers = read(url, ca_bundle, timeout)
    try:
        document = json.loads(body)
        renewal_info, meta, new_order = document.get("renewalInfo"), document.get("meta"), document["newOrder"]
    except (ValueError, AttributeError, KeyError, RecursionError):
        new_order = None
    if not isinstance(new_order, str):
        raise _unreachable("ca.not_acme", url, ca_bundle, "its answer is no ACME directory")
    requires_eab = isinstance(meta, dict) and bool(meta.get("externalAccountRequired"))
    if not isinstance(renewal_info, str) or not renewal_info.startswith("https://"):  # a file:// would be opened, too
        renewal_info = None
    return Directory(url, renewal_info, requires_eab, moment(headers.get("Date")))


def read(url: str, ca_bundle: Optional[Path], timeout: float = _TIMEOUT) -> Tuple[bytes, Mapping[str, str]]:
    """Body and headers of what an authority has at *url*. Raises what :func:`fetch` raises."""
    import http.client
    import urllib.error
    import urllib.request

    class Connection(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(timeout * _PATIENCE)

    class Handler(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Connection, request, context=context)

    try:
        context = trust(None if ca_bundle is None else str(ca_bundle))
    except OSError as error:  # of which ssl.SSLError is one
        why = f"the bundle {ca_bundle} cannot be used: {error.strerror or error}"
        raise _unreachable("ca.tls_untrusted", url, ca_bundle, why) from None
    request = urllib.request.Request(url, headers={"User-Agent": "acmewrap"})  # noqa: S310 - from the configuration
    try:
        with urllib.request.build_opener(Handler).open(request, timeout=timeout) as reply:
            return reply.read(_LIMIT), reply.headers
    except urllib.error.HTTPError as error:
        with error:
            id = "ca.server_error" if error.code >= 500 else "ca.not_acme"
            raise _unreachable(id, url, ca_bundle, f"it answered with HTTP status {error.code}") from None
    except (ValueError, http.client.HTTPException) as error:
        if isinstance(error, OSError):  # http.client.RemoteDisconnected is both
            raise _from_reason(error, url, ca_bundle) from None
        raise _unreachable("ca.not_acme", url, ca_bundle, "its answer is no ACME directory") from None
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise _from_reason(reason, url, ca_bundle) from None


def _from_reason(reason: object, url: str, ca_bundle: Optional[Path]) -> UnreachableError:
    import ssl

    if isinstance(reason, ssl.SSLCertVerificationError):
        return _unreachable("ca.tls_untrusted", url, ca_bundle, reason.verify_message, reason.verify_code)
    if isinstance(reason, ssl.SSLError):
        return _unreachable("ca.tls_untrusted", url, ca_bundle, str(reason.reason or reason))
    if isinstance(reason, socket.gaierror):
        return _unreachable("ca.name_unresolved", url, ca_bundle, str(reason.strerror))
    if isinstance(reason, socket.timeout):
        return _unreachable("ca.timeout", url, ca_bundle, "no answer in time")
    return _unreachable("ca.unreachable", url, ca_bundle, str(getattr(reason, "strerror", None) or reason))


def _unreachable(
    id: str, url: str, ca_bundle: Optional[Path], why: str, verify_code: Optional[int] = None
) -> UnreachableError:
    bundle = {} if ca_bundle is None else {"ca_bundle": str(ca_bundle)}
    return UnreachableError(failure(id, f"{url}: {why}", server=url, **bundle), verify_code=verify_code)
