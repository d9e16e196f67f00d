"""Completion for shells: argcomplete asks the parser, so that it cannot know other words than the command line does."""

from __future__ import annotations

import argparse
import contextlib
import os
from types import SimpleNamespace
from typing import Iterable

from ...errors import AcmewrapError, ExitCode
from ...formats.text import Lines
from .. import parser
from ..invocation import Invocation
from ..output import Printer


def completion(invocation: Invocation) -> ExitCode:
    """The script that has the shell start this program at each TAB, where :func:`answer` answers."""
    from argcomplete.shell_integration import shellcode

    text = shellcode([parser.PROGRAM], use_defaults=False, shell=invocation.options.shell)  # type: ignore[no-untyped-call]
    script = str(text).strip()
    invocation.printer.raw(script)
    invocation.printer.document(ExitCode.OK, script=Lines(f"{script}\n"))
    return ExitCode.OK


def answer() -> None:
    """Tell the shell what can stand where the cursor is (argcomplete's protocol), and exit."""
    import argcomplete

    argcomplete.autocomplete(parser.build(), default_completer=_values)  # type: ignore[arg-type]


def _values(prefix: str, action: argparse.Action, parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """What an argument can be for which the parser has no choices."""
    if action.metavar in parser.PATHS:
        from argcomplete.completers import FilesCompleter

        return FilesCompleter()(prefix)  # type: ignore[no-untyped-call,no-any-return]
    if action.dest == "to":
        from ...driver.release import pin

        return pin.releases()
    with contextlib.suppress(AcmewrapError, OSError):  # the command itself says what is wrong
        if action.metavar == "NAME" and action.dest != "domain":
            options = SimpleNamespace(**vars(parsed_args))
            config = Invocation(options, dict(os.environ), Printer(options)).job().config
            return config.authorities if action.dest == "authority" else config.certificates
    return ()
