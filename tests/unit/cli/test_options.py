"""An option that means nothing to a command is refused by it, wherever it stands, and its help does not show it."""

from __future__ import annotations

from typing import Dict, List, Tuple

import pytest

from acmewrap import cli
from acmewrap.cli.manual import COMMANDS

ALL = ("--only", "--force", "--dry-run")
MEAN_SOMETHING: Dict[str, Tuple[str, ...]] = {
    "init": ("--force", "--dry-run"),
    "check": (),
    "plan": ("--only", "--force"),
    "apply": ALL,
    "status": ("--only",),
    "report": ("--only",),
    "doctor": ("--only", "--dry-run"),
    "rehearse": ("--only", "--dry-run"),
    "issue": ALL,
    "deploy": ALL,
    "cron": ALL,
    "schedule": ("--dry-run",),
    "install": ("--force", "--dry-run"),
    "render": ("--dry-run",),
    "releases": (),
    "pin": ("--dry-run",),
    "upgrade": ("--force", "--dry-run"),
    "self-update": ("--force", "--dry-run"),
    "revoke": ("--dry-run",),
    "run": (),
    "schema": (),
    "completion": (),
    "demo": (),
    "version": (),
}
MORE: Dict[str, List[str]] = {
    "schedule": ["show"],
    "self-update": ["--rollback"],
    "pin": ["acme.tar"],
    "revoke": ["nas"],
    "completion": ["bash"],
}


def test_every_command_is_in_the_table() -> None:
    assert set(MEAN_SOMETHING) == set(COMMANDS)


@pytest.mark.parametrize("command", MEAN_SOMETHING)
@pytest.mark.parametrize("flag", ALL)
def test_an_option_is_shown_by_those_to_which_it_means_something_and_refused_by_the_others(
    command: str, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    shown = capsys.readouterr().out.partition("examples:")[0].partition("common options:")[2]
    assert (flag in shown) == (flag in MEAN_SOMETHING[command])
    if flag in MEAN_SOMETHING[command]:
        return
    words = [flag, "nas"] if flag == "--only" else [flag]
    more = MORE.get(command, [])
    for line in ([*words, command, *more], [command, *words, *more]):
        with pytest.raises(SystemExit) as ended:
            cli.main(line)
        assert ended.value.code == 2
        assert f"{flag} means nothing to the command {command}" in capsys.readouterr().err
