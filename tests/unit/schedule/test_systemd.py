from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Dict, List

import pytest

from acmewrap.config.model import Schedule
from acmewrap.schedule import systemd
from acmewrap.schedule.systemd import Units

DAILY = Schedule(daily=(4, 5))


@pytest.fixture
def units(tmp_path: Path) -> Units:
    return Units(
        name="acmewrap-etc-acmewrap-config",
        source=Path("/etc/acmewrap/config.yaml"),
        schedule=DAILY,
        commands=(("/usr/bin/python3", "-m", "acmewrap", "--config", "/etc/acmewrap/config.yaml", "cron"),),
        log=Path("/var/lib/acmewrap/task.log"),
        writable=(Path("/var/lib/acmewrap"), Path("/var/www/html")),
        folder=tmp_path / "units",
        system=True,
    )


def service_of(units: Units) -> List[str]:
    return units.render()[units.folder / f"{units.name}.service"].splitlines()


def timer_of(units: Units) -> List[str]:
    return units.render()[units.folder / f"{units.name}.timer"].splitlines()


def test_the_service_may_write_where_it_has_to_and_nowhere_else(units: Units) -> None:
    lines = service_of(units)
    assert "ProtectSystem=strict" in lines
    assert "ProtectHome=read-only" in lines
    assert [line for line in lines if line.startswith("ReadWritePaths")] == [
        "ReadWritePaths=-/var/lib/acmewrap",
        "ReadWritePaths=-/var/www/html",
    ]
    assert "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER" in lines
    for bar in ("NoNewPrivileges=yes", "PrivateTmp=yes", "UMask=0077", "SystemCallFilter=@system-service"):
        assert bar in lines


def test_programs_of_the_configuration_have_what_programs_of_root_need(units: Units) -> None:
    lines = service_of(replace(units, runs_others=True))
    assert "ProtectSystem=full" in lines
    assert not any(line.startswith("CapabilityBoundingSet") for line in lines)


def test_a_service_of_another_user_has_its_log_opened_by_that_user(units: Units) -> None:
    lines = service_of(replace(units, user="admin"))
    assert "User=admin" in lines
    assert not any(line.startswith("StandardOutput=") for line in lines)
    (start,) = [line for line in lines if line.startswith("ExecStart=")]
    assert start.startswith('ExecStart=/bin/sh -c "( log=$$0; ')
    assert ' exec \\"$$@\\" )" /var/lib/acmewrap/task.log /usr/bin/python3 -m' in start


def test_only_a_service_that_listens_itself_gets_low_ports(units: Units) -> None:
    assert "CAP_NET_BIND_SERVICE" in "\n".join(service_of(replace(units, listens=True)))
    assert "CAP_NET_BIND_SERVICE" not in "\n".join(service_of(units))


def test_a_service_of_a_user_has_only_the_bars_that_need_no_privilege(units: Units) -> None:
    text = "\n".join(service_of(replace(units, system=False)))
    assert "NoNewPrivileges=yes" in text
    for bar in ("ProtectSystem", "PrivateTmp", "CapabilityBoundingSet", "ReadWritePaths"):
        assert bar not in text


def test_it_is_run_once_and_both_streams_are_appended_to_the_log(units: Units) -> None:
    lines = service_of(units)
    assert "Type=oneshot" in lines
    assert not [line for line in lines if line.startswith(("RemainAfterExit", "SuccessExitStatus"))]
    (start,) = [line for line in lines if line.startswith("ExecStart")]
    assert start.startswith("ExecStart=/bin/sh -c ")
    assert start.endswith(
        " /var/lib/acmewrap/task.log /usr/bin/python3 -m acmewrap --config /etc/acmewrap/config.yaml cron"
    )


def test_words_are_taken_by_systemd_as_they_are(units: Units) -> None:
    hard = replace(units, commands=(("/bin/a b", "100%", "$HOME", 'say "hi"', "back\\slash", ""),))
    (start,) = [line for line in service_of(hard) if line.startswith("ExecStart")]
    assert start.endswith(r' "/bin/a b" 100%% $$HOME "say \"hi\"" "back\\slash" ""')


@pytest.mark.parametrize(
    ("schedule", "pattern"),
    [
        (DAILY, r"\*-\*-\* 04:05:00"),
        (Schedule(every_seconds=6 * 3600), r"\*-\*-\* 0[0-5]/6:[0-5]\d:00"),
        (Schedule(every_seconds=3600), r"\*-\*-\* 00/1:[0-5]\d:00"),
        (Schedule(every_seconds=48 * 3600), r"\*-\*-\* [0-2]\d:[0-5]\d:00"),
        (Schedule(every_seconds=900), r"\*-\*-\* \*:(0\d|1[0-4])/15:00"),
        (Schedule(every_seconds=60), r"\*-\*-\* \*:00/1:00"),
    ],
)
def test_the_times_are_those_asked_for_and_the_rest_is_fixed_for_the_machine(
    units: Units, schedule: Schedule, pattern: str
) -> None:
    lines = timer_of(replace(units, schedule=schedule))
    (calendar,) = [line[len("OnCalendar=") :] for line in lines if line.startswith("OnCalendar=")]
    assert re.fullmatch(pattern, calendar)
    assert timer_of(replace(units, schedule=schedule)) == lines
    assert "Persistent=true" in lines


def test_units_lie_where_their_manager_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Dict[int, Path] = {}
    for user in (0, 1000):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        found[user] = systemd.folder_of_units({"XDG_CONFIG_HOME": str(tmp_path)})
    assert found == {0: Path("/etc/systemd/system"), 1000: tmp_path / "systemd" / "user"}


def test_mail_is_sent_by_a_unit_of_its_own_that_the_service_starts_when_it_fails(units: Units) -> None:
    assert not any(line.startswith("OnFailure=") for line in service_of(units))
    assert len(units.render()) == 2
    told = replace(units, schedule=replace(DAILY, mail="ops@example.com"))
    assert f"OnFailure={units.name}-failure.service" in service_of(told)
    lines = told.render()[units.folder / f"{units.name}-failure.service"].splitlines()
    (start,) = [line for line in lines if line.startswith("ExecStart=")]
    assert "sendmail -oi -t" in start
    assert "/var/lib/acmewrap/task.log ops@example.com" in start
    assert "$$1" in start  # systemd would put its own value in the place of $1
    own = replace(told, user="acmewrap").render()[units.folder / f"{units.name}-failure.service"].splitlines()
    for bar in (
        "UMask=0077",
        "ProtectSystem=strict",
        "ProtectHome=read-only",
        "PrivateTmp=yes",
        "TimeoutStartSec=5min",
    ):
        assert bar in lines
        assert bar in own
    # Programs that send mail are setuid or setgid; these imply the first for a service that is not root's (systemd.exec(5)).
    implying = (
        "SystemCall",
        "RestrictAddress",
        "RestrictNamespaces",
        "PrivateDevices",
        "ProtectKernel",
        "LockPersonality",
    )
    assert not any(line.startswith("NoNewPrivileges") for line in (*lines, *own))
    assert all(any(line.startswith(bar) for line in lines) for bar in implying)
    assert not any(line.startswith(implying) for line in own)
