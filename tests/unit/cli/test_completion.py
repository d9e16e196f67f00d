"""Completion knows the words of the command line, all of them and no others."""

from __future__ import annotations

import re

import pytest

from acmewrap import cli
from acmewrap.cli import completion, parser
from acmewrap.cli.manual import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_every_option_is_in_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for name, command in completion.commands().items():
        assert re.search(rf"\b{name}\b", script)
        for option in completion.options(command):
            for flag in option.flags:
                assert (f"-l {flag[2:]}" if shell == "fish" and flag.startswith("--") else flag.lstrip("-")) in script


def test_the_commands_are_those_of_the_manual() -> None:
    assert list(completion.commands()) == list(COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_quotes_in_a_help_text_do_not_end_the_script(shell: str) -> None:
    lines = [line for line in completion.script(shell).splitlines() if "#" not in line]
    assert all(line.replace("'\\''", "").count("'") % 2 == 0 for line in lines)


def test_help_of_every_command_shows_examples_that_the_parser_takes() -> None:
    for name, command in completion.commands().items():
        assert "examples:" in command.format_help(), name
    for page in COMMANDS.values():
        joined = "\n".join(page.examples).replace("\\\n", " ")
        for line in joined.splitlines():
            words = line.partition("   #")[0].partition(" > ")[0].split()
            if words[:1] == ["acmewrap"]:
                assert parser.parse(words[1:]).command
