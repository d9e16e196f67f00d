"""What a command says and ends with when a NAS does what public reports tell of; docs/dsm.md shows this table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, List, Mapping, NamedTuple, Tuple

import pytest

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import CERTIFICATES, HEAD, Machine

PAGE = Path(__file__).resolve().parents[2] / "docs" / "dsm.md"
PASSWORD = "boss's $ecret"
NAS = """\
synology:
  url: {nas}
  account: {{name: certupdater, password: {{file: made/dsm.password}}}}
  administrator: {{name: boss, password: {{env: BOSS}}}}
  verify: {{host: 127.0.0.1, port: {port}, name: nas.internal.test, timeout: 5s}}
{more}schedule: {{daily: "04:55", by: dsm}}
"""


def _lose(*calls: str) -> Callable[[Machine], object]:
    return lambda machine: [machine.nas.fail(call, "reply_lost") for call in calls]


def _change_task(machine: Machine) -> None:
    assert machine.run("apply").returncode == 0
    machine.nas.change(tasks_change=False)
    for task in machine.nas.state.tasks.values():
        task.schedule["hour"] = 1


def _redirect(machine: Machine) -> None:
    assert machine.run("apply").returncode == 0
    machine.nas.change(redirects=True)


def _fix_service(machine: Machine) -> None:
    machine.nas.state.certificates.add_fixed_service("system", "fixed", "Fixed")


class Outcome(NamedTuple):
    """``after``: exit code of the same command once more; ``ids``: of the steps that failed, or of the error."""

    event: str
    version: str
    change: Callable[[Machine], object]
    command: str
    code: int
    ids: Tuple[str, ...] = ()
    after: int = 0
    more: str = ""
    text: str = HEAD + CERTIFICATES + NAS

    def line(self) -> str:
        """How the manual shows it."""
        named = ", ".join(f"`{id}`" for id in self.ids) or "none"
        return f"| {self.event} | {self.version} | `{self.command}` | {named} | {self.code} | {self.after} |"


RSA = HEAD + CERTIFICATES + "    key: rsa-2048\n" + NAS
NAMED = "  certificate: {{services: [Fixed]}}\n"
TWICE = HEAD + CERTIFICATES.replace("synology}}", "synology, again: synology}}") + NAS
OUTCOMES = (
    Outcome("the answer to the new account is lost", "7.2.1", _lose("SYNO.Core.User.create"), "apply", 0),
    Outcome("the answer to the new default is lost", "7.2.1", _lose("SYNO.Core.Certificate.CRT.set"), "apply", 0),
    Outcome("the answer about services is lost", "7.2.1", _lose("SYNO.Core.Certificate.Service.set"), "apply", 0),
    Outcome("the answer to the new task is lost", "7.2.1", _lose("SYNO.Core.TaskScheduler.create"), "apply", 0),
    Outcome("the answer to the upload is lost", "7.2.1", _lose("SYNO.Core.Certificate.import"), "apply", 0),
    Outcome("a task's update does not take", "7.2.1", _change_task, "apply", 0),
    Outcome("HTTP is redirected to HTTPS", "7.2.1", _redirect, "apply", 69, ("dsm.redirected",), 69),
    Outcome("a service never moves, `services: all`", "7.2.1", _fix_service, "apply", 0),
    Outcome(
        "a service never moves, and is named",
        "7.2.1",
        _fix_service,
        "apply",
        4,
        ("dsm.not_assigned",),
        4,
        "  certificate: {{services: [Fixed]}}\n",
    ),
    Outcome("the scheduler knows version 3 at most", "7.3", lambda _: None, "apply", 0),
    Outcome("DSM 6 and a key ec-256", "6.2", lambda _: None, "apply", 4, ("dsm.key_unsupported",), 4),
    Outcome("DSM 6 and a key rsa-2048", "6.2", lambda _: None, "apply", 0, text=RSA),
    Outcome(
        "two targets of one description", "7.2.1", lambda _: None, "check", 78, ("config.invalid",), 78, text=TWICE
    ),
)


# What the others come to is shown in tests/process/test_dsm_certificates.py and tests/unit/synology.
IN_EVERY_RUN = (
    "the answer to the new task is lost",
    "HTTP is redirected to HTTPS",
    "a service never moves, and is named",
    "the scheduler knows version 3 at most",
    "DSM 6 and a key ec-256",
    "two targets of one description",
)


def test_the_manual_shows_each_of_them() -> None:
    assert {row.line() for row in OUTCOMES} <= set(PAGE.read_text(encoding="utf-8").splitlines())
    assert set(IN_EVERY_RUN) <= {row.event for row in OUTCOMES}


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row.event, marks=() if row.event in IN_EVERY_RUN else pytest.mark.slow) for row in OUTCOMES],
)
def test_a_command_ends_as_the_manual_says(  # noqa: PLR0917  they are fixtures
    row: Outcome, tmp_path: Path, acme_sh_311: Path, issued_home: Path, pebble: Pebble, webserver: WebServer
) -> None:
    with DsmSimulator(row.version, account="boss", password=PASSWORD) as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        machine.environment["BOSS"] = PASSWORD
        if row.text is not RSA:
            machine.adopt(issued_home)
        machine.configure(row.text.replace("{more}", row.more))
        row.change(machine)
        before = len(nas.writes)
        done = machine.run("--json", row.command)
        assert (done.returncode, ids(done.document)) == (row.code, list(row.ids)), done
        again = machine.run("--json", row.command)
        assert again.returncode == row.after, again
        sent = [(one.name, str(one.parameters)) for one in nas.writes[before:]]
        assert len(sent) == len(set(sent))  # nothing was written twice


@pytest.mark.slow
def test_every_call_that_is_made_is_in_the_manual(
    tmp_path: Path, acme_sh_311: Path, issued_home: Path, pebble: Pebble, webserver: WebServer
) -> None:
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `SYNO.")]
    documented = {f"{api}.{method}" for row in rows for api in _quoted(row[1]) for method in _quoted(row[2])}
    with DsmSimulator("7.3", account="boss", password=PASSWORD) as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        machine.environment["BOSS"] = PASSWORD
        machine.adopt(issued_home)
        machine.configure((HEAD + CERTIFICATES + NAS).replace("{more}", ""))
        _fix_service(machine)
        assert machine.run("apply").returncode == 0
        assert "DSM lets nobody choose a certificate for: QuickConnect, Fixed" in machine.run("doctor").stdout
        for words in ("issue --force", "cron", "schedule run --wait 1", "schedule remove --yes"):
            machine.run(*words.split())
        machine.run("doctor", "--support-file", str(tmp_path / "nas.json"))
        made = {request.name for request in nas.requests}
    assert made - documented == set()
    assert documented - made == {
        f"SYNO.Core.{name}" for name in ("Group.Member.change", "TaskScheduler.set", "User.set")
    }


def _quoted(cell: str) -> List[str]:
    return re.findall("`([^`]+)`", cell)


def ids(document: Mapping[str, Any]) -> List[str]:
    failures = [document["error"], *(step["failure"] for step in document["steps"])]
    return sorted({one["id"] for one in failures if one is not None and one["id"] != "step.skipped"})
