"""An HTTP proxy that asks for a password and opens tunnels (RFC 9110 section 9.3.6), wherever it is told that their ends lie."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from typing import List, Optional, Tuple

PASSWORD = "canary pass/word"
USERINFO = "me:canary%20pass%2Fword"


class ConnectProxy:
    """``heads`` are the requests that it let through, ``refused`` those without the password; ``to`` is where all tunnels lead."""

    def __init__(self, to: Optional[Tuple[str, int]] = None) -> None:
        self.heads: List[str] = []
        self.refused: List[str] = []
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=32)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def url(self) -> str:
        return f"http://{USERINFO}@{self.address}"

    def __enter__(self) -> ConnectProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            head = ""
            while "\r\n\r\n" not in head:
                head += client.recv(4096).decode()
            expected = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
            if f"Proxy-Authorization: Basic {expected}\r\n" not in head:
                self.refused.append(head)
                client.sendall(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n"
                )
                return
            self.heads.append(head)
            host, port = head.split()[1].rsplit(":", 1)
            with socket.create_connection(self._to or (host, int(port)), timeout=30) as target:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                threading.Thread(target=_pump, args=(client, target), daemon=True).start()
                _pump(target, client)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
