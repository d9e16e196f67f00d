"""An unattended run with nothing to do: it starts no process, asks nobody, and imports nothing that costs time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Set, Tuple

import pytest

from acmewrap import Job, Run, paths
from acmewrap.config import Config, load
from acmewrap.engine.noop_cache import find_note, remember
from acmewrap.state.ledger import Advice, Ledger, LedgerEntry
from acmewrap.state.model import State
from acmewrap.testing.certificates import make_intermediate, make_leaf, make_root
from stored import store_for

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = ("nas", "files.internal.test", "mail.internal.test")
HEAVY = (
    "argcomplete",
    "sh",
    "jinja2",
    "ssl",
    "http",
    "urllib.request",
    "subprocess",
    "asyncio",
    "concurrent.futures",
    "rich",
    "email",
)
# What a run right after another one does without, besides: each of them takes longer than all that it does itself.
STARTING = ("argparse", "typing", "dataclasses", "enum", "re", "signal", "threading", "acmewrap.errors")
# What a run that reads everything does without while nothing is due: what only steps and their reports need.
ACTING = (
    "acmewrap.doctor",
    "acmewrap.driver.command",
    "acmewrap.driver.output",
    "acmewrap.driver.process",
    "acmewrap.driver.release",
    "acmewrap.driver.wrapper_script",
    "acmewrap.engine.engine",
    "acmewrap.engine.verbs",
    "acmewrap.failures.catalogue",
    "acmewrap.host.file_access",
    "acmewrap.host.webroot",
    "acmewrap.net",
    "acmewrap.pki.csr",
    "acmewrap.plan.machine",
    "acmewrap.plan.machine_steps",
    "acmewrap.report.screen",
    "acmewrap.report.wording",
    "acmewrap.schedule",
    "acmewrap.state.installed_files",
    "acmewrap.synology",
    "acmewrap.verify",
    "argparse",
    "dataclasses",
    "logging",
    "platform",
    "shutil",
    "tempfile",
)
READING = ("yaml", "acmewrap.config", "acmewrap.driver", "acmewrap.pki.x509", "json", "pathlib", "logging", *STARTING)

AHEAD = 10  # what was changed less than two seconds ago may change again without a trace, so all runs come later

CONFIGURATION = """\
directory: .
authorities:
  internal: {server: "https://ca.internal.test/dir", ca_bundle: ca.crt}
certificates:
"""
ENTRY = """\
  "c{number}":
    domains: ["{name}"]
    challenge: {{webroot: web}}
    deploy: {{there: {{hook: ssh, env: {{DEPLOY_SSH_USER: x}}, verify: "127.0.0.1:1"}}}}
"""

# Runs the command line as its entry point does, and tells what it did.
OBSERVED = """\
import sys
before, seen = set(sys.modules), []
WATCHED = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", "socket.connect",
           "socket.getaddrinfo", "socket.sendto")
sys.addaudithook(lambda event, arguments: seen.append(event) if event in WATCHED else None)
from acmewrap.cli import main
code = main(sys.argv[1:])
modules = sorted(set(sys.modules) - before)
import json
print(json.dumps({"code": code, "seen": seen, "modules": modules}))
"""


@dataclass(frozen=True)
class Observed:
    code: int
    events: Tuple[str, ...]
    modules: Tuple[str, ...]
    said: Tuple[str, ...]

    def imported(self, names: Tuple[str, ...]) -> List[str]:
        return [name for name in self.modules if any(name == one or name.startswith(f"{one}.") for one in names)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Certificates that were issued an hour ago for a day and deployed, as acmewrap leaves them, in files ten minutes old."""
    folder = tmp_path / "machine"
    folder.mkdir()
    root = make_root(folder / "ca")
    issuer = make_intermediate(folder / "ca", root)
    text = CONFIGURATION + "".join(ENTRY.format(number=number, name=name) for number, name in enumerate(NAMES))
    (folder / "acmewrap.yaml").write_text(text, encoding="utf-8")
    (folder / "ca.crt").write_bytes(root.certificate.read_bytes())
    config = loaded(folder)
    now = int(time.time())
    for certificate in config.certificates.values():
        domain, _ = paths.name_of(certificate)
        pair = make_leaf(folder / "ca", issuer, [domain], not_before=now - 3600, not_after=now + 82800)
        store_for(config, certificate, pair)
        stored = paths.read(config, certificate)
        assert stored is not None
        assert stored.leaf is not None
        ledger = Ledger.load(paths.ledger_path(config.authorities["internal"]))
        ledger.put(f"{certificate.name}/there", LedgerEntry().prove(stored.leaf.sha256, now))
    return folder


