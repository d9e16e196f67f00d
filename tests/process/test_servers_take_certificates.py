"""Real servers, real certificates: installed, proven, renewed, and rolled back while a client looks all the time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterator, List, Mapping, Optional, Set, Tuple

import pytest

from acmewrap.config.endpoint import Endpoint, StartTls
from acmewrap.driver.homes.home import Home
from acmewrap.testing.certificates import make_intermediate, make_leaf, make_root
from acmewrap.testing.counterpart import free_port
from acmewrap.verify import tls_probe
from forkserver import acmewrap
from stored import store

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
        ssl_certificate {tls}/www.pem;
        ssl_certificate_key {tls}/www.key;
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
    bind 127.0.0.1:{port} ssl crt {tls}/www.pem
    http-request return status 200
"""
POSTFIX = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = /
myhostname = www.internal.test
inet_interfaces = 127.0.0.1
mydestination =
alias_maps =
alias_database =
max_use = 100000
smtpd_tls_chain_files = {tls}/www.pem
smtpd_tls_security_level = may
"""
POSTFIX_SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT = """\
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
listen = 127.0.0.1
ssl = yes
ssl_cert = <{tls}/www.pem
ssl_key = <{tls}/www.key
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/tmp
}}
"""
POSTGRESQL = """\
data_directory = '{folder}/data'
hba_file = '{folder}/data/pg_hba.conf'
ident_file = '{folder}/data/pg_ident.conf'
unix_socket_directories = '{folder}/data'
listen_addresses = '127.0.0.1'
port = {port}
ssl = on
ssl_cert_file = '{tls}/www.pem'
ssl_key_file = '{tls}/www.key'
"""
PROGRAMS = str([*sorted(Path("/usr/lib/postgresql").glob("*/bin")), Path("/nonexistent")][0])
AS_POSTGRES = "setpriv --reuid postgres --regid postgres --clear-groups"
PAIR = "key_file: {tls}/www.key, fullchain_file: {tls}/www.pem"
COMBINED = "combined_file: {tls}/www.pem"
OF_POSTGRES = (
    "key_file: {{path: {tls}/www.key, owner: postgres, group: postgres, mode: 0600}}, "
    "fullchain_file: {{path: {tls}/www.pem, group: postgres}}"
)


@dataclass(frozen=True)
class Kind:
    """A server: its ``text`` of configuration in ``file``, what acmewrap installs for it, and the commands that test, start,
    reload and end it. ``refuses``: whether its reload fails with a broken configuration.
    """

    text: str
    places: str
    test: str
    start: str
    reload: str
    stop: str = "pkill -KILL -f {file} || true"
    file: str = "server.conf"
    chain: str = "www.pem"
    key: str = "www.key"
    prepare: str = "true"
    running: str = "kill -0 $(cat {folder}/server.pid) 2>/dev/null"
    starttls: Optional[StartTls] = None
    refuses: bool = True


_NGINX = Kind(
    NGINX,
    PAIR,
    "nginx -t -q -c {file}",
    "nginx -c {file}",
    "nginx -c {file} -s reload",
    stop="pid=$(cat {folder}/server.pid); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.05; done",  # and its workers
)
KINDS: Mapping[str, Kind] = {
    "nginx": _NGINX,
    "nginx with a folder": replace(
        _NGINX,
        text=NGINX.replace("www.pem", "www/fullchain.pem").replace("www.key", "www/privkey.pem"),
        places="folder: {tls}/www",
        chain="www/fullchain.pem",
        key="www/privkey.pem",
    ),
    "haproxy": Kind(
        HAPROXY,
        COMBINED,
        "haproxy -c -q -f {file}",
        "haproxy -D -f {file}",
        "haproxy -D -f {file} -x {folder}/admin.sock -sf $(cat {folder}/server.pid)",
        key="www.pem",
    ),
    "postfix": Kind(
        POSTFIX,
        COMBINED,
        "postfix -c {folder}/etc check",
        "postfix -c {folder}/etc start",
        "postfix -c {folder}/etc reload",
        stop="postfix -c {folder}/etc stop",
        file="etc/main.cf",
        key="www.pem",
        prepare=f"mkdir spool data; chown postfix data; printf %s '{POSTFIX_SERVICES}' >etc/master.cf",
        running="postfix -c {folder}/etc status",
        starttls="smtp",
    ),
    "dovecot": Kind(
        DOVECOT,
        PAIR,
        "doveconf -n -c {file}",
        "dovecot -c {file}",
        "doveadm -c {file} reload",
        stop="doveadm -c {file} stop",
        running="test -e {folder}/run/master.pid",
        starttls="imap",
    ),
    "postgresql": Kind(
        POSTGRESQL,
        OF_POSTGRES,
        f"{AS_POSTGRES} {PROGRAMS}/postgres -C ssl --config-file={{file}}",
        f"{AS_POSTGRES} {PROGRAMS}/pg_ctl -s -w -D {{folder}}/data -l {{folder}}/data/log -o --config-file={{file}} start",
        f"{AS_POSTGRES} {PROGRAMS}/pg_ctl -s -D {{folder}}/data reload",
        stop=f"{AS_POSTGRES} {PROGRAMS}/pg_ctl -s -D {{folder}}/data -m immediate stop",
        prepare=f"mkdir data; chown postgres data; cd data; {AS_POSTGRES} {PROGRAMS}/initdb -D {{folder}}/data >/dev/null",
        running=f"{AS_POSTGRES} {PROGRAMS}/pg_ctl -s -D {{folder}}/data status",
        starttls="postgres",
        refuses=False,  # it goes on with what it has read before
    ),
}


class Poller:
    """A client that looks all the time: what was served, and what went wrong."""

    def __init__(self, place: Endpoint) -> None:
        self.served: Set[str] = set()
        self.problems: List[str] = []
        self._place, self._ended = place, threading.Event()
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
            seen = tls_probe.look(self._place)
            if seen.served is None:
                self.problems.append(str(seen.error))
            else:
                self.served.add(seen.served)


class Machine:
    """One certificate, and a server of this machine's that reads it. ``spoil`` breaks the server's own configuration."""

    def __init__(self, folder: Path, pinned: Path, server: Kind) -> None:
        self.folder, self.tls, self.server = folder, folder / "tls", server
        for name in ("src", "extra", "etc"):
            (folder / name).mkdir(parents=True)
        (folder / "src/acme.sh").symlink_to(pinned)
        self.authority = make_intermediate(folder, make_root(folder))
        self.port = free_port()
        self.place = Endpoint("127.0.0.1", self.port, NAME, starttls=server.starttls)
        self.file, self.chain, self.key = folder / server.file, self.tls / server.chain, self.tls / server.key
        self.text = self.fill(server.text)
        self.repair()
        subprocess.run(["/bin/sh", "-euc", self.fill(server.prepare)], check=True, cwd=str(folder))
        self.renew()

    def fill(self, text: str) -> str:
        file = getattr(self, "file", self.folder)
        return text.format(folder=self.folder, tls=self.tls, file=file, port=self.port)

    @property
    def reload(self) -> str:
        """Starts it where it does not run, as no service manager does it here."""
        kind = self.server
        return self.fill(f"if {kind.running}; then {kind.reload}; else {kind.start}; fi")

    def look(self) -> Optional[str]:
        return tls_probe.look(self.place).served

    def configure(self, *, test: bool = True, reload: Optional[str] = None, timeout: str = "10s") -> None:
        words = json.dumps(self.fill(self.server.test).split())
        test_line = f", test: {words}" if test else ""
        starttls = f", starttls: {self.server.starttls}" if self.server.starttls else ""
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
        install: {{{self.fill(self.server.places)}{test_line}, reload: {json.dumps(reload or self.reload)}}}
        verify: {{host: 127.0.0.1, port: {self.port}, name: {NAME}, timeout: {timeout}{starttls}}}
commands: [{{after: run, when: [rolled_back], run: [tee, {self.folder}/rolled-back]}}]
""",
            encoding="utf-8",
        )

    def spoil(self) -> None:
        self.file.write_text(self.text + "nonsense\n", encoding="ascii")

    def repair(self) -> None:
        self.file.write_text(self.text, encoding="ascii")

    def renew(self) -> None:
        pair = make_leaf(self.folder, self.authority, [NAME], not_after=time.time() + 8e6)
        store(Home(self.folder / ".acme.sh"), NAME, pair, {})

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
        self.repair()
        subprocess.run(["/bin/sh", "-c", self.fill(self.server.stop)], check=False, capture_output=True)


