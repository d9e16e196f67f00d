"""nginx, serving a webroot over plain HTTP: where http-01 challenges are looked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

from ..system.files import make_folder
from .counterpart import Counterpart, fetch, free_port

# Every path is the counterpart's own, so that it neither needs nor disturbs an nginx that the machine runs.
_CONFIGURATION = """\
daemon off;
{user}
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 128; }}
http {{
    access_log access.log;
    client_body_temp_path temporary/body;
    proxy_temp_path temporary/proxy;
    fastcgi_temp_path temporary/fastcgi;
    uwsgi_temp_path temporary/uwsgi;
    scgi_temp_path temporary/scgi;
    default_type text/plain;
    server {{
        listen 127.0.0.1:{port};
        root "{root}";
        location = / {{ return 204; }}
    }}
}}
"""


class WebServer(Counterpart):
    """Serves ``root``, an empty folder at first, on *port* of 127.0.0.1 for every host name; ``access_log`` lists requests."""

    program = "nginx"
    package = "nginx-light"

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(folder)
        self.root = self.folder / "webroot"
        self.access_log = self.folder / "access.log"
        self.port = port
        self._fixed_port = port
        self._pid_file = self.folder / "nginx.pid"

    def _prepare(self) -> None:
        self.port = self._fixed_port or free_port()
        make_folder(self.folder / "temporary")
        make_folder(self.root, mode=0o755)
        if self._pid_file.exists():
            self._pid_file.unlink()
        # Started by root, nginx hands its work to another user, who may not enter this folder.
        user = "user root;" if os.geteuid() == 0 else ""
        configuration = _CONFIGURATION.format(user=user, port=self.port, root=self.root)
        (self.folder / "nginx.conf").write_text(configuration, encoding="utf-8")

    def _arguments(self) -> List[str]:
        return ["-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", "stderr"]

    def _answers(self) -> bool:
        if not self._pid_file.exists():  # written once the port is its own; until then somebody else would answer
            return False
        fetch(f"http://127.0.0.1:{self.port}/")
        return True
