"""--dry-run, command by command: it says what would be done and changes nothing, or is refused; without it something changes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Tuple

import pytest

from acmewrap import Job, load
from acmewrap.report.manual import COMMANDS
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import CERTIFICATES, HEAD, PASSWORD, SYNOLOGY, Machine

SECOND = """\
  second:
    domains: [second.internal.test]
    challenge: {{webroot: "{webroot}"}}
"""
SCHEDULE = "schedule: {{every: 6h, by: crontab}}\n"
YAML = HEAD + CERTIFICATES + SECOND + SYNOLOGY + SCHEDULE
ANSWERS = ["--template", "dns", "--domain", "a.test", "--server", "https://ca.test/dir", "--ca-bundle", "ca.crt"]


@dataclass(frozen=True)
class Row:
    """A command that takes --dry-run: its words, what it says it would do, and whether without it something is left behind."""

    words: Tuple[str, ...]
    says: str
    leaves: bool = True

    def __str__(self) -> str:
        return " ".join(self.words[:3])


# In this order, on one machine, which begins with the file alone: first --dry-run of each, then, where it `leaves` something, the
# command itself. For `schedule run` see below, and test_nas.py.
HONOURED: Tuple[Row, ...] = (
    Row(("init", *ANSWERS, "--output", "{folder}/other.yaml"), "Would write: {folder}/other.yaml"),
    Row(
        ("init", *ANSWERS, "--output", "{folder}/other.yaml", "--force"),
        "Would write: {folder}/other.yaml",
        leaves=False,
    ),
    Row(("install",), "install  acme.sh 3.1.1"),
    Row(("render",), "render  {folder}/acme.sh"),
    Row(("rehearse", "nas"), "Would order nas (nas.internal.test) at https://localhost:"),
    Row(("issue", "nas"), "issue  nas  not yet issued"),
    Row(("deploy", "nas"), "deploy  nas to dsm"),
    Row(("apply",), "schedule  crontab"),
    Row(("cron", "--force"), "renew   nas"),
    Row(
        ("doctor", "--fix", "--http-port", "{port}", "--address", "127.0.0.1"),
        "Would fix: {folder}/dsm.password has mode 0644",
    ),
    Row(
        ("doctor", "--http-port", "{port}", "--address", "127.0.0.1"),
        "-    the name nas.internal.test: not checked, --dry-run",
        False,
    ),
    Row(("apply", "--prune", "--yes"), "remove  {folder}/.acme.sh/second.internal.test_ecc"),
    Row(
        ("upgrade", "--to", "3.1.2", "--yes"),
        "acmewrap upgrade --to 3.1.2 --yes",
    ),
    Row(("schedule", "show"), "acmewrap", leaves=False),
    Row(("schedule", "remove", "--yes"), "Would remove the entry: "),
    Row(("monitoring", "test"), "Would send one message to each service", leaves=False),
    Row(("replace", "nas", "--compromised", "--yes"), "Would replace nas, serial "),
    Row(("revoke", "nas", "--yes"), "Would revoke nas, serial "),
)
# Of a program of its own, in tests/process/test_self_update.py; of an archive of its own, in tests/unit/cli/test_pin.py.
ELSEWHERE = {"self-update", "pin"}
REFUSED: Tuple[Tuple[str, ...], ...] = (
    ("check",),
    ("report",),
    ("plan",),
    ("status",),
    ("run", "--", "--version"),
    ("releases",),
    ("schema",),
    ("completion", "bash"),
    ("demo",),
    ("version",),
)


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> Iterator[Machine]:
    with DsmSimulator(password=PASSWORD) as nas:
        machine = Machine(tmp_path_factory.mktemp("dry-run") / "machine", acme_sh_311, pebble, webserver, nas)
        text = YAML + f'acme_sh: {{{{release: "3.1.1", archive: "{machine.program}"}}}}\n'
        machine.configure(text)
        machine.environment["XDG_CACHE_HOME"] = str(machine.folder / "cache")
        os.rename(str(machine.folder / "src"), str(machine.folder / "brought"))
        machine.configure(text.replace(str(machine.program), str(machine.folder / "brought/acme.sh")))
        yield machine


def snapshot(machine: Machine) -> Mapping[str, str]:
    """All that a command could change: every file below the folder (the YAML, homes, crontab, caches, the user's home) and in the
    webroot, what the authority was asked to do, and what was written to the NAS.
    """
    found: Dict[str, str] = {}
    for root in (machine.folder, machine.web.root):
        for path in [root, *sorted(root.rglob("*"))]:
            status = path.lstat()
            if path.is_symlink():
                content = os.readlink(str(path))
            else:
                content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            # The change of a folder's time shows what came and went again.
            found[str(path)] = f"{status.st_mode:o} {status.st_uid} {status.st_mtime_ns} {content}"
    found["orders"] = str(machine.pebble.log.read_text(encoding="utf-8", errors="replace").count("POST /"))
    found["writes"] = str([request.name for request in machine.nas.writes])
    return found


def filled(machine: Machine, words: Tuple[str, ...]) -> List[str]:
    return [word.format(folder=machine.folder, port=machine.web.port) for word in words]


def unsettle(machine: Machine, row: Row) -> None:
    """What gives the command something to do."""
    if row.words[0] == "doctor":
        (machine.folder / "dsm.password").chmod(0o644)
    if "--prune" in row.words:
        file = machine.folder / "acmewrap.yaml"
        file.write_text(file.read_text().replace(SECOND.format(webroot=machine.web.root), ""))


@pytest.mark.parametrize("row", HONOURED, ids=str)
def test_it_says_what_would_be_done_and_changes_nothing(machine: Machine, row: Row) -> None:
    unsettle(machine, row)
    before = snapshot(machine)
    words = filled(machine, row.words)
    says = " ".join(row.says.format(folder=machine.folder).split())
    done = machine.run(*words, "--dry-run")
    assert says in " ".join(done.stdout.split()), done
    again = machine.run("--json", "--dry-run", *words)
    assert (again.returncode, again.document["command"]) == (done.returncode, row.words[0])
    assert snapshot(machine) == before
    if row.leaves:
        done = machine.run(*words)
        assert snapshot(machine) != before, done


def test_every_command_has_a_row_above() -> None:
    assert {row.words[0] for row in HONOURED} | {words[0] for words in REFUSED} | ELSEWHERE == set(COMMANDS)
    assert {row.words[0] for row in HONOURED} & {words[0] for words in REFUSED} == set()


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_a_command_that_cannot_honour_it_refuses_it_and_does_not_show_it(
    machine: Machine, words: Tuple[str, ...]
) -> None:
    before = snapshot(machine)
    for all_words in (("--dry-run", *words), (words[0], "--dry-run", *words[1:])):
        done = machine.run(*all_words)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"--dry-run means nothing to the command {words[0]}" in done.stderr
    assert "--dry-run" not in machine.run(words[0], "--help").stdout.partition("examples:")[0]
    assert snapshot(machine) == before


def test_looking_from_python_changes_nothing(machine: Machine) -> None:
    config = load(machine.folder / "acmewrap.yaml", machine.environment)
    before = snapshot(machine)
    job = Job(config, machine.environment)
    for plan in (job.plan(force=True, prune=True), job.plan(command="cron", force=True)):
        assert plan.steps
    assert snapshot(machine) == before


def test_what_cron_cannot_start_it_would_not_start(machine: Machine) -> None:
    done = machine.run("schedule", "run", "--dry-run")
    assert (done.returncode, done.stdout) == (1, "")
    assert "[schedule.not_startable]" in done.stderr


def test_an_unattended_run_that_only_looks_does_not_rotate_the_log(machine: Machine) -> None:
    log = machine.folder / "task.log"
    log.write_bytes(b"x" * (1024 * 1024 + 1))
    assert machine.run("cron", "--dry-run", "--force").returncode == 0
    assert log.exists()
    machine.run("cron")
    assert not log.exists()
    assert (machine.folder / "task.log.1").exists()
