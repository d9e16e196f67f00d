"""A folder with a certificate that is stored and to be installed beside it, whoever is told of that, and a receiver of messages."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Dict, List, Optional, Type

from acmewrap import Config, load, paths
from acmewrap.testing.certificates import Pair, make_intermediate, make_leaf, make_root
from stored import store_for

DAY = 86400
CONFIGURATION = """\
authorities:
  internal: {{server: "https://127.0.0.1:1/dir", ca_bundle: ca.crt}}
certificates:
  nas:
    domains: [nas.internal.test]
    challenge: {{webroot: web}}
    deploy: {{files: {{install: {{fullchain_file: {place}/tls.pem, key_file: {place}/tls.key}}, verify: no}}}}
schedule: {{daily: "04:55"}}
{monitoring}
"""


@dataclass(frozen=True)
class Message:
    """What came: the path without the run's id, which is a part of its own, and the body."""

    path: str
    rid: str
    headers: Dict[str, str]
    body: str


@dataclass
class Receiver:
    """An HTTP server that notes what it is sent, and answers with ``status`` after ``delay`` seconds."""

    status: int = 200
    delay: float = 0.0
    answer: str = "OK"
    got: List[Message] = field(default_factory=list)

    def __enter__(self) -> Receiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode("utf-8")
                path, _, query = self.path.partition("?")
                receiver.got.append(Message(path, query.rpartition("rid=")[2], dict(self.headers), body))
                time.sleep(receiver.delay)
                self.send_response(receiver.status)
                self.end_headers()
                self.wfile.write(receiver.answer.encode("utf-8"))

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def paths(self) -> List[str]:
        """What came since the last time."""
        found = [message.path for message in self.got]
        self.got.clear()
        return found


@dataclass(frozen=True)
class Site:
    """``folder`` holds acmewrap.yaml."""

    folder: Path
    issuer: Pair

    @property
    def file(self) -> Path:
        return self.folder / "acmewrap.yaml"

    @property
    def textfile(self) -> Path:
        return self.folder / "collector" / "acmewrap.prom"

    @property
    def config(self) -> Config:
        return load(self.file, {"HOME": str(self.folder)})

    def configure(self, monitoring: str) -> None:
        """Write the file; in *monitoring* stands ``{folder}`` for the folder."""
        text = CONFIGURATION.format(place=self.folder, monitoring=monitoring.format(folder=self.folder))
        self.file.write_text(text, encoding="utf-8")
        self.file.chmod(0o600)

    def store(self, *, left: int = 80 * DAY) -> None:
        """The certificate, as acmewrap leaves it, with *left* seconds of 90 days to go."""
        config, now = self.config, int(time.time())
        (certificate,) = config.certificates.values()
        domain, _ = paths.name_of(certificate)
        pair = make_leaf(
            self.folder / "ca", self.issuer, [domain], not_before=now + left - 90 * DAY, not_after=now + left
        )
        store_for(config, certificate, pair)

    def secret(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(f"{text}\n", encoding="utf-8")
        path.chmod(0o600)


def make_site(folder: Path, monitoring: str) -> Site:
    """A folder in which the certificate is stored, and not yet installed."""
    folder.mkdir()
    (folder / "collector").mkdir(mode=0o755)
    root = make_root(folder / "ca")
    (folder / "ca.crt").write_bytes(root.certificate.read_bytes())
    site = Site(folder, make_intermediate(folder / "ca", root))
    site.configure(monitoring)
    site.store()
    return site


def samples(path: Path) -> Dict[str, float]:
    """Values by series without ``config``; that is the same in all."""
    found: Dict[str, float] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            name, _, labels = series.rstrip("}").partition("{")
            rest = ",".join(label for label in labels.split(",") if not label.startswith("config="))
            found[f"{name}{{{rest}}}" if rest else name] = float(value)
    return found
