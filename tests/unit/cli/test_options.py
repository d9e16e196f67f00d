"""An option that means nothing to a command is refused by it, wherever it stands, and its help does not show it."""

from __future__ import annotations

from typing import Dict, List, Tuple

import pytest

from acmewrap import cli
from acmewrap.cli import parser, scheduled
from acmewrap.cli.parser import ALSO_TRIED
from acmewrap.engine.verbs.revocation import REASONS
from acmewrap.report.manual import COMMANDS, OPTIONS

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
    "monitoring": ("--dry-run",),
    "install": ("--force", "--dry-run"),
    "render": ("--dry-run",),
    "releases": (),
    "pin": ("--dry-run",),
    "upgrade": ("--force", "--dry-run"),
    "self-update": ("--force", "--dry-run"),
    "replace": ("--force", "--dry-run"),
    "revoke": ("--dry-run",),
    "run": (),
    "schema": (),
    "completion": (),
    "demo": (),
    "version": (),
}
MORE: Dict[str, List[str]] = {
    "schedule": ["show"],
    "monitoring": ["test"],
    "self-update": ["--rollback"],
    "pin": ["acme.tar"],
    "replace": ["nas", "--compromised"],
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


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_80_columns_and_leaves_no_word_alone_on_a_line(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"] if command else ["--help"])
    assert not ended.value.code
    shown = capsys.readouterr().out.splitlines()
    assert [line for line in shown if len(line) > 80] == []
    assert [line for line in shown if len(line.split()) == 1 and not line.endswith(":")] == []


@pytest.mark.parametrize("command", [name for name, page in COMMANDS.items() if "--force" in page.takes])
def test_help_says_what_force_does_to_this_very_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["--force"])
    assert line.split()[1:]
    assert OPTIONS["--force"] not in line


def test_help_of_a_command_can_be_asked_for_in_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for words in (["help", "plan"], ["plan", "--help"], ["help"], ["--help"]):
        with pytest.raises(SystemExit):
            cli.main(words)
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] != shown[2] == shown[3]


def test_the_version_is_a_command_and_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    shown = capsys.readouterr().out
    assert cli.main(["version"]) == 0
    assert shown == capsys.readouterr().out
    assert shown.startswith("acmewrap ")


@pytest.mark.parametrize(
    ("tried", "meant"),
    [
        *(("renew", "apply"), ("renew", "issue"), ("list", "status"), ("validate", "check"), ("certonly", "issue")),
        ("history", "report"),
        *(("aply", "apply"), ("statsu", "status"), ("Plan", "plan")),
    ],
)
def test_a_command_of_another_program_or_with_a_typo_is_answered_with_the_one_that_was_meant(
    tried: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([tried])
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert f"there is no command {tried!r}" in shown
    assert f"  acmewrap {meant} " in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


@pytest.mark.parametrize("words", [["plan", "-f"], ["check", "nas"], ["run", "--list"], ["check", "--force"]])
def test_what_a_command_does_not_take_is_answered_with_its_usage(
    words: List[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(words)
    assert capsys.readouterr().err.startswith(f"usage: acmewrap {words[0]} [options]")


def test_every_answer_to_a_command_of_another_program_is_a_command() -> None:
    assert {name for names in ALSO_TRIED.values() for name in names} <= set(COMMANDS)
    assert not set(ALSO_TRIED) & set(COMMANDS)


def test_each_command_takes_one_line_of_the_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    commands = capsys.readouterr().out.partition("commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in commands] == list(COMMANDS)


@pytest.mark.parametrize("command", ["plan", "apply", "status", "doctor", "issue", "deploy", "rehearse"])
def test_commands_about_certificates_take_their_names(command: str) -> None:
    assert parser.parse([command, "nas", "mail"]).names == ["nas", "mail"]


def test_two_formats_at_once_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for line in (["status", "--json", "--format", "prometheus"], ["--json", "status", "--format", "prometheus"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(line)
        assert ended.value.code == 2
        assert "--format prometheus and --json are two formats" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["cron"], ["-q", "cron"], ["-c", "a.yaml", "cron"], ["cron", "--config", "a.yaml", "--quiet"]]
)
def test_the_words_of_an_entry_mean_the_same_without_argparse(words: List[str]) -> None:
    assert scheduled.parse(words) == parser.parse(words)


@pytest.mark.parametrize(
    "words",
    [[], ["apply"], ["cron", "nas"], ["cron", "--json"], ["-c", "cron"], ["-c", "-q", "cron"], ["-ca.yaml", "cron"]],
)
def test_any_other_words_are_left_to_argparse(words: List[str]) -> None:
    assert scheduled.parse(words) is None


@pytest.mark.parametrize("reason", range(11))
def test_a_reason_to_revoke_is_one_that_the_history_can_name(reason: int) -> None:
    words = ["revoke", "nas", "--reason", str(reason)]
    if reason in REASONS:
        assert parser.parse(words).reason == reason
        return
    with pytest.raises(SystemExit):
        parser.parse(words)
