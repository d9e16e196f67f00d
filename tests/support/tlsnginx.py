"""A real nginx with TLS, of any configuration: what stands behind an installed certificate."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import List

from acmewrap.testing.counterpart import Counterpart, free_port

SERVER = (
    "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/www.pem; ssl_certificate_key {folder}/www.key; }}"
)


class TlsNginx(Counterpart):
    """Serves ``www.pem`` and ``www.key`` of its folder on ``port``, or whatever *server* says for ``http``; ``reload`` is a shell
    command.
    """

    program = "nginx"
    package = "nginx-light"

    def __init__(self, folder: Path, server: str = SERVER, port: int = 0) -> None:
        super().__init__(folder)
        self.port = port or free_port()
        self._server = server
        self.pid_file = self.folder / "nginx.pid"
        self.reload = f"kill -HUP $(cat {self.pid_file})"

    def _prepare(self) -> None:
        user = "user root;" if os.geteuid() == 0 else ""
        text = self._server.format(port=self.port, folder=self.folder)
        head = f"daemon off; {user} worker_processes 1; pid {self.pid_file}; events {{}}"
        (self.folder / "nginx.conf").write_text(f"{head} http {{ access_log off; {text} }}", encoding="utf-8")

    def _arguments(self) -> List[str]:
        return ["-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", "stderr"]

    def _answers(self) -> bool:
        socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        return self.pid_file.exists()
