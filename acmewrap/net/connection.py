"""One connection to a server for :mod:`.http`: its addresses one after another, the proxy, TLS, and no wait beyond a deadline."""

from __future__ import annotations

import io
import socket
import threading
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Callable, Dict, Iterable, List, Mapping, Optional, Tuple
from urllib.parse import unquote, urlsplit

from . import tls

if TYPE_CHECKING:
    import http.client
    import ssl

Place = Tuple[str, int]


class Deadline:
    """``seconds`` for everything, of which ``wait`` at most for one attempt to connect or to shake hands."""

    def __init__(self, seconds: float, wait: Optional[float] = None) -> None:
        self._end = time.monotonic() + seconds
        self._wait = wait or seconds

    def left(self) -> float:
        """Seconds. Raises :class:`TimeoutError` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        return left

    def attempt(self) -> float:
        return min(self.left(), self._wait)


class ProxyError(OSError):
    """The way ends at the proxy: nobody answers there, or it refuses."""


class Proxy:
    """An HTTP proxy by its URL, ``http://[name:password@]host[:port]``. Raises ValueError, which repeats nothing of it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")  # as curl takes it
        if parts.scheme != "http" or not parts.hostname or not url.isprintable():
            raise ValueError("the URL of the proxy does not begin with http://")
        self.place: Place = parts.hostname, parts.port or 1080  # as curl does
        self.headers: Dict[str, str] = {}
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self.headers["Proxy-Authorization"] = f"Basic {b64encode(pair.encode()).decode('ascii')}"


def of_environment(environ: Mapping[str, str], scheme: str, place: Place) -> Optional[Proxy]:
    """What *environ* names (``https_proxy``, ``all_proxy``, ``no_proxy``) for servers of *scheme* at *place*."""
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed leaves it out

    names = {name: f"{name}_proxy" for name in (scheme, "all", "no")}
    known = {name: environ.get(one, environ.get(one.upper(), "")) for name, one in names.items()}
    url = known[scheme] or known["all"]
    if not url or proxy_bypass_environment("{}:{}".format(*place), known):
        return None
    try:
        return Proxy(url)
    except ValueError as error:
        raise ProxyError(str(error)) from error


def resolve(place: Place, deadline: Deadline) -> List[Place]:
    """The addresses of *place*. Raises OSError, also at the *deadline*, of which the C library knows nothing."""
    found: List[List[Place]] = []
    problems: List[Exception] = []

    def look() -> None:
        try:
            addresses = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
            found.append([(str(address[4][0]), int(address[4][1])) for address in addresses])
        except (OSError, ValueError) as error:  # ValueError: no name at all
            problems.append(error)

    thread = threading.Thread(target=look, daemon=True)  # let go of, where the look-up hangs
    thread.start()
    thread.join(deadline.left())
    for problem in problems:
        raise problem
    if not found:
        raise socket.timeout(f"no name server answered for {place[0]} in time")
    return found[0]


def connect(
    place: Place, deadline: Deadline, *, through: Optional[Place] = None, headers: Optional[Mapping[str, str]] = None
) -> http.client.HTTPConnection:
    """A connection to the first address of *place* that answers; *through* a proxy, which is shown *headers*. Raises OSError."""
    if through is None:
        return _connect(place, deadline, resolve(place, deadline))
    try:
        return _connect(place, deadline, resolve(through, deadline), headers or {})
    except (OSError, ValueError) as error:
        raise ProxyError(f"the proxy {through[0]}:{through[1]}: {error}") from error


def _connect(
    place: Place, deadline: Deadline, addresses: Iterable[Place], tunnel: Optional[Mapping[str, str]] = None
) -> http.client.HTTPConnection:
    last = OSError("no address")
    for address in addresses:
        connection = _prepare(*address, deadline)
        if tunnel is not None:
            connection.set_tunnel(*place, headers=dict(tunnel))
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            last = error
        else:
            connection.sock.settimeout(deadline.left())
            return connection
    raise last


def secure(
    open_one: Callable[[], http.client.HTTPConnection], trust: tls.Trust, host: str, deadline: Deadline
) -> http.client.HTTPConnection:
    """A connection of *open_one* with TLS in it, to a server that *trust* trusts."""
    import ssl

    connection = open_one()
    try:
        try:
            _shake_hands(connection, trust.context(), host, deadline)
        except ssl.SSLCertVerificationError as error:
            if trust.accept is None:
                raise
            connection.close()
            connection = open_one()
            session = _shake_hands(connection, tls.trust_anybody(), host, deadline)
            trust.accept(session.getpeercert(binary_form=True) or b"", error.verify_message)
    except BaseException:
        connection.close()
        raise
    return connection


def _shake_hands(
    connection: http.client.HTTPConnection, context: ssl.SSLContext, host: str, deadline: Deadline
) -> ssl.SSLSocket:
    connection.sock.settimeout(deadline.attempt())
    connection.sock = session = context.wrap_socket(connection.sock, server_hostname=host)
    session.settimeout(deadline.left())
    return session


class _Stream(io.RawIOBase):
    """A socket's bytes; each wait for more of them lasts no longer than what is left of the whole."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


def _prepare(host: str, port: int, deadline: Deadline) -> http.client.HTTPConnection:
    import http.client

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: object, **options: object) -> None:
            super().__init__(sock, *args, **options)  # type: ignore[arg-type]
            self._socket_file = self.fp  # while it is open the socket is
            self.fp = io.BufferedReader(_Stream(sock, deadline))

        def close(self) -> None:
            super().close()
            self._socket_file.close()

    connection = http.client.HTTPConnection(host, port, timeout=deadline.attempt())
    connection.response_class = Response
    return connection