def loaded(folder: Path) -> Config:
    return load(folder / "acmewrap.yaml", {"HOME": str(folder.parent)})


def environment(folder: Path) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONWARNINGS": "error",
    }


def run(folder: Path, *words: str, start: int = 0, at: Optional[float] = None) -> Observed:
    """``acmewrap cron``, observed, *start* seconds after the files have settled, or while the clock stands still *at* a time."""
    now = f"real() + {AHEAD + start}" if at is None else str(at)
    shift = f"import time; real = time.time; time.time = lambda: {now}\n"
    done = subprocess.run(
        [sys.executable, "-c", shift + OBSERVED, "--config", str(folder / "acmewrap.yaml"), "cron", *words],
        cwd="/",
        env=dict(environment(folder)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
        text=True,
    )
    assert done.stderr == ""
    *said, last = done.stdout.splitlines()
    reported = json.loads(last)
    return Observed(reported["code"], tuple(reported["seen"]), tuple(reported["modules"]), tuple(said))


QUIET = ("Nothing to do.",)


def test_a_run_with_nothing_to_do_starts_nothing_asks_nobody_and_imports_little(folder: Path) -> None:
    first = run(folder)
    assert (first.code, first.said, first.events) == (0, QUIET, ())
    assert first.imported((*HEAVY, *ACTING)) == []
    assert first.imported(READING) != []  # it had to look

    run(folder)
    again = run(folder)
    assert (again.code, again.said, again.events) == (0, QUIET, ())
    assert again.imported((*HEAVY, *READING)) == []


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    status = path.stat()
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(str(path), ns=(status.st_atime_ns, status.st_mtime_ns))  # an editor or a copy may keep the time


def test_whatever_changes_is_noticed_by_the_very_next_run(folder: Path) -> None:
    run(folder)
    assert run(folder).imported(READING) == []
    home = folder / ".acme.sh"
    key = home / "mail.internal.test_ecc" / "mail.internal.test.key"
    changes: Tuple[Callable[[], object], ...] = (
        partial(change, folder / "acmewrap.yaml", "DEPLOY_SSH_USER: x", "DEPLOY_SSH_USER: y"),
        partial(key.chmod, 0o644),
        partial(change, home / "nas_ecc" / "nas.conf", "Le_Domain='nas'", "Le_Domain='sen'"),
        (home / ".ledger.json").unlink,
        (home / "nas_ecc" / "ca.cer").unlink,
    )
    for made in changes:
        before = identities(folder)
        made()
        assert len(identities(folder) - before) <= 1
        assert run_is_not_quiet(folder)
        record(folder)
        assert not run_is_not_quiet(folder)


def identities(folder: Path) -> Set[str]:
    return {f"{path} {path.stat()}" for path in folder.rglob("*") if path.is_file()}


def record(folder: Path) -> None:
    """As if the machine, as it is now, had been found to need nothing."""
    remember(loaded(folder), State(), environment(folder), time.time() + AHEAD - 5, "")


def run_is_not_quiet(folder: Path) -> bool:
    return find_note(str(folder / "acmewrap.yaml"), environment(folder), time.time() + AHEAD) is None


def test_time_alone_ends_the_quiet(folder: Path) -> None:
    run(folder)
    due = 12 * 3600 - 3600
    assert run(folder, start=due - 60).imported(READING) == []
    late = run(folder, "--dry-run", start=due + 60)
    assert any("renew" in line for line in late.said)
    assert run(folder, start=-3600).imported(READING) != []  # the clock was set back: look again


def test_a_daily_run_relies_on_the_one_of_the_day_before_but_not_on_one_of_last_week(folder: Path) -> None:
    record(folder)
    file, now, day = str(folder / "acmewrap.yaml"), time.time() + AHEAD, 86400
    assert find_note(file, environment(folder), now + day + 1) == ""
    assert find_note(file, environment(folder), now + 7 * day + 1) is None


def test_the_record_counts_only_while_nobody_else_could_have_written_it(folder: Path) -> None:
    run(folder)
    (record,) = (folder.parent / ".cache" / "acmewrap").iterdir()
    assert record.stat().st_mode & 0o777 == 0o600
    record.chmod(0o620)
    assert run_is_not_quiet(folder)
    record.chmod(0o600)
    assert not run_is_not_quiet(folder)
    whole = record.read_bytes()
    for length in (0, 1, 20, len(whole) // 2, len(whole) - 1):
        record.write_bytes(whole[:length])
        assert run_is_not_quiet(folder)
    record.write_bytes(b"\xff\x00" + whole)
    assert run_is_not_quiet(folder)


def test_the_record_counts_however_many_certificates_it_is_about(folder: Path) -> None:
    record(folder)
    (place,) = (folder.parent / ".cache" / "acmewrap").iterdir()
    head, _, end = place.read_text(encoding="utf-8").rpartition("\n")
    absent = "\n".join(["0 0 0 0 0\t/" + "x" * 4000] * 1500)  # as much as some five thousand certificates
    place.write_text(f"{head}\n{absent}\n{end}", encoding="utf-8")
    assert not run_is_not_quiet(folder)


def test_a_run_that_is_asked_for_more_or_for_less_looks(folder: Path) -> None:
    run(folder)
    assert run(folder, "--quiet").imported(READING) == []
    for words in (("--json",), ("--force", "--dry-run"), ("--only", "c1"), ("--dry-run",)):
        assert run(folder, *words).imported(READING) != []


def test_python_code_leaves_the_record_that_the_command_leaves(folder: Path) -> None:
    run(folder)
    (place,) = (folder.parent / ".cache" / "acmewrap").iterdir()
    header, _, *files = place.read_text(encoding="utf-8").split("\n")
    place.unlink()
    done = cron(folder, loaded(folder))
    assert (done.plan.steps, done.results, done.exit_code) == ((), (), 0)
    first, _, *others = place.read_text(encoding="utf-8").split("\n")
    assert (first, others) == (header, files)
    assert run(folder).imported(READING) == []


def cron(folder: Path, config: Config, *names: str, force: bool = False) -> Run:
    return Job(config, environment(folder), clock=lambda: time.time() + AHEAD).cron(*names, force=force)


def test_a_configuration_that_is_not_that_of_the_file_leaves_no_record(folder: Path) -> None:
    config, file = loaded(folder), folder / "acmewrap.yaml"
    cron(folder, replace(config, jobs=2))
    cron(folder, config, "c1")
    assert run_is_not_quiet(folder)
    status = file.stat()
    change(file, "DEPLOY_SSH_USER: x", "DEPLOY_SSH_USER: y")
    os.utime(str(file), ns=(status.st_atime_ns, status.st_mtime_ns))
    cron(folder, config)
    assert run_is_not_quiet(folder)
    cron(folder, loaded(folder))
    assert not run_is_not_quiet(folder)


def test_python_code_and_the_command_rotate_the_log(folder: Path) -> None:
    log = folder / "task.log"
    for perform in (lambda: cron(folder, loaded(folder)), lambda: run(folder, "--json")):
        log.write_bytes(b"x" * (1024 * 1024 + 1))
        perform()
        assert not log.exists()
    assert sorted(path.name for path in folder.glob("task.log*")) == ["task.log.1", "task.log.2"]


def test_what_was_written_a_moment_ago_is_not_relied_on(folder: Path) -> None:
    (folder / "acmewrap.yaml").touch()
    assert run(folder, at=(folder / "acmewrap.yaml").stat().st_mtime + 1).code == 0
    assert run_is_not_quiet(folder)
    assert run(folder, at=(folder / "acmewrap.yaml").stat().st_mtime + 3).code == 0
    assert not run_is_not_quiet(folder)


def test_advice_of_an_authority_is_asked_for_when_its_time_has_come_and_not_before(folder: Path) -> None:
    config = loaded(folder)
    ledger = Ledger.load(paths.ledger_path(config.authorities["internal"]))
    stored = paths.home_of(config, config.certificates["c0"]).read("nas", True)
    assert stored is not None
    assert stored.leaf is not None
    ledger.advise("c0", Advice(stored.leaf.sha256, "https://127.0.0.1:1/ari", int(time.time()) + 600))
    assert run(folder).events == ()
    assert run(folder).imported(READING) == []
    late = run(folder, "--dry-run", start=700)
    assert any(line.strip().startswith("renewal_info") for line in late.said)
    asked = run(folder, start=700)
    assert asked.code == 0
    assert "socket.connect" in asked.events
    assert run(folder, start=701).events == ()  # nobody answered: that is not asked again at once