def is_here(kind: Kind) -> bool:
    """Whether the server is here, and this user may start it."""
    words = kind.test.split()
    here = shutil.which(next((word for word in words if word.startswith("/")), words[0])) is not None
    return here and (kind.starttls is None or os.geteuid() == 0)


def only(*names: str) -> List[Any]:
    return [
        pytest.param(
            KINDS[name],
            id=name,
            marks=[
                *([] if name == "nginx" else [pytest.mark.slow]),
                pytest.mark.skipif(
                    not is_here(KINDS[name]), reason=f"{name} is not installed, or to be started by root"
                ),
            ],
        )
        for name in names
    ]


@pytest.fixture
def machine(request: pytest.FixtureRequest, acme_sh_311: Path) -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="acmewrap-server-"))
    folder.chmod(0o755)  # for servers that give up root's rights
    made = Machine(folder / "machine", acme_sh_311, request.param)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(str(folder))


@pytest.mark.parametrize("machine", only(*KINDS), indirect=True)
def test_a_server_is_renewed_and_a_broken_configuration_rolled_back_unseen_by_its_clients(machine: Machine) -> None:
    machine.configure()
    assert machine.deploy() == (0, ("done", None))
    first = machine.leaf()
    assert machine.look() == first
    with Poller(machine.place) as poller:
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
        assert machine.look() == second
        if machine.server.refuses:
            machine.configure(test=False)
            assert machine.deploy() == (4, ("rolled_back", "reload.failed"))
            assert machine.look() == second
        machine.repair()
        assert machine.deploy() == (0, ("done", None))
        poller.wait_for(machine.leaf())
    assert poller.problems == []
    assert poller.served == {first, second, machine.leaf()}


