"""HTTPS servers in threads of this process: what stands behind a deployed certificate, and the base of the proxy."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Optional, Set, Type

if TYPE_CHECKING:
    from typing_extensions import Self

PATIENCE_SECONDS = 10.0


class HttpsServer:
    """Answers on a port of 127.0.0.1 for the length of a ``with`` block; leaving it cuts the connections that are open."""

    def __init__(self, certificate: Path, key: Path, port: int = 0) -> None:
        self._certificate = certificate
        self._key = key
        self.port = port

    def __enter__(self) -> Self:
        self._server = _Server(self.port, load(self._certificate, self._key), self.respond)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.cut()
        self._server.server_close()

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one GET, HEAD or POST; called in a thread of its own."""
        raise NotImplementedError

    def reload(self) -> None:
        """Read both files again; connections from now on see the new pair.

        Raises OSError (of which ssl.SSLError is one) when they are no pair, and goes on with the old one.
        """
        self._server.context = load(self._certificate, self._key)


class TlsServer(HttpsServer):
    """Serves *certificate* (a file with its chain) and *key*, and a line of text over HTTP."""

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        body = b"served\n"
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


def load(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(certificate), str(key))
    return context


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close() waits for them

    def __init__(self, port: int, context: ssl.SSLContext, respond: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.context = context
        self.respond = respond
        self._open: Set[ssl.SSLSocket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(PATIENCE_SECONDS)
        with self.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as connection:
            self._open.add(connection)
            try:
                connection.do_handshake()
                _Handler(connection, client_address, self)
            finally:
                self._open.discard(connection)

    def cut(self) -> None:
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up or distrust the certificate are what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.respond(self)

    def do_HEAD(self) -> None:
        self.server.respond(self)

    def do_POST(self) -> None:
        self.server.respond(self)

    def log_message(self, format: str, *arguments: object) -> None:
        """Write nothing to standard error."""
