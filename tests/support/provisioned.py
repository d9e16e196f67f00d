"""A machine to try the whole job on: a folder with a configuration, a real authority, a web server and a simulated NAS."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Tuple

from acmewrap.state.ledger import Advice, Ledger
from acmewrap.testing.dsm import IMPORT, CertificateStore, DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from forkserver import forkserver

ACCOUNT = "certupdater"
PASSWORD = 'it\'s "quoted" & 100% $HOME \\ end'

HEAD = """\
directory: .
authorities:
  internal: {{server: "{server}", ca_bundle: "{bundle}"}}
"""
CERTIFICATES = """\
certificates:
  nas:
    domains: [nas.internal.test]
    challenge: {{webroot: "{webroot}"}}
    deploy: {{dsm: synology}}
"""
SYNOLOGY = """\
synology:
  url: {nas}
  account: {{name: certupdater, password: {{file: dsm.password}}}}
  verify: {{host: 127.0.0.1, port: {port}, name: nas.internal.test, timeout: 2s}}
"""


@dataclass(frozen=True)
class Done:
    """How the command line ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """Standard output as JSON: all of it, or this fails."""
        return json.loads(self.stdout)


@dataclass
class Machine:
    """``folder`` holds acmewrap.yaml and all that comes of it; acme.sh is there already, as ``acmewrap install`` leaves it."""

    folder: Path
    program: Path
    pebble: Pebble
    web: WebServer
    nas: DsmSimulator
    environment: Dict[str, str] = field(default_factory=dict)
    run_by_root: bool = False
    real_crontab: bool = False  # that of whoever runs the tests

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        tools = self.folder / "tools"
        tools.mkdir()
        self.tool("sleep", "exec /bin/sleep 0.1")  # acme.sh sleeps for 4 s in each good issue
        if not self.real_crontab:
            table = self.folder / "crontab"
            self.tool("crontab", f"[ $1 = -l ] || exec cat >{table}; cat {table} || {{ echo no crontab >&2; exit 1; }}")
        self.environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(self.folder / "user"),
            "PYTHONWARNINGS": "error",
            "NO_PROXY": "localhost,127.0.0.1",
        }
        shutil.copytree(str(self.program), str(self.folder / "src" / "acme.sh"))
        secret = self.folder / "dsm.password"
        secret.write_text(self.nas.password + "\n", encoding="utf-8")
        secret.chmod(0o600)
        self.configure()

    def configure(self, text: str = HEAD + CERTIFICATES + SYNOLOGY, **more: object) -> None:
        """Write acmewrap.yaml, with the addresses of the counterparts and *more* filled in."""
        values = {
            "server": self.pebble.directory_url,
            "bundle": self.pebble.ca_bundle,
            "webroot": self.web.root,
            "nas": self.nas.url,
            "port": self.nas.https_port,
            **more,
        }
        (self.folder / "acmewrap.yaml").write_text(text.format(**values), encoding="utf-8")

    def tool(self, name: str, script: str) -> None:
        """Put a program of this name before the machine's own, for acme.sh and acmewrap alike."""
        path = self.folder / "tools" / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """What a user starts, from a folder that is not the configuration's."""
        argv = [sys.executable, "-m", "acmewrap", "--config", str(self.folder / "acmewrap.yaml"), *words]
        if self.run_by_root:
            argv = as_root("env", "-i", *(f"{name}={value}" for name, value in self._variables().items()), *argv)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            argv,
            env=self.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            universal_newlines=True,
        )

    def on_terminal(self, *words: str, typed: str = "") -> str:
        """All that the command shows to somebody at a terminal, who has *typed* ahead."""
        ours, its = pty.openpty()
        os.write(ours, typed.encode())
        environment = {**self.environment, "TERM": "xterm-256color", "COLUMNS": "300"}
        argv = ["--config", str(self.folder / "acmewrap.yaml"), *words]
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(forkserver().run, argv, environment, terminal=os.ttyname(its))
            running.add_done_callback(lambda _: os.close(its))
            shown: List[bytes] = []
            while True:
                try:
                    data = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                if not data:
                    break
                shown.append(data)
        os.close(ours)
        return b"".join(shown).decode("utf-8")

    def _variables(self) -> Dict[str, str]:
        if not self.run_by_root:
            return self.environment
        let_in(self.folder, self.web.root, self.pebble.ca_bundle)  # again: every session of pytest closes its folders
        # who leaves nothing in our __pycache__, which we could not remove
        return {**self.environment, "PYTHONDONTWRITEBYTECODE": "1", "SUDO_UID": str(os.geteuid())}

    def run(self, *words: str) -> Done:
        """How what a user starts ends."""
        if self.run_by_root and os.geteuid() != 0:
            with self.start(*words) as process:
                stdout, stderr = process.communicate(timeout=120)
            return Done(process.returncode, stdout, stderr)
        argv = ["--config", str(self.folder / "acmewrap.yaml"), *words]
        done = forkserver().run(argv, self._variables())
        return Done(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))

    def prepare(self) -> None:
        """Have the certificate issued, and not deployed."""
        done = self.run("issue")
        assert done.returncode == 0, done

    def adopt(self, home: Path) -> None:
        """Begin with a copy of *home*, where the certificate was issued."""
        shutil.copytree(str(home), str(self.folder / ".acme.sh"), symlinks=True)

    def forget_deliveries(self) -> None:
        """As if nothing had been deployed yet: to a NAS as the factory makes it."""
        for ledger in self.folder.glob(".acme.sh*/.ledger.json"):
            ledger.unlink()

    def make_due(self, name: str = "nas", home: str = ".acme.sh") -> None:
        """As if the authority had said that it is time to renew."""
        ledger = Ledger.load(self.folder / home / ".ledger.json")
        day = int(time.time()) + 80_000
        ledger.advise(name, Advice(self.on_disk(home=home), "https://ca.internal.test/renewal", day, chosen=1))

    def on_disk(self, name: str = "nas.internal.test", home: str = ".acme.sh") -> str:
        (path,) = (self.folder / home).glob(f"{name}*/{name}.cer")  # _ecc, or nothing for RSA
        text = path.read_text(encoding="ascii")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()

    def served(self) -> str:
        """The leaf that the NAS shows, looked at without any help of acmewrap's."""
        return served(self.nas.https_port)

    def imports(self) -> int:
        """How often a certificate was uploaded."""
        return len(self.nas.calls(IMPORT))

    def traces(self) -> Tuple[int, int]:
        """What grows when the authority is asked for anything, or anything is changed on the NAS."""
        return self.pebble.log.stat().st_size, len(self.nas.writes)

    def orders(self) -> int:
        """How many certificates the authority was asked for."""
        return self.pebble.log.read_text(encoding="utf-8", errors="replace").count("POST /order-plz")

    def processes(self) -> List[str]:
        """What runs with this folder in its arguments or as its working folder."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
                folder = os.readlink(str(entry / "cwd"))
            except OSError:
                continue
            if entry.name.isdigit() and (str(self.folder) in line or folder.startswith(str(self.folder))):
                found.append(line)
        return found


def let_in(*paths: Path) -> None:
    """Let every user pass through pytest's folders, which only its own user may enter, to *paths*."""
    for path in paths:
        for folder in (path, *path.parents):
            if folder.is_dir() and folder.stat().st_uid == os.geteuid() and "pytest" in str(folder):
                folder.chmod(folder.stat().st_mode | 0o011)


def as_root(*words: str) -> List[str]:
    """The command *words* for root: through sudo, where an ordinary user runs the tests."""
    return list(words) if os.geteuid() == 0 else ["sudo", "-n", *words]


def served(port: int) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    with connection, context.wrap_socket(connection, server_hostname="nas.internal.test") as session:
        return hashlib.sha256(session.getpeercert(binary_form=True) or b"").hexdigest()


def reset(nas: DsmSimulator) -> None:
    """Make *nas* what the factory makes, and forget what was asked of it; its address stays."""
    nas.heal()
    nas.finish_restart()
    with nas.state.lock:
        nas.state.certificates = CertificateStore.create(nas.state.generation)
        nas.state.restart_wanted = True
    with urllib.request.urlopen(
        f"{nas.url}/webapi/query.cgi?api=SYNO.API.Info&version=1&method=query", timeout=10
    ) as reply:
        reply.read()  # with a request, for it is after one that DSM restarts its web server
    with nas.state.lock:
        nas.state.requests.clear()
        nas.state.logins.clear()