WEB = only("nginx", "nginx with a folder", "haproxy")


@pytest.mark.parametrize("machine", WEB, indirect=True)
@pytest.mark.slow  # waits until the server is given up
def test_a_server_that_does_not_come_up_again_has_its_former_files_back_and_answers(machine: Machine) -> None:
    machine.configure(timeout="3s")
    assert machine.deploy() == (0, ("done", None))
    first, good, file = machine.leaf(), machine.folder / "good", machine.chain
    shutil.copy(str(file), str(good))
    pid = machine.folder / "server.pid"
    stop = f"kill $(cat {pid}); while kill -0 $(cat {pid}) 2>/dev/null; do sleep 0.05; done; rm -f {pid}"
    restart = f"{stop}; if cmp -s {good} {file}; then {machine.reload}; fi"
    machine.configure(reload=restart, timeout="3s")
    machine.renew()
    assert machine.deploy() == (4, ("rolled_back", "deploy.server_lost"))
    assert machine.look() == first


@pytest.mark.parametrize("machine", WEB, indirect=True)
@pytest.mark.slow  # waits until the server is given up
def test_a_server_that_shows_neither_certificate_has_its_former_files_back(machine: Machine) -> None:
    machine.configure(timeout="3s")
    assert machine.deploy() == (0, ("done", None))
    before = machine.leaf()
    other = machine.folder / "other"
    shutil.copytree(str(machine.tls), str(other))
    pair = make_leaf(machine.folder, machine.authority, [NAME], not_after=time.time() + 8e6)
    key, (chain_place, key_place) = pair.key.read_bytes(), (other / machine.server.chain, other / machine.server.key)
    key_place.write_bytes(key)
    chain_place.write_bytes((key if chain_place == key_place else b"") + pair.fullchain.read_bytes())
    machine.file.write_text(machine.text.replace(f"{machine.tls}/", f"{other}/"), encoding="ascii")
    machine.renew()
    assert machine.deploy() == (4, ("rolled_back", "deploy.wrong_certificate"))
    content = machine.chain.read_bytes()
    machine.repair()
    assert before in {hashlib.sha256(der).hexdigest() for der in certificates(content)}


def certificates(content: bytes) -> List[bytes]:
    return [
        ssl.PEM_cert_to_DER_cert(f"-----BEGIN{part}")
        for part in content.decode("ascii").split("-----BEGIN")
        if "CERTIFICATE" in part
    ]
