"""A real cron daemon fires the entry that `apply` made, under its own bare environment."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import CERTIFICATES, HEAD, PASSWORD, SYNOLOGY, Machine, as_root

SCHEDULE = "schedule: {{every: 1m, by: crontab, log: task.log}}\n"


def crontab(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(["crontab", *words], input=text, capture_output=True, text=True, check=False)


@pytest.fixture
def start_cron() -> Iterator[Callable[[], None]]:
    """Starts cron, if none runs; the user's own table is put aside meanwhile, and comes back."""
    before = crontab("-l")
    crontab("-r")
    started: List[subprocess.Popen[bytes]] = []

    def start() -> None:
        daemon = subprocess.Popen(as_root("cron", "-f"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            daemon.wait(1)  # where one runs already; a job of one that has ended, such as certbot's, bears its name
        except subprocess.TimeoutExpired:
            started.append(daemon)

    try:
        yield start
    finally:
        crontab("-r")
        if before.returncode == 0:
            crontab("-", text=before.stdout)
        for daemon in started:
            subprocess.run(as_root("kill", str(daemon.pid)), check=True)
            daemon.wait(10)


def test_cron_renews_and_delivers_what_is_due_and_logs_both_streams(  # noqa: PLR0917  they are fixtures
    tmp_path: Path,
    acme_sh_311: Path,
    pebble: Pebble,
    webserver: WebServer,
    issued_home: Path,
    start_cron: Callable[[], None],
) -> None:
    with DsmSimulator(password=PASSWORD) as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas, real_crontab=True)
        machine.configure(HEAD + CERTIFICATES + SYNOLOGY + SCHEDULE)
        broken = Machine(tmp_path / "broken", acme_sh_311, pebble, webserver, nas, real_crontab=True)
        broken.adopt(issued_home)
        broken.configure(HEAD + CERTIFICATES + SYNOLOGY + SCHEDULE)
        for one in (machine, broken):
            done = one.run("apply", "--only", "nas")
            assert done.returncode == 0, done
        assert crontab("-l").stdout.count("# BEGIN acmewrap") == 2
        machine.make_due()  # so that the first run of cron renews it
        nas_serves = machine.served()
        first = machine.on_disk()
        (broken.folder / "acmewrap.yaml").write_text("nonsense: true\n", encoding="utf-8")

        start_cron()
        log, complaint = machine.folder / "task.log", broken.folder / "task.log"
        wait_for(log, "steps done")
        wait_for(complaint, "What to do: ")  # on standard error
        crontab("-r")
        wait_for_end(machine)

        text = log.read_text(encoding="utf-8")
        assert "renew nas: done" in text
        assert "deploy nas to dsm: done" in text
        assert machine.on_disk() != first
        assert machine.served() == machine.on_disk() != nas_serves
        assert log.stat().st_mode & 0o077 == 0


def test_of_four_files_that_are_applied_at_once_each_has_its_entry(  # noqa: PLR0917  they are fixtures
    tmp_path: Path,
    acme_sh_311: Path,
    pebble: Pebble,
    webserver: WebServer,
    issued_home: Path,
    start_cron: Callable[[], None],  # noqa: ARG001  for the table
) -> None:
    crontab("-", text="# mine\n")
    machines = []
    for name in ("a", "b", "c", "d"):
        machine = Machine(
            tmp_path / name, acme_sh_311, pebble, webserver, DsmSimulator(password=PASSWORD), real_crontab=True
        )
        machine.adopt(issued_home)
        machine.configure(HEAD + CERTIFICATES.partition("    deploy:")[0] + SCHEDULE)
        machines.append(machine)
    started = [machine.start("apply") for machine in machines]
    ends = [(*one.communicate(timeout=120), one.returncode) for one in started]
    assert [code for *_, code in ends] == [0] * 4, ends
    table = crontab("-l").stdout
    assert table.startswith("# mine\n")
    for machine in machines:
        assert table.count(f"# BEGIN acmewrap {machine.folder}/acmewrap.yaml\n") == 1
        assert machine.run("plan").stdout.startswith("Nothing to do")


def wait_for(path: Path, words: str) -> None:
    deadline = time.monotonic() + 180
    while not path.exists() or words not in path.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, path.read_text(encoding="utf-8") if path.exists() else f"no {path}"
        time.sleep(0.2)


def wait_for_end(machine: Machine) -> None:
    deadline = time.monotonic() + 60
    while machine.processes():
        assert time.monotonic() < deadline
        time.sleep(0.1)
