"""The whole job on one machine: a private authority, a web server and a NAS, all local; acme.sh and acmewrap are the real ones.

Each act runs the command line as a user would, in a process of its own, and is then checked against the TLS server of the
NAS, by this module and not by the word of the command.
"""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Tuple

from ..errors import AcmewrapError, ExitCode
from ..failures import failure
from ..schedule.entry import invocation
from .challenge import ChallengeServer
from .dsm import DsmSimulator
from .pebble import Pebble
from .webserver import WebServer

Tell = Callable[[str], None]

NAME = "nas.internal.example.com"
_PASSWORD = 'it\'s a "demo" $pass\\word & 100%'  # noqa: S105 - of an account that exists only in the simulator

_CONFIGURATION = """\
directory: .                 # acme.sh, the wrapper script and the certificates go here
authorities:
  internal:
    server: {server}
    ca_bundle: {ca_bundle}
certificates:
  nas:
    domains: [{name}]
    challenge: {{webroot: {webroot}}}
    renew: {{at: 2/3}}
    deploy:
      dsm: synology
synology:
  url: {url}
  account: {{name: certupdater, password: {{file: dsm.password}}}}
  certificate: {{description: acme, default: true, services: all}}
  verify: {{host: 127.0.0.1, port: {port}, name: {name}}}
"""


def perform(environ: Mapping[str, str], tell: Tell) -> ExitCode:
    """Play all acts and tell of them. ``OK`` only if every proof held. Raises :class:`AcmewrapError` when a program is missing."""
    with tempfile.TemporaryDirectory(prefix="acmewrap-demo-") as temporary:
        folder = Path(temporary)
        with ChallengeServer(folder / "dns") as dns, WebServer(folder / "web") as web:
            pebble = Pebble(folder / "authority", dns=dns.address, http_port=web.port, validity_seconds=86400)
            with pebble, DsmSimulator(account="certupdater", password=_PASSWORD) as nas:
                tell(f"A private authority answers at {pebble.directory_url}, a web server at port {web.port},")
                tell(f"a simulated NAS at {nas.url} (its TLS side at port {nas.https_port}).")
                return _Play(folder / "nas", environ, tell, pebble, web, nas).perform()


class _Play:
    def __init__(self, folder: Path, environ: Mapping[str, str], tell: Tell, *counterparts: Any) -> None:
        self._folder = folder
        self._environ = environ
        self._tell = tell
        self._pebble, self._web, self._nas = counterparts
        self._failed: List[str] = []

    def perform(self) -> ExitCode:
        self._folder.mkdir()
        (self._folder / "dsm.password").write_text(_PASSWORD + "\n", encoding="utf-8")
        (self._folder / "dsm.password").chmod(0o600)
        text = _CONFIGURATION.format(
            server=self._pebble.directory_url,
            ca_bundle=self._pebble.ca_bundle,
            name=NAME,
            webroot=self._web.root,
            url=self._nas.url,
            port=self._nas.https_port,
        )
        (self._folder / "acmewrap.yaml").write_text(text, encoding="utf-8")
        self._tell("\n--- acmewrap.yaml ---\n" + text.rstrip())
        factory = self._served()

        code, _ = self._act("check")
        self._prove("the file has no problems", code == 0)

        code, _ = self._act("apply")
        first = self._served()
        self._prove("apply ended with 0", code == 0)
        self._prove("the NAS serves another certificate than the factory's", first != factory)
        self._prove("it is the one on disk", first == self._on_disk())
        self._prove("the password arrived byte for byte", all(one.password == _PASSWORD for one in self._nas.logins))

        orders = self._requests()
        code, document = self._act("apply", as_json=True)
        self._prove("a second apply ended with 0 and did nothing", code == 0 and document["steps"] == [])
        self._prove("it asked the authority for nothing and changed nothing on the NAS", self._requests() == orders)

        code, _ = self._act("issue", "--force")
        second = self._on_disk()
        self._prove("a forced renewal brought another certificate", code == 0 and second != first)
        code, _ = self._act("cron")
        self._prove("the unattended run deployed it", code == 0 and self._served() == second)

        code, _ = self._act("status")
        self._prove("status says that all is well", code == 0)
        if self._failed:
            self._tell("\nNot proven: " + "; ".join(self._failed))
            return ExitCode.UNEXPECTED
        self._tell("\nEvery proof held.")
        return ExitCode.OK

    def _act(self, command: str, *words: str, as_json: bool = False) -> Tuple[int, Dict[str, Any]]:
        shown = " ".join(("acmewrap", *(("--json",) if as_json else ()), command, *words))
        self._tell(f"\n$ {shown}")
        argv = [*invocation(), "--config", str(self._folder / "acmewrap.yaml"), *shown.split()[1:]]
        done = subprocess.run(
            argv,
            env=dict(self._environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
        )
        if as_json:
            document = json.loads(done.stdout)
            self._tell(f"(one JSON document: exit_code {document['exit_code']}, {len(document['steps'])} steps)")
            return done.returncode, document
        self._tell(done.stdout.rstrip())
        return done.returncode, {}

    def _prove(self, what: str, held: bool) -> None:
        self._tell(f"  {'proven' if held else 'NOT PROVEN'}: {what}")
        if not held:
            self._failed.append(what)

    def _requests(self) -> int:
        return len(self._nas.writes) + len(self._pebble.log.read_bytes())

    def _served(self) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = socket.create_connection(("127.0.0.1", self._nas.https_port), timeout=10)
        with connection, context.wrap_socket(connection, server_hostname=NAME) as session:
            return hashlib.sha256(session.getpeercert(binary_form=True) or b"").hexdigest()

    def _on_disk(self) -> str:
        path = self._folder / ".acme.sh" / f"{NAME}_ecc" / f"{NAME}.cer"
        try:
            return hashlib.sha256(ssl.PEM_cert_to_DER_cert(path.read_text(encoding="ascii"))).hexdigest()
        except (OSError, ValueError) as error:
            raise AcmewrapError(failure("demo.not_started", f"{path}: {error}", log=self._folder)) from error
