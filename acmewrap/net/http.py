"""HTTP, as every part of this package speaks it: one exchange with an overall deadline and a limit on its size.

Redirects, proxies and trust are what the caller says, never a default of a library; no scheme but http and https is followed.
What goes wrong is one exception with a :class:`Reason`, which callers turn into a failure of theirs.
"""

from __future__ import annotations

import socket
from enum import Enum
from typing import TYPE_CHECKING, Callable, Dict, Mapping, Optional, Union
from urllib.parse import urljoin, urlsplit

from ..errors import PortableError
from ..frozen import field, frozen
from . import connection, tls
from .connection import Deadline, Place

if TYPE_CHECKING:
    import http.client

USER_AGENT = "acmewrap"
PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 65536


class Reason(Enum):
    """Why there is no reply."""

    NAME = "the name has no address"
    UNREACHABLE = "nobody answers"
    PROXY = "the proxy does not let through"
    TIMEOUT = "no answer in time"
    UNTRUSTED = "the server is not trusted"
    MALFORMED = "not HTTP"
    TOO_LARGE = "too large"


class HttpError(PortableError):
    """No reply. ``verify_code`` is OpenSSL's for a certificate that is not trusted (X509_V_ERR in x509_vfy.h)."""

    def __init__(self, reason: Reason, text: str, verify_code: Optional[int] = None) -> None:
        super().__init__(text)
        self.reason = reason
        self.verify_code = verify_code


@frozen
class Reply:
    """``headers`` by their names in lower case; ``url`` is where redirects led."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def date(self) -> Optional[float]:
        """What the server's clock said (seconds since 1970 UTC)."""
        return parse_date(self.headers.get("date"))


@frozen
class Http:
    """How servers are spoken to.

    ``timeout``: seconds for all of an exchange, redirects included; ``wait``: at most for connecting, and for shaking hands.
    ``limit``: bytes of a body. ``redirects``: how many are followed. ``proxy``: the URL of one, or the environment that may
    name one. ``route``: where to connect to for a host and port.
    """

    timeout: float
    limit: int
    wait: Optional[float] = None
    trust: tls.Trust = field(default_factory=tls.Trust)
    redirects: int = 0
    proxy: Union[str, Mapping[str, str], None] = field(default=None, repr=False)
    route: Callable[[Place], Place] = lambda place: place

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        body: Optional[bytes] = None,
        headers: Optional[Mapping[str, str]] = None,
    ) -> Reply:
        """The reply to one request, whatever its status. Raises :class:`HttpError`."""
        import http.client

        deadline = Deadline(self.timeout, self.wait)
        sent = {"User-Agent": USER_AGENT, "Connection": "close", **(headers or {})}
        try:
            for _ in range(self.redirects + 1):
                reply = self._exchange(url, method, body, sent, deadline)
                where = reply.headers.get("location")
                if not self.redirects or reply.status not in _REDIRECTS or where is None:
                    return reply
                url = urljoin(url, where)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise _explain(error) from error
        raise HttpError(Reason.MALFORMED, f"more than {self.redirects} redirects")

    def _exchange(
        self, url: str, method: str, body: Optional[bytes], headers: Dict[str, str], deadline: Deadline
    ) -> Reply:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise HttpError(Reason.MALFORMED, f"{url} is no http or https URL")
        place = parts.hostname, parts.port or PORTS[parts.scheme]
        if self.proxy is None or isinstance(self.proxy, str):
            proxy = None if self.proxy is None else connection.Proxy(self.proxy)
        else:
            proxy = connection.of_environment(self.proxy, parts.scheme, place)
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        headers = {"Host": parts.netloc.rpartition("@")[2], **headers}
        if parts.scheme == "https":
            words = {} if proxy is None else {"through": proxy.place, "headers": proxy.headers}

            def open_one() -> http.client.HTTPConnection:
                return connection.connect(self.route(place), deadline, **words)  # type: ignore[arg-type]

            opened = connection.secure(open_one, self.trust, place[0], deadline)
        elif proxy is not None:
            target, headers = parts._replace(fragment="").geturl(), {**headers, **proxy.headers}
            opened = connection.connect(proxy.place, deadline)
        else:
            opened = connection.connect(self.route(place), deadline)
        try:
            opened.request(method, target, body, headers)
            with opened.getresponse() as response:
                found = {name.lower(): value for name, value in response.getheaders()}
                return Reply(url, response.status, found, self._read(response))
        finally:
            opened.close()

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        data = bytearray()
        for chunk in iter(lambda: response.read(_CHUNK), b""):
            data += chunk
            if len(data) > self.limit:
                raise HttpError(Reason.TOO_LARGE, f"more than {self.limit} bytes")
        if response.length:
            raise ConnectionError(f"cut off after {len(data)} bytes")
        return bytes(data)


def parse_date(text: Optional[str]) -> Optional[float]:
    """An HTTP date as seconds since 1970 UTC; None when it is none."""
    from calendar import timegm
    from email.utils import parsedate_tz

    try:
        found = None if text is None else parsedate_tz(text)
        seconds = -1.0 if found is None else float(timegm(found[:6]) - (found[9] or 0))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return seconds if seconds >= 0 else None


def _explain(error: Exception) -> HttpError:
    import ssl

    if isinstance(error, connection.ProxyError):
        return HttpError(Reason.PROXY, str(error))
    if isinstance(error, socket.timeout):
        return HttpError(Reason.TIMEOUT, Reason.TIMEOUT.value)
    if isinstance(error, ssl.SSLCertVerificationError):
        return HttpError(Reason.UNTRUSTED, error.verify_message, error.verify_code)
    if isinstance(error, ssl.SSLError):
        return HttpError(Reason.UNTRUSTED, str(error.reason or error))
    if isinstance(error, tls.BundleError):
        return HttpError(Reason.UNTRUSTED, str(error))
    if isinstance(error, socket.gaierror):
        return HttpError(Reason.NAME, str(error.strerror))
    if isinstance(error, OSError):  # http.client.RemoteDisconnected is one
        return HttpError(Reason.UNREACHABLE, error.strerror or str(error) or type(error).__name__)
    return HttpError(Reason.MALFORMED, f"not HTTP: {error!r}")
