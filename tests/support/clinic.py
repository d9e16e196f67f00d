"""A machine on which all is well, with real servers around it, for tests to break in one place."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Callable, Dict, Iterator, List, Tuple

from acmewrap import config as configuration
from acmewrap.config import Config
from acmewrap.doctor import DoctorContext, Finding, examine
from acmewrap.driver.homes.home import Home
from acmewrap.engine.convergence import Convergence
from acmewrap.pki import x509
from acmewrap.plan.planner import PlanOptions
from acmewrap.state.ledger import Ledger, LedgerEntry
from acmewrap.testing.certificates import Pair, make_intermediate, make_leaf, make_root
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.tlsserver import TlsServer
from acmewrap.testing.webserver import WebServer

NAME = "nas.internal.example.com"
PASSWORD = 'demo "pass" $word'
YAML = """\
directory: .
authorities:
  internal:
    server: {server}
    ca_bundle: ca.crt
certificates:
  nas:
    domains: [{name}]
    challenge: {{webroot: {webroot}}}
    deploy:
      dsm: synology
      web: {{hook: ssh, env: {{DEPLOY_SSH_USER: deploy}}, verify: {{host: 127.0.0.1, port: {port}, name: {name}, timeout: 2s}}}}
synology:
  url: {url}
  account: {{name: certupdater, password: {{file: dsm.password}}}}
  verify: {{host: 127.0.0.1, port: {port}, name: {name}}}
schedule: {{every: 6h}}
"""
CRONTAB = """\
#!/bin/sh
case "$1" in
-l) if [ -f {table} ]; then cat {table}; else echo "no crontab for test" >&2; exit 1; fi ;;
-) cat > {table} ;;
esac
"""


@dataclass
class Clinic:
    """``config`` is read anew after :meth:`edit`; ``now`` is what the machine's clock says."""

    folder: Path
    webserver: WebServer
    nas: DsmSimulator
    tls: TlsServer
    pairs: Dict[str, Pair]
    environ: Dict[str, str]
    crontab: Path
    now: Callable[[], float] = time.time
    address: str = "127.0.0.1"
    http_port: int = 0
    listened: List[str] = field(default_factory=list)
    held: List[IO[str]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "acmewrap.yaml"

    @property
    def config(self) -> Config:
        return configuration.load(self.file, self.environ)

    @property
    def home(self) -> Path:
        return self.folder / ".acme.sh"

    @property
    def wrapper(self) -> Path:
        return self.folder / "acme.sh"

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    def context(self) -> DoctorContext:
        where = {"http_port": self.http_port or self.webserver.port, "address": self.address or None}
        return DoctorContext(self.config, self.environ, clock=self.now, **where)  # type: ignore[arg-type]

    def examine(self) -> Tuple[Finding, ...]:
        return examine(self.context(), lambda check, *_: self.listened.append(check.name))

    def ids(self) -> List[str]:
        return [finding.failure.id for finding in self.examine()]

    def store(self, pair: Pair, *, prove: bool = True) -> None:
        """Put a certificate into the home as acme.sh does, and write down that it was seen at its targets."""
        staged = self.folder / "staged"
        staged.mkdir()
        shutil.copy(str(pair.certificate), str(staged / f"{NAME}.cer"))
        shutil.copy(str(pair.key), str(staged / f"{NAME}.key"))
        full = pair.fullchain.read_text(encoding="ascii")
        (staged / "fullchain.cer").write_text(full, encoding="ascii")
        (staged / "ca.cer").write_text(full[len(pair.certificate.read_text(encoding="ascii")) :], encoding="ascii")
        lines = f"Le_Domain='{NAME}'\nLe_Webroot='{self.webserver.root}'\n"
        (staged / f"{NAME}.conf").write_text(lines, encoding="ascii")
        Home(self.home).replace(NAME, True, staged)
        if prove:
            ledger = Ledger(self.home / ".ledger.json")
            for target in ("dsm", "web"):
                ledger.put(f"nas/{target}", LedgerEntry().prove(self.sha256(pair), time.time()))

    def sha256(self, pair: Pair) -> str:
        return x509.parse_pem(pair.certificate.read_bytes())[0].sha256

    def serve(self, pair: Pair) -> None:
        shutil.copy(str(pair.fullchain), str(self.folder / "served.pem"))
        shutil.copy(str(pair.key), str(self.folder / "served.key"))
        self.tls.reload()

    def fingerprint(self) -> str:
        """All that must stay as it is: home, webroot, crontab, wrapper; paths, modes, targets of links, contents."""
        digest = hashlib.sha256()
        for root in (self.folder, self.webserver.root):
            for path in sorted(root.rglob("*")):
                digest.update(f"{path} {path.lstat().st_mode:o} ".encode())
                if path.is_symlink():
                    digest.update(os.readlink(str(path)).encode())
                elif path.is_file():
                    digest.update(path.read_bytes())
        digest.update(self.crontab.read_bytes())
        return digest.hexdigest()


def make_pairs(folder: Path) -> Dict[str, Pair]:
    """Certificates of one authority: ``good``, ``other`` and ``expired`` for the same name, and the ``root``."""
    root = make_root(folder)
    issuer = make_intermediate(folder, root)
    now = time.time()
    dates = {"good": (now - 864000, now + 80 * 86400), "expired": (now - 9e6, now - 86400), "other": (now, now + 9e6)}
    pairs = {
        name: make_leaf(folder, issuer, [NAME], not_before=begin, not_after=end, file=name)
        for name, (begin, end) in dates.items()
    }
    return {**pairs, "root": root}


@contextlib.contextmanager
def clinic(
    folder: Path, pairs: Dict[str, Pair], program: Path, *, pebble: Pebble, webserver: WebServer, nas: DsmSimulator
) -> Iterator[Clinic]:
    """A machine below *folder*: acme.sh in place, a certificate issued, served and proven, the schedule set."""
    tools = folder / "tools"
    tools.mkdir()
    table = folder / "crontab"
    (tools / "crontab").write_text(CRONTAB.format(table=table), encoding="ascii")
    (tools / "crontab").chmod(0o755)
    environ = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    machine = folder / "nas"
    machine.mkdir()
    shutil.copy(str(pairs["good"].fullchain), str(machine / "served.pem"))
    shutil.copy(str(pairs["good"].key), str(machine / "served.key"))
    (webserver.root / ".well-known/acme-challenge").mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        tls = stack.enter_context(TlsServer(machine / "served.pem", machine / "served.key"))
        found = Clinic(machine, webserver, nas, tls, pairs, environ, table)
        stack.callback(lambda: [stream.close() for stream in found.held])
        shutil.copy(str(pebble.ca_bundle), str(machine / "ca.crt"))
        (machine / "dsm.password").write_text(PASSWORD + "\n", encoding="utf-8")
        (machine / "dsm.password").chmod(0o600)
        (machine / "src").mkdir()
        (machine / "src/acme.sh").symlink_to(program)
        places = {"server": pebble.directory_url, "webroot": webserver.root, "port": tls.port, "url": nas.url}
        found.file.write_text(YAML.format(name=NAME, **places), encoding="utf-8")
        found.store(pairs["good"])
        prepare(found)
        yield found


def prepare(found: Clinic) -> None:
    """Let the engine do all but what concerns certificates."""
    kinds = ("bundle", "webroot", "render", "mode", "schedule")
    options = PlanOptions(kinds)  # type: ignore[arg-type]
    run = Convergence(found.config, found.environ, options).execute()
    assert all(result.outcome == "done" for result in run.results), run.results
