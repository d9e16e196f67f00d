"""Entries of schedulers that should not be there: a former version's, a gone file's, and those of whoever runs acme.sh besides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from acmewrap.config import Config
from acmewrap.config.model import Schedule
from acmewrap.reasons import Plain
from acmewrap.schedule import backends, crontab, others, systemd
from acmewrap.schedule.others import OtherEntry, in_crontab, runs_acme_sh
from acmewrap.state.machine import read_schedule
from acmewrap.system import privileges
from wanted import make_config

ENVIRON = {"HOME": "/home/user"}


@pytest.fixture
def config() -> Config:
    return make_config(directory=Path("/srv/acme"), schedule=Schedule(daily=(1, 2), by="systemd"))


@pytest.mark.parametrize(
    ("line", "works_here"),
    [
        ('0 0 * * * "/srv/acme/.acme.sh"/acme.sh --cron --home "/srv/acme/.acme.sh" > /dev/null', True),
        ("0 0 * * * /srv/acme/acme.sh --cron", True),
        ("5 4 * * * cd / && /bin/sh /opt/acme.sh --cron --config-home /srv/acme/.acme.sh", True),
        ("Run: /bin/bash -c '/usr/local/share/acme.sh/acme.sh --renew --home /srv/acme/.acme.sh/'", True),
        ("0 0 * * * /srv/acme/src/acme.sh/acme.sh --cron --home=/elsewhere", True),
        ("0 0 * * * /opt/acme.sh --cron --home /root/.acme.sh", False),
        ("0 0 * * * /opt/acme.sh --cron", False),
        ("0 0 * * * tar c /srv/acme/.acme.sh", False),
        ("0 0 * * * echo it's acme.sh", False),
    ],
)
def test_only_what_runs_acme_sh_on_these_homes_is_found(config: Config, line: str, works_here: bool) -> None:
    assert runs_acme_sh(config, line, ENVIRON) is works_here


@pytest.mark.parametrize("home", ["~", "$HOME", "/home/user", "${HOME}"])
def test_the_home_of_the_user_is_known_however_it_is_written(config: Config, home: str) -> None:
    authority = replace(config.authorities["internal"], home=Path("/home/user/.acme.sh"))
    config = replace(config, authorities={"internal": authority})
    assert runs_acme_sh(config, f"0 0 * * * {home}/.acme.sh/acme.sh --cron", ENVIRON)
    assert runs_acme_sh(config, "0 0 * * * /opt/acme.sh --cron", ENVIRON)  # which is where acme.sh looks by itself


def test_a_crontab_tells_its_former_entry_those_of_gone_files_and_foreign_ones(config: Config, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.touch()
    foreign = "0 0 * * * /srv/acme/acme.sh --cron"
    text = "".join(
        f"# BEGIN acmewrap {file}\n{foreign}\n# END acmewrap {file}\n" for file in (config.file, "/gone.yaml", other)
    )
    found = tuple(in_crontab(config, f"{text}# {foreign}\n{foreign}\n", ENVIRON))
    assert found == (
        OtherEntry("crontab", str(config.file), Plain.NOT_CONFIGURED),
        OtherEntry("crontab", "/gone.yaml", Plain.FILE_GONE),
        OtherEntry("crontab", foreign, Plain.RUNS_ACME_SH),
    )
    wanted = replace(config, schedule=Schedule(daily=(1, 2), by="crontab"))
    assert next(in_crontab(wanted, text, ENVIRON)).name == "/gone.yaml"


def test_units_lie_in_the_folder_of_the_environment_that_is_given(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ, folder = {"XDG_CONFIG_HOME": str(tmp_path)}, tmp_path / "systemd" / "user"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "of-the-process"))
    monkeypatch.setattr(privileges, "may_be_root", lambda: False)
    monkeypatch.setattr(crontab, "read", str)
    monkeypatch.setattr(systemd.Units, "_control", lambda *_, **__: "enabled")
    units = backends.open_scheduler(config, environ)
    assert read_schedule(config, environ) == ("missing", None)
    units.ensure()
    assert {path.suffix for path in folder.iterdir()} == {".service", ".timer"}
    assert read_schedule(config, environ) == ("same", None)

    unwanted = replace(config, schedule=None)
    (found,) = others.find(unwanted, environ)
    backends.remove_other(found, unwanted, environ)
    assert list(folder.iterdir()) == []
