"""Every known version of DSM, from an administrator alone to the task that runs unattended: docs/dsm.md shows the outcome."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from acmewrap.testing.dsm import NAMES, DsmSimulator, Task
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import CERTIFICATES, HEAD, Done, Machine

NAS = """\
synology:
  url: {nas}
  account: {{name: certupdater, password: {{file: made/dsm.password}}}}
  certificate: {{description: "{description}"}}
  {administrator}
  verify: {{host: 127.0.0.1, port: {port}, name: nas.internal.test, timeout: 5s}}
schedule: {{daily: "04:55", by: dsm, mail: ops@example.com}}
"""
ADMINISTRATOR = "administrator: {name: boss, password: {env: BOSS}}"
PASSWORD = "boss's $ecret"
RIGHT = "right"


class Cell:
    """One NAS and the steps on it; ``outcomes`` has what is wrong with each, or RIGHT."""

    def __init__(self, machine: Machine, description: str) -> None:
        self.machine = machine
        self.description = description
        self.outcomes: Dict[str, str] = {}

    def step(self, name: str, done: Done, **facts: Tuple[object, object]) -> None:
        """*facts*: what is, and what should be."""
        wrong = [f"{fact}: {found!r}" for fact, (found, wanted) in facts.items() if found != wanted]
        if done.returncode:
            wrong.append(f"exit {done.returncode}: {' | '.join(_ids(done.stdout + done.stderr))}")
        self.outcomes[name] = "; ".join(wrong) or RIGHT


def _ids(text: str) -> List[str]:
    return [line.strip()[:200] for line in text.splitlines() if "[" in line] or [text.strip()[-300:]]


# The newest through the tools in every run, beside what test_nas.py has; all of them in `make test-all`.
CELLS = [(version, kind) for version in NAMES for kind in ("web", "tools")]


@pytest.mark.slow
@pytest.mark.parametrize(("version", "kind"), CELLS)
def test_a_nas_of_every_version_is_provisioned_renewed_and_scheduled(  # noqa: PLR0917  they are fixtures
    version: str, kind: str, tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    with DsmSimulator(version, account="boss", password=PASSWORD) as nas:
        store, state = nas.state.certificates, nas.state
        if state.generation >= 7:  # who may not be moved is shown by DSM 7 alone
            store.add_fixed_service("system", "fixed", "Fixed")
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        key = "key: rsa-2048\n    challenge" if state.generation < 7 else "challenge"
        text = HEAD + CERTIFICATES.replace("challenge", key) + NAS
        # Every character that a description may hold and the hook can match; where DSM writes escapes, those that it cannot.
        description = "Gr\u00fc\u00dfe a/b" if state.preset.escapes_unicode else "acme !#$%&'()*+,-.:;<=>?@[]^_`{|}~ z"
        machine.configure(text, administrator=ADMINISTRATOR if kind == "web" else "", description=description)
        if kind == "web":
            machine.environment["BOSS"] = PASSWORD
        else:
            nas.write_tools(machine.folder / "tools")
            machine.run_by_root = True
            if os.geteuid() != 0:
                nas.user.uid = os.geteuid() - 1
                (webserver.root / ".well-known").mkdir(exist_ok=True)
        cell = Cell(machine, description)
        try:
            walk(cell)
        finally:
            print(json.dumps({f"{version} {kind}": cell.outcomes}))  # for the table in docs/dsm.md
        assert cell.outcomes == dict.fromkeys(cell.outcomes, RIGHT)
        page = (Path(__file__).resolve().parents[2] / "docs" / "dsm.md").read_text(encoding="utf-8").splitlines()
        assert {f"| {step} {'| right ' * 2 * len(NAMES)}|" for step in cell.outcomes} <= set(page)


def walk(cell: Cell) -> None:
    machine, nas = cell.machine, cell.machine.nas
    state, store = nas.state, nas.state.certificates
    done = machine.run("apply")
    user = state.users.get("certupdater")
    shares = {name: share.permissions.get("certupdater", "") for name, share in state.shares.items()}
    cell.step(
        "account",
        done if user is None else Done(0, "", ""),
        settings=(user and (user.expired, user.cannot_change_password), ("normal", True)),
        administrators=(state.groups["administrators"], ["boss", "certupdater"]),
        shares=(shares, {name: "" if name == "homes" else "NA" for name in shares}),
        applications=([one for one in state.applications if state.may_use(one, "certupdater")], ["SYNO.Desktop"]),
    )
    entries = store.by_description(cell.description)
    used = {service.name for service in store.services if entries and service.certificate == entries[0].id}
    cell.step(
        "certificate, default, services",
        Done(0, "", "") if entries else done,
        default=(store.default in {entry.id for entry in entries}, True),
        services=(used, {"system/default", "smbftpd/ftpd"}),
    )
    tasks = list(state.tasks.values())
    cell.step("task is created", Done(0, "", ""), owners=([one.owner for one in tasks], ["certupdater"]))
    cell.step("apply exits 0", done)

    before = len(nas.writes)
    again = machine.run("apply")
    cell.step(
        "second apply",
        again,
        output=(again.stdout, "Nothing to do.\n"),
        writes=([one.name for one in nas.writes[before:]], []),
    )
    machine.run("issue", "--force")
    renewed = machine.run("cron")
    cell.step("renewal", renewed, served=(machine.served() == machine.on_disk(), True))

    for change, value in (("hour", 1), ("week_day", "1"), ("repeat_date", 1003)):
        for task in state.tasks.values():
            task.schedule[change] = value
        machine.run("apply")
        now = [task.schedule[change] for task in state.tasks.values()]
        cell.step(f"task is updated: {change}", Done(0, "", ""), right=(value not in now and len(now) == 1, True))
    nas.change(tasks_change=False)
    for task in state.tasks.values():
        task.schedule["hour"] = 1
    machine.run("apply")
    hours = [task.schedule["hour"] for task in state.tasks.values()]
    cell.step("update that does not take", Done(0, "", ""), hours=(hours, [4]))
    ran: List[str] = []

    def run_task(task: Task) -> int:
        ran.append(task.name)
        return 0

    state.run_task = run_task
    cell.step("schedule run", machine.run("schedule", "run", "--wait", "3"), ran=(len(ran), 1))
    cell.step("schedule remove", machine.run("schedule", "remove", "--yes"), tasks=(list(state.tasks), []))
