"""What earlier schedulers and other people left: named by plan and doctor, removed by `apply --prune`, whichever came before."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, List

import pytest

from acmewrap import cli
from acmewrap.schedule import systemd
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.dsm.state import Task
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import ACCOUNT, CERTIFICATES, HEAD, PASSWORD, SYNOLOGY, Machine

SCHEDULE = "schedule: {{every: 6h, by: {by}}}\n"
ALL = ("crontab", "systemd", "dsm")


class Place:
    """A machine with cron, systemd and a NAS, whose certificate is served everywhere already."""

    def __init__(self, machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.machine, folder = machine, machine.folder
        self.table, self.units, self.enabled = folder / "table", folder / "units", folder / "enabled"
        self.units.mkdir()
        self.enabled.mkdir()
        machine.tool("crontab", f"case $1 in -l) cat {self.table} ;; *) cat >{self.table} ;; esac")
        self.table.touch()
        machine.tool(
            "systemctl",
            "for unit; do :; done\n"  # the last word
            f'case "$*" in *is-enabled*) [ -e {self.enabled}/$unit ] && echo enabled ;;\n'
            f"*disable*) rm -f {self.enabled}/$unit ;; *enable*) touch {self.enabled}/$unit ;; esac; true",
        )
        monkeypatch.setattr(systemd, "_SYSTEM", self.units)
        for name in ("PATH", "HOME"):
            monkeypatch.setenv(name, machine.environment[name])

    def wants(self, by: str) -> None:
        self.machine.configure(HEAD + CERTIFICATES + SYNOLOGY + SCHEDULE, by=by)

    def run(self, *words: str) -> str:
        """In this process, in which the folder of units is another one."""
        self.capsys.readouterr()
        code = cli.main(["--config", str(self.machine.folder / "acmewrap.yaml"), *words])
        said = self.capsys.readouterr()
        return f"{code}\n{said.out}{said.err}"

    def entries(self) -> List[str]:
        """The schedulers that have one."""
        found = {
            "crontab": bool(self.table.read_text(encoding="utf-8").strip()),
            "systemd": any(self.enabled.iterdir()),
            "dsm": bool(self.machine.nas.state.tasks),
        }
        return [name for name, there in found.items() if there]


@pytest.fixture
def place(  # noqa: PLR0917
    tmp_path: Path,
    acme_sh_311: Path,
    pebble: Pebble,
    webserver: WebServer,
    issued_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Place]:
    """Where root's units lie elsewhere than the machine's own."""
    with DsmSimulator(password=PASSWORD) as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        machine.adopt(issued_home)
        yield Place(machine, monkeypatch, capsys)


def walk(place: Place, old: str, new: str) -> None:
    for by in (old, new):
        place.wants(by)
        done = place.run("apply")
        assert done[0] == "0", done
    assert place.entries() == [name for name in ALL if name in (old, new)]
    assert "Left over: " in place.run("plan")
    assert "doctor.other_entry" in place.run("doctor")
    assert place.run("apply", "--prune", "--yes")[0] == "0"
    assert place.entries() == [new]
    assert "Left over: " not in place.run("plan")


def test_the_timer_that_cron_replaced_is_named_and_removed(place: Place) -> None:
    walk(place, "systemd", "crontab")


@pytest.mark.slow  # the same for every other pair
@pytest.mark.parametrize(
    ("old", "new"), [(old, new) for old in ALL for new in ALL if old != new and (old, new) != ("systemd", "crontab")]
)
def test_whatever_another_scheduler_replaced_is_named_and_removed(place: Place, old: str, new: str) -> None:
    walk(place, old, new)


@pytest.mark.slow  # a deployment; what is found where is shown by unit tests
def test_whoever_runs_acme_sh_on_the_same_home_is_named_and_removed(place: Place) -> None:
    place.wants("dsm")
    assert place.run("apply")[0] == "0"
    home = place.machine.folder / ".acme.sh"
    line = f'0 0 * * * "{home}"/acme.sh --cron --home "{home}" > /dev/null'
    place.table.write_text(f"1 1 * * * mine\n{line}\n", encoding="utf-8")
    (place.units / "acme.service").write_text(f"[Service]\nExecStart=/bin/sh {home}/acme.sh --cron\n", encoding="utf-8")
    (place.units / "acme.timer").write_text("[Timer]\nOnCalendar=daily\n", encoding="utf-8")
    (place.enabled / "acme.timer").touch()
    tasks = place.machine.nas.state.tasks
    tasks[99] = Task(99, "Renew", ACCOUNT, True, {"hour": 1, "minute": 2}, {"script": f"{home}/acme.sh --cron"})
    plan = place.run("plan")
    for name in (f"the crontab entry {line}", "the timer acme", "the task Renew"):
        assert f"Left over: {name} (runs acme.sh on the same certificates; apply --prune removes it)" in plan
    done = place.run("apply", "--prune", "--yes")
    assert done[0] == "0", done
    assert place.table.read_text(encoding="utf-8") == "1 1 * * * mine\n"
    assert not (place.enabled / "acme.timer").exists()
    assert 99 not in place.machine.nas.state.tasks, done
    assert "Left over" not in place.run("plan")
