"""Listening sockets that can be closed and opened again on the same port, and that leave no thread or socket behind."""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any, Callable, Dict, List, Optional, Type, Union

from ...errors import AcmewrapError
from ...failures import failure

_POLL_SECONDS = 0.02
_IDLE_SECONDS = 60.0

logger = logging.getLogger(__name__)

Connection = Union[socket.socket, ssl.SSLSocket]


class Connections:
    """Threads that serve connections, each with its socket, so that all can be ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: Dict[threading.Thread, Connection] = {}
        self._ended = False

    def enter(self, thread: threading.Thread, connection: Connection) -> None:
        """*thread* serves *connection* from now on. Raises ConnectionAbortedError after the end."""
        with self._lock:
            if self._ended:
                raise ConnectionAbortedError
            self._open[thread] = connection

    def leave(self, thread: threading.Thread) -> None:
        with self._lock:
            self._open.pop(thread, None)

    def end(self) -> None:
        with self._lock:
            self._ended = True
            running = dict(self._open)
        for connection in running.values():
            with contextlib.suppress(OSError):  # the other side was faster
                connection.shutdown(socket.SHUT_RDWR)
        for thread in running:
            thread.join()


class _Server(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, listener: Listener, context: Optional[ssl.SSLContext]) -> None:
        self._listener = listener
        self._context = context
        super().__init__((listener.host, listener.port), listener.handler)

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve in a thread that outlives this server: a restart must not wait for the request that caused it."""
        thread = threading.Thread(target=self._serve, args=(request, client_address), daemon=True)
        self._listener.connections.enter(thread, request)
        thread.start()

    def _serve(self, request: Any, client_address: Any) -> None:
        thread, connections = threading.current_thread(), self._listener.connections
        request.settimeout(_IDLE_SECONDS)
        try:
            if self._context is not None:
                request = self._context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
                connections.enter(thread, request)
                request.do_handshake()
            self.finish_request(request, client_address)
        except Exception:  # as in socketserver itself: one connection must not take the others along
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)
            connections.leave(thread)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  the signature of socketserver
        error = sys.exc_info()[1]
        # Those are clients that hang up, trust somebody else, or only look at the port.
        if not isinstance(error, OSError):
            logger.error("the DSM simulator failed", exc_info=error)


class Listener:
    """One port of the web server. Between :meth:`close` and :meth:`open` connections are refused, and the port stays ours."""

    def __init__(self, host: str, port: int, handler: Type[BaseHTTPRequestHandler], connections: Connections) -> None:
        self.host = host
        self.handler = handler
        self.connections = connections
        # Bound but never listening: keeps the port from everybody else while the server itself is down.
        self._place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if port:
                # Without SO_REUSEPORT, which would let two simulators share the port.
                with socket.create_server((host, port)):
                    pass
            self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._place.bind((host, port))
        except OSError as error:
            self._place.close()
            raise AcmewrapError(failure("demo.port_taken", f"{host}:{port}: {error.strerror}", port=port)) from error
        self.port: int = self._place.getsockname()[1]
        self._server: Optional[_Server] = None
        self._thread: Optional[threading.Thread] = None

    def open(self, context: Optional[ssl.SSLContext] = None) -> None:
        """Listen; with a *context* speak TLS."""
        self._server = _Server(self, context)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; connections that are open stay."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = self._thread = None

    def release(self) -> None:
        """Stop listening and give the port back."""
        self.close()
        self._place.close()


class TlsListener(Listener):
    """A port that speaks TLS, with a context made anew at each restart of the web server."""

    def __init__(
        self,
        host: str,
        port: int,
        handler: Type[BaseHTTPRequestHandler],
        connections: Connections,
        create_context: Callable[[], ssl.SSLContext],
    ) -> None:
        super().__init__(host, port, handler, connections)
        self._create_context = create_context
        self.restarts = 0
        self.restarting = threading.Event()
        self._over = threading.Event()
        self._waiting: List[threading.Thread] = []

    def restart(self, seconds: float) -> None:
        """Close the port, and open it again: before this returns, or with *seconds* above 0 after so many."""
        self.restarts += 1
        if self.restarting.is_set():
            return  # the restart under way will read the store when it opens
        self.close()
        if seconds <= 0:
            self.open(self._create_context())
            return
        self.restarting.set()
        self._over.clear()
        thread = threading.Thread(target=self._reopen, args=(seconds,), daemon=True)
        self._waiting.append(thread)
        thread.start()

    def finish_restart(self) -> None:
        """End a restart that is under way now, however long it was meant to take."""
        self._over.set()
        for thread in self._waiting:
            thread.join()

    def _reopen(self, seconds: float) -> None:
        self._over.wait(seconds)
        self.open(self._create_context())
        self.restarting.clear()
