"""The entry of the unattended run in its scheduler: shown, started, removed. It is `apply` that makes it."""

from __future__ import annotations

from typing import Mapping

from ..errors import ExitCode
from ..text import Lines
from .invocation import Command, Invocation


def schedule(invocation: Invocation) -> ExitCode:
    """Perform one of ``show``, ``run`` and ``remove``."""
    from ..schedule.backends import open_scheduler

    options, printer, config = invocation.options, invocation.printer, invocation.load()
    scheduler = open_scheduler(config, invocation.environ)
    if options.action == "show":
        entry = scheduler.show()
        printer.lines(entry.splitlines() or ["There is no entry; `acmewrap apply` makes it."], always=True)
        printer.document(ExitCode.OK, entry=Lines(entry) if entry else None)
        return ExitCode.OK
    if options.action == "remove":
        lines = scheduler.show().splitlines()
        if options.dry_run:
            return invocation.tell_actions([f"remove the entry: {' / '.join(lines)}"] if lines else [])
        question = ["This removes the entry, and nothing is renewed unattended any more:", *lines]
        if lines and not invocation.confirm(question):
            return ExitCode.OK
        removed = scheduler.remove()
        printer.lines(["Removed." if removed else "There was no entry."])
        printer.document(ExitCode.OK, changed=removed)
        return ExitCode.OK
    if options.dry_run:
        scheduler.check_start()
        return invocation.tell_actions(["have the scheduler start the unattended run now"])
    outcome = scheduler.start(options.wait)
    code = ExitCode.UNEXPECTED if outcome.succeeded is False else ExitCode.OK
    printer.lines([outcome.message, *(f"  | {line}" for line in outcome.lines)], always=True)
    parts = {"succeeded": outcome.succeeded, "message": outcome.message, "lines": outcome.lines}
    printer.document(code, changed=True, **parts)
    return code


COMMANDS: Mapping[str, Command] = {"schedule": schedule}
