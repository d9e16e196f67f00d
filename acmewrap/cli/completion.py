"""Completion for shells, made from the parser, so that it cannot know other words than the command line does."""

from __future__ import annotations

import argparse
from typing import Dict, List, Mapping, NamedTuple

from ..errors import ExitCode
from ..text import Lines
from . import parser as words
from .invocation import Command, Invocation


class Option(NamedTuple):
    """``takes``: nothing, one of ``choices``, a ``file``, or a ``value`` nobody can guess."""

    flags: List[str]
    takes: str
    choices: List[str]
    help: str


def completion(invocation: Invocation) -> ExitCode:
    text = script(invocation.options.shell)
    invocation.printer.lines(text.rstrip("\n").split("\n"), always=True)
    invocation.printer.document(ExitCode.OK, script=Lines(text))
    return ExitCode.OK


def script(shell: str) -> str:
    """The script for bash, zsh or fish, to be evaluated."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def commands() -> Dict[str, argparse.ArgumentParser]:
    """The commands in the order of the help."""
    group = next(action for action in words.build()._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001
    return dict(group.choices)


def options(parser: argparse.ArgumentParser) -> List[Option]:
    """What begins with a dash, in the order of the help."""
    return [
        Option(
            list(action.option_strings),
            _takes(action),
            [str(choice) for choice in action.choices or ()],
            action.help or "",
        )
        for action in parser._actions  # noqa: SLF001 - argparse has no other way to ask
        if action.option_strings and action.help != argparse.SUPPRESS
    ]


def _takes(action: argparse.Action) -> str:
    if action.nargs == 0:
        return "nothing"
    if action.choices:
        return "choices"
    return "file" if action.metavar in ("FILE", "FOLDER") else "value"


def _positional(parser: argparse.ArgumentParser) -> List[str]:
    return [str(choice) for one in parser._actions if not one.option_strings for choice in one.choices or ()]  # noqa: SLF001


def _bash() -> str:
    cases, values = [], []
    for name, parser in commands().items():
        flags = [flag for option in options(parser) for flag in option.flags]
        cases.append(f'    {name}) words="{" ".join(flags + _positional(parser))}" ;;')
        for option in options(parser):
            if option.choices:
                pattern = "|".join(f"{name}:{flag}" for flag in option.flags)
                values.append(
                    f'    {pattern}) COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$word")); return ;;'
                )
    known = {
        flag for parser in commands().values() for one in options(parser) if one.takes == "file" for flag in one.flags
    }
    free = {
        flag for parser in commands().values() for one in options(parser) if one.takes == "value" for flag in one.flags
    }
    return _BASH.format(
        commands=" ".join(commands()),
        cases="\n".join(cases),
        values="\n".join(values),
        files="|".join(sorted(known)),
        free="|".join(sorted(free)),
        alternatives="|".join(commands()),
    )


def _zsh() -> str:
    described = "\n".join(f"    {_quote(f'{name}:{_summary(parser)}')}" for name, parser in commands().items())
    cases = []
    for name, parser in commands().items():
        lines = [_zsh_option(flag, option) for option in options(parser) for flag in option.flags]
        if _positional(parser):
            lines.append(_quote(f"1: :({' '.join(_positional(parser))})"))
        cases.append(f"    {name}) _arguments {' '.join(lines)} ;;")
    return _ZSH.format(commands=described, cases="\n".join(cases))


def _zsh_option(flag: str, option: Option) -> str:
    action = {"nothing": "", "choices": f": :({' '.join(option.choices)})", "file": ": :_files", "value": ": :"}
    text = option.help.replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
    return _quote(f"*{flag}[{text}]{action[option.takes]}")


def _fish() -> str:
    lines = ["complete -c acmewrap -f"]
    for name, parser in commands().items():
        unset = "__fish_use_subcommand"
        lines.append(f"complete -c acmewrap -n {unset} -a {name} -d {_quote(_summary(parser))}")
        seen = f"'__fish_seen_subcommand_from {name}'"
        for option in options(parser):
            shown = " ".join(f"-l {one[2:]}" if one.startswith("--") else f"-s {one[1:]}" for one in option.flags)
            takes = {
                "nothing": "",
                "file": " -r -F",
                "value": " -x",
                "choices": f" -x -a {_quote(' '.join(option.choices))}",
            }
            lines.append(f"complete -c acmewrap -n {seen} {shown}{takes[option.takes]} -d {_quote(option.help)}")
        if _positional(parser):
            lines.append(f"complete -c acmewrap -n {seen} -a {_quote(' '.join(_positional(parser)))}")
    return "\n".join(lines) + "\n"


def _summary(parser: argparse.ArgumentParser) -> str:
    return (parser.description or "").partition("\n")[0].rstrip(".")


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


_BASH = """\
_acmewrap() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command="" one words
  COMPREPLY=()
  for one in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$one" in {alternatives}) command="$one"; break ;; esac
  done
  case "$command:$before" in
{values}
  esac
  case "$before" in
    {files}) COMPREPLY=($(compgen -f -- "$word")); return ;;
    {free}) return ;;
  esac
  case "$command" in
{cases}
    *) words="{commands} --help --config --json" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o filenames -F _acmewrap acmewrap
"""

_ZSH = """\
#compdef acmewrap
_acmewrap() {{
  local -a commands
  commands=(
{commands}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
{cases}
  esac
}}
compdef _acmewrap acmewrap
"""


COMMANDS: Mapping[str, Command] = {"completion": completion}
