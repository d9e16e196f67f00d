"""The timer of systemd, with a systemctl that writes down what it is reported."""

from __future__ import annotations

import os
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
