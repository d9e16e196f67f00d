"""The scripts that have a shell ask for completion, and the examples in the manual."""

from __future__ import annotations

import argparse
from typing import Iterator

import pytest

from acmewrap import cli
from acmewrap.cli import parser
from acmewrap.report.manual import COMMANDS

REGISTERS = {
    "bash": " acmewrap\n",
    "zsh": "compdef _python_argcomplete acmewrap\n",
    "fish": "complete --command acmewrap",
}


@pytest.mark.parametrize("shell", REGISTERS)
def test_the_script_has_the_shell_ask_acmewrap(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert REGISTERS[shell] in script
    assert "_ARGCOMPLETE" in script


def test_help_of_every_command_shows_examples_that_the_parser_takes(capsys: pytest.CaptureFixture[str]) -> None:
    for name, page in COMMANDS.items():
        with pytest.raises(SystemExit):
            parser.parse([name, "--help"])
        assert "examples:" in capsys.readouterr().out, name
        joined = "\n".join(page.examples).replace("\\\n", " ")
        for line in joined.splitlines():
            words = line.partition("   #")[0].partition(" > ")[0].split()
            if words[:1] == ["acmewrap"]:
                assert parser.parse(words[1:]).command


# Of the values that no list of choices completes: those that are no path.
OTHERS = {"ADDRESS", "HEX", "NAME", "PORT", "SECONDS", "URL", "VERSION", "-- ARGS"}


def actions(of: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from actions(command)
        elif action.nargs != 0 and action.choices is None:
            yield action


def test_every_value_is_known_to_be_a_path_or_to_be_none() -> None:
    assert {action.metavar for action in actions(parser.build())} == {*parser.PATHS, *OTHERS}
