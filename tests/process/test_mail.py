"""Mail about a failed run arrives at a real mail server, whichever scheduler started it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Iterator, Mapping

import pytest

from acmewrap.config.model import Schedule
from acmewrap.schedule.crontab import CrontabEntry
from acmewrap.schedule.systemd import Units
from booted import RECIPIENT, Booted

pytestmark = [
    pytest.mark.slow,  # postfix, cron and a systemd of its own, which `make test` does not install
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and postfix are root's"),
]
REPOSITORY = Path(__file__).resolve().parents[2]
FILE = Path("/srv/acmewrap/acmewrap.yaml")
LOG = FILE.with_name("task.log")
COMMAND = (sys.executable, "-I", str(REPOSITORY / "acmewrap" / "__main__.py"), "--config", str(FILE), "cron")
SCHEDULE = Schedule(every_seconds=60, mail=RECIPIENT)
UNITS = Units(
    "acmewrap-srv", FILE, SCHEDULE, (COMMAND,), LOG, (FILE.parent,), folder=Path("/etc/systemd/system"), system=True
)


@pytest.fixture(scope="module")
def machine() -> Iterator[Booted]:
    with Booted() as machine:
        assert machine.run("postfix", "start").returncode == 0
        yield machine


def lay(machine: Booted, texts: Mapping[Path, str], owner: str = "root") -> None:
    for path, text in texts.items():
        machine.run("install", "-D", "-m", "644", "/dev/stdin", str(path), text=text)
    machine.run("chown", "-R", owner, str(FILE.parent))
    machine.run("systemctl", "daemon-reload")


@pytest.mark.parametrize("user", ["", "daemon"])
def test_a_service_that_fails_has_its_own_unit_send_the_end_of_the_log(machine: Booted, user: str) -> None:
    units = replace(UNITS, user=user)
    lay(machine, {**units.render(), FILE: "nonsense: true\n"}, user or "root")
    assert machine.run("systemctl", "start", f"{units.name}.service").returncode != 0
    message = machine.mail()
    assert f"To: {RECIPIENT}" in message
    assert f"Subject: acmewrap failed: {FILE}" in message
    assert "What to do: Fix the lines above" in message
    assert machine.run("systemctl", "is-failed", f"{units.name}-failure.service").stdout.strip() != "failed"
    verified = machine.run("systemd-analyze", "verify", f"{units.name}.service", f"{units.name}-failure.service")
    assert (verified.returncode, verified.stderr) == (0, "")
    exposure = machine.run("systemd-analyze", "security", f"{units.name}-failure.service").stdout
    assert float(exposure.rpartition("service: ")[2].split()[0]) < (7.0 if user else 3.5)


def test_cron_sends_what_the_entry_prints_when_the_run_failed(machine: Booted) -> None:
    entry = CrontabEntry(str(FILE), SCHEDULE, (COMMAND,), LOG)
    lay(machine, {FILE: "nonsense: true\n"})
    machine.run("crontab", "-", text=entry.render())
    machine.run("sh", "-c", "cron -f </dev/null >/dev/null 2>&1 &")
    message = machine.mail(130)
    machine.run("crontab", "-r")
    assert f"To: {RECIPIENT}" in message
    assert "acmewrap failed, the end of its log:" in message
    assert "What to do: Fix the lines above" in message
