"""The timer of systemd, with a systemctl that writes down what it is reported."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from acmewrap.config.model import Schedule
from acmewrap.errors import AccessError, CommandError
from acmewrap.schedule.backend import StartOutcome
from acmewrap.schedule.systemd import Units


@pytest.fixture
def units(tmp_path: Path) -> Units:
    return Units(
        name="acmewrap-etc-acmewrap-config",
        source=Path("/etc/acmewrap/config.yaml"),
        schedule=Schedule(daily=(4, 5)),
        commands=(("/usr/bin/python3", "-m", "acmewrap", "--config", "/etc/acmewrap/config.yaml", "cron"),),
        log=Path("/var/lib/acmewrap/task.log"),
        writable=(Path("/var/lib/acmewrap"), Path("/var/www/html")),
        folder=tmp_path / "units",
        system=True,
    )


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for systemctl; its words go to a file beside it, and what it answers is read from files beside it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "systemctl"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/words\n'
        f'case "$*" in *is-enabled*) cat {folder}/enabled ;; *Result*) cat {folder}/result ;; esac\n'
        f"[ ! -e {folder}/refuses ] || {{ echo 'Failed to reload: no bus' >&2; exit 1; }}\n"
    )
    program.chmod(0o755)
    (folder / "enabled").write_text("enabled\n")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def test_what_is_installed_is_found_the_same_and_any_change_is_seen(units: Units, systemctl: Path) -> None:
    assert units.drift() == "missing"
    units.ensure()
    words = (systemctl / "words").read_text().splitlines()
    assert words == ["daemon-reload", f"enable --now {units.name}.timer", f"is-enabled {units.name}.timer"]
    assert units.drift() == "same"
    assert replace(units, schedule=Schedule(daily=(5, 5))).drift() == "differs"
    (systemctl / "enabled").write_text("disabled\n")
    assert units.drift() == "differs"


def test_a_user_has_a_manager_of_its_own(units: Units, systemctl: Path) -> None:
    replace(units, system=False).ensure()
    assert set((systemctl / "words").read_text().splitlines()) == {
        "--user daemon-reload",
        f"--user enable --now {units.name}.timer",
        f"--user is-enabled {units.name}.timer",
    }


def test_units_of_somebody_else_are_not_overwritten(units: Units, systemctl: Path) -> None:
    units.folder.mkdir()
    (units.folder / f"{units.name}.timer").write_text("[Timer]\n")
    with pytest.raises(AccessError) as caught:
        units.ensure()
    assert caught.value.id == "file.foreign"
    assert not (systemctl / "words").exists()


def test_a_timer_that_systemd_does_not_keep_is_an_error(units: Units, systemctl: Path) -> None:
    (systemctl / "enabled").write_text("disabled\n")
    with pytest.raises(CommandError) as caught:
        units.ensure()
    assert caught.value.id == "schedule.not_kept"


def test_units_of_a_file_whose_path_gives_the_same_name_are_not_overwritten(units: Units, systemctl: Path) -> None:
    assert (systemctl / "enabled").exists()
    units.ensure()
    with pytest.raises(AccessError, match="another file") as caught:
        replace(units, source=Path("/etc/acmewrap-config.yaml")).ensure()
    assert caught.value.id == "file.foreign"
    assert units.drift() == "same"


def test_a_refusal_is_told_with_systemds_own_words(units: Units, systemctl: Path) -> None:
    (systemctl / "refuses").touch()
    with pytest.raises(CommandError, match="daemon-reload: Failed to reload: no bus") as caught:
        units.ensure()
    assert caught.value.id == "schedule.refused"


def test_a_machine_without_systemd_says_so(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CommandError) as caught:
        units.ensure()
    assert caught.value.id == "schedule.no_systemd"


def test_a_start_tells_how_it_ended(units: Units, systemctl: Path) -> None:
    (systemctl / "result").write_text("exit-code\n")
    assert units.start(60) == StartOutcome(False, "systemd says: exit-code")


def test_what_is_removed_is_gone(units: Units, systemctl: Path) -> None:
    assert not units.remove()
    units.ensure()
    assert units.remove()
    assert list(units.folder.iterdir()) == []
    assert f"disable --now {units.name}.timer" in (systemctl / "words").read_text()


def test_the_unit_that_sends_mail_comes_and_goes_with_the_key(units: Units, systemctl: Path) -> None:
    assert (systemctl / "enabled").exists()
    told = replace(units, schedule=replace(units.schedule, mail="ops@example.com"))
    failure = units.folder / f"{units.name}-failure.service"
    units.ensure()
    assert told.drift() == "differs"
    told.ensure()
    assert (failure.exists(), told.drift()) == (True, "same")
    failure.write_text(failure.read_text().replace("ops@", "nobody@"))
    assert told.drift() == "differs"
    told.ensure()
    assert units.drift() == "differs"  # one that nobody asks for any more
    units.ensure()
    assert (failure.exists(), units.drift()) == (False, "same")
    told.ensure()
    assert told.remove()
    assert list(units.folder.iterdir()) == []


def test_a_unit_of_somebody_else_by_the_name_of_that_one_stays(units: Units, systemctl: Path) -> None:
    assert (systemctl / "enabled").exists()
    units.folder.mkdir()
    failure = units.folder / f"{units.name}-failure.service"
    failure.write_text("[Service]\n")
    with pytest.raises(AccessError) as caught:
        replace(units, schedule=replace(units.schedule, mail="ops@example.com")).ensure()
    assert caught.value.id == "file.foreign"
    assert failure.read_text() == "[Service]\n"


@pytest.mark.slow  # postfix, which `make test` does not install
@pytest.mark.skipif(os.geteuid() != 0, reason="postfix is started by root")
def test_what_that_unit_starts_brings_the_end_of_the_log_through_a_real_mail_server(
    units: Units, tmp_path: Path
) -> None:
    etc, spool, mail = tmp_path / "etc", tmp_path / "spool", tmp_path / "mail"
    for folder in (etc, spool, mail):
        folder.mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if "pytest" in str(folder):
            folder.chmod(0o755)
    mail.chmod(0o1777)
    shutil.copy("/etc/postfix/master.cf", str(etc / "master.cf"))
    lines = [line for line in (etc / "master.cf").read_text().splitlines() if not line.startswith("smtp      inet")]
    (etc / "master.cf").write_text("\n".join(lines) + "\n")
    (etc / "main.cf").write_text(
        f"compatibility_level = 3.6\nqueue_directory = {spool}\ndata_directory = {tmp_path}/data\ninet_interfaces = loopback-only\n"
        f"mydestination = local.test\nmyhostname = local.test\nalias_maps =\nalias_database =\nmail_spool_directory = {mail}/\n"
        f"local_recipient_maps =\nmaillog_file = {tmp_path}/maillog\nmaillog_file_prefixes = {tmp_path}\n"
    )
    (tmp_path / "data").mkdir()
    shutil.chown(str(tmp_path / "data"), "postfix")
    log = tmp_path / "task.log"
    log.write_text("the authority did not answer\n")
    told = replace(units, log=log, schedule=replace(units.schedule, mail="root@local.test"))
    text = told.render()[units.folder / f"{units.name}-failure.service"]
    (start,) = re.findall("^ExecStart=(.*)$", text, re.MULTILINE)
    argv = shlex.split(start.replace("$$", "$").replace("%%", "%").replace("\\\\", "\\"))
    postfix = ("postfix", "-c", str(etc))
    subprocess.run([*postfix, "start"], check=True, capture_output=True, timeout=60)
    try:
        subprocess.run(argv, check=True, env={"MAIL_CONFIG": str(etc)}, timeout=30)
        deadline = time.monotonic() + 30
        while not list(mail.rglob("*local*")) and time.monotonic() < deadline:
            time.sleep(0.1)
        (message,) = (path.read_text() for path in mail.rglob("*") if path.is_file())
    finally:
        subprocess.run([*postfix, "stop"], check=False, capture_output=True, timeout=60)
    assert "Subject: acmewrap failed: /etc/acmewrap/config.yaml" in message
    assert "To: root@local.test" in message
    assert message.rstrip().endswith("the authority did not answer")
