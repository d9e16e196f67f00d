"""Real servers, real certificates: installed, proven, renewed, and rolled back while a client looks all the time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Iterator, List, Optional, Set, Tuple

import pytest

from acmewrap.driver.homes.home import Home
from acmewrap.testing.certificates import Pair, make_intermediate, make_leaf, make_root
from forkserver import acmewrap

NAME = "www.internal.test"
NGINX = """\
pid {folder}/server.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/extra/*.conf;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {served}/www.pem;
        ssl_certificate_key {served}/www.key;
        return 200 "ok";
    }}
}}
"""
HAPROXY = """\
global
    stats socket {folder}/admin.sock mode 600 level admin expose-fd listeners
    pidfile {folder}/server.pid
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend tls
    bind 127.0.0.1:{port} ssl crt {served}/www.pem
    http-request return status 200
"""


class Poller:
    """A client that looks all the time: what was served, and what went wrong."""

    def __init__(self, port: int) -> None:
        self.served: Set[str] = set()
        self.problems: List[str] = []
        self._port, self._ended = port, threading.Event()
        self._thread = threading.Thread(target=self._poll)

    def __enter__(self) -> Poller:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def wait_for(self, leaf: str) -> None:
        """Until *leaf* was served, which a worker of before may put off."""
        deadline = time.monotonic() + 10
        while leaf not in self.served and time.monotonic() < deadline:
            time.sleep(0.01)

    def _poll(self) -> None:
        while not self._ended.wait(0.01):
            try:
                self.served.add(look(self._port))
            except OSError as error:
                self.problems.append(str(error))


def look(port: int) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    with connection, context.wrap_socket(connection, server_hostname=NAME) as session:
        return hashlib.sha256(session.getpeercert(binary_form=True) or b"").hexdigest()


class Machine:
    """One certificate, and a server of this machine's that reads it. ``spoil`` breaks the server's own configuration."""

    def __init__(self, folder: Path, pinned: Path, server: str) -> None:
        self.folder, self.tls, self.server = folder, folder / "tls", server
        for name in ("src", "extra"):
            (folder / name).mkdir(parents=True)
        (folder / "src/acme.sh").symlink_to(pinned)
        self.authority = make_intermediate(folder, make_root(folder))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        text = HAPROXY if server == "haproxy" else NGINX
        self.file = folder / "server.conf"
        self.text = text.format(folder=folder, port=self.port, served=self.tls)
        if server == "nginx with a folder":
            for old, new in (("www.pem", "www/fullchain.pem"), ("www.key", "www/privkey.pem")):
                self.text = self.text.replace(old, new)
        self.file.write_text(self.text, encoding="ascii")
        self.renew()

    @property
    def test(self) -> str:
        return (
            f"[haproxy, -c, -q, -f, {self.file}]" if self.server == "haproxy" else f"[nginx, -t, -q, -c, {self.file}]"
        )

    @property
    def reload(self) -> str:
        """Starts it where it does not run, as no service manager does it here."""
        running = f"kill -0 $(cat {self.folder}/server.pid) 2>/dev/null"
        if self.server != "haproxy":
            return f"if {running}; then nginx -c {self.file} -s reload; else nginx -c {self.file}; fi"
        again = f"-x {self.folder}/admin.sock -sf $(cat {self.folder}/server.pid)"
        return f"if {running}; then haproxy -D -f {self.file} {again}; else haproxy -D -f {self.file}; fi"

    @property
    def served(self) -> Path:
        return self.tls / ("www/fullchain.pem" if self.server == "nginx with a folder" else "www.pem")

    def configure(self, *, test: bool = True, reload: Optional[str] = None, timeout: str = "10s") -> None:
        places = f"key_file: {self.tls}/www.key, fullchain_file: {self.tls}/www.pem"
        if self.server == "haproxy":
            places = f"combined_file: {self.tls}/www.pem"
        if self.server == "nginx with a folder":
            places = f"folder: {self.tls}/www"
        test_line = f"          test: {self.test}\n" if test else ""
        (self.folder / "acmewrap.yaml").write_text(
            f"""\
directory: .
authorities: {{internal: {{server: "https://pki.internal.test/acme/directory"}}}}
certificates:
  www:
    domains: [{NAME}]
    challenge: {{webroot: {self.folder}/web}}
    deploy:
      web:
        install:
          {places.replace(", ", chr(10) + "          ")}
{test_line}          reload: {json.dumps(reload or self.reload)}
        verify: {{host: 127.0.0.1, port: {self.port}, name: {NAME}, timeout: {timeout}}}
commands: [{{after: run, when: [rolled_back], run: [tee, {self.folder}/rolled-back]}}]
""",
            encoding="utf-8",
        )

    def spoil(self) -> None:
        self.file.write_text(self.text + "nonsense\n", encoding="ascii")

    def mend(self) -> None:
        self.file.write_text(self.text, encoding="ascii")

    def renew(self) -> None:
        pair = make_leaf(self.folder, self.authority, [NAME], not_after=time.time() + 8e6)
        store(self.folder, pair)

    def leaf(self) -> str:
        stored = Home(self.folder / ".acme.sh").read(NAME, True)
        assert stored is not None
        assert stored.leaf is not None
        return stored.leaf.sha256

    def deploy(self) -> Tuple[int, Any]:
        done = acmewrap("--config", str(self.folder / "acmewrap.yaml"), "--json", "deploy")
        (step,) = json.loads(done.stdout)["steps"]
        return done.returncode, (step["outcome"], (step["failure"] or {}).get("id"))

    def stop(self) -> None:
        found = subprocess.run(["pgrep", "-f", str(self.file)], stdout=subprocess.PIPE, check=False).stdout.split()
        for number in found:
            os.kill(int(number), signal.SIGKILL)


def store(folder: Path, pair: Pair) -> None:
    staged = folder / "staged"
    staged.mkdir()
    chain = pair.fullchain.read_text("ascii")[len(pair.certificate.read_text("ascii")) :]
    shutil.copy(str(pair.certificate), str(staged / f"{NAME}.cer"))
    shutil.copy(str(pair.key), str(staged / f"{NAME}.key"))
    shutil.copy(str(pair.fullchain), str(staged / "fullchain.cer"))
    (staged / "ca.cer").write_text(chain, encoding="ascii")
    (staged / f"{NAME}.conf").write_text(f"Le_Domain='{NAME}'\n", encoding="ascii")
    Home(folder / ".acme.sh").replace(NAME, True, staged)


HAS_HAPROXY = pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")


OTHERS = (
    pytest.param("nginx with a folder", marks=pytest.mark.slow),
    pytest.param("haproxy", marks=[pytest.mark.slow, HAS_HAPROXY]),
)


@pytest.fixture(params=["nginx", *OTHERS])
def machine(request: pytest.FixtureRequest, tmp_path: Path, acme_sh_311: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine", acme_sh_311, request.param)
    try:
        yield made
    finally:
        made.stop()


def test_a_server_is_renewed_and_a_broken_configuration_rolled_back_unseen_by_its_clients(machine: Machine) -> None:
    machine.configure()
    assert machine.deploy() == (0, ("done", None))
    first = machine.leaf()
    assert look(machine.port) == first
    with Poller(machine.port) as poller:
        poller.wait_for(first)
        machine.renew()
        second = machine.leaf()
        assert machine.deploy() == (0, ("done", None))
        assert not (machine.folder / "rolled-back").exists()
        machine.spoil()
        machine.renew()
        assert machine.deploy() == (4, ("rolled_back", "test.failed"))
        (step,) = json.loads((machine.folder / "rolled-back").read_text(encoding="utf-8"))["steps"]
        assert (step["outcome"], step["failure"]["id"]) == ("rolled_back", "test.failed")
        assert look(machine.port) == second
        machine.configure(test=False)
        assert machine.deploy() == (4, ("rolled_back", "reload.failed"))
        assert look(machine.port) == second
        machine.mend()
        assert machine.deploy() == (0, ("done", None))
        poller.wait_for(machine.leaf())
    assert poller.problems == []
    assert poller.served == {first, second, machine.leaf()}


@pytest.mark.slow  # waits until the server is given up
def test_a_server_that_does_not_come_up_again_has_its_former_files_back_and_answers(machine: Machine) -> None:
    machine.configure(timeout="3s")
    assert machine.deploy() == (0, ("done", None))
    first, good, file = machine.leaf(), machine.folder / "good", machine.served
    shutil.copy(str(file), str(good))
    pid = machine.folder / "server.pid"
    stop = f"kill $(cat {pid}); while kill -0 $(cat {pid}) 2>/dev/null; do sleep 0.05; done; rm -f {pid}"
    restart = f"{stop}; if cmp -s {good} {file}; then {machine.reload}; fi"
    machine.configure(reload=restart, timeout="3s")
    machine.renew()
    assert machine.deploy() == (4, ("rolled_back", "deploy.server_lost"))
    assert look(machine.port) == first


@pytest.mark.slow  # waits until the server is given up
def test_a_server_that_shows_neither_certificate_has_its_former_files_back(machine: Machine) -> None:
    machine.configure(timeout="3s")
    assert machine.deploy() == (0, ("done", None))
    before = machine.leaf()
    other = machine.folder / "other"
    shutil.copytree(str(machine.tls), str(other))
    pair = make_leaf(machine.folder, machine.authority, [NAME], not_after=time.time() + 8e6)
    key, file = pair.key.read_bytes(), other / machine.served.relative_to(machine.tls)
    file.with_name("www.key" if file.name == "www.pem" else "privkey.pem").write_bytes(key)
    file.write_bytes((key if machine.server == "haproxy" else b"") + pair.fullchain.read_bytes())
    machine.file.write_text(machine.text.replace(f"{machine.tls}/", f"{other}/"), encoding="ascii")
    machine.renew()
    assert machine.deploy() == (4, ("rolled_back", "deploy.wrong_certificate"))
    content = machine.served.read_bytes()
    machine.mend()
    assert before in {hashlib.sha256(der).hexdigest() for der in certificates(content)}


def certificates(content: bytes) -> List[bytes]:
    return [
        ssl.PEM_cert_to_DER_cert(f"-----BEGIN{part}")
        for part in content.decode("ascii").split("-----BEGIN")
        if "CERTIFICATE" in part
    ]
