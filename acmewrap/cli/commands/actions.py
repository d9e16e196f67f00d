"""Commands that do one thing, beside what the file asks for."""

from __future__ import annotations

import os
from typing import Optional

from ...engine.verbs.interval import IntervalChange
from ...errors import ExitCode, IssueError
from ...formats.text import Lines
from ...frozen import replace
from ...job import Job
from ..invocation import Invocation


def revoke(invocation: Invocation) -> ExitCode:
    """Revoke one certificate at its authority, and no other than the one that was agreed to."""
    options, job = invocation.options, invocation.job()
    name, leaf = options.name, job.leaf(options.name)
    server = job.config.authority_of(job.config.certificates[name]).server
    what = f"{name}, serial {leaf.serial}, for {', '.join(leaf.names)}, at {server}"
    if options.dry_run:
        return invocation.report_actions([f"revoke {what}"])
    if not invocation.confirm([f"This revokes {what}.", "Clients may refuse it from now on. It cannot be undone."]):
        return ExitCode.OK
    result = job.revoke(name, options.reason, sha256=leaf.sha256)
    if result.failure is not None:
        raise IssueError(result.failure)
    serial = leaf.serial
    invocation.printer.lines([f"Revoked: {name}, serial {serial}. The next `acmewrap apply` issues another one."])
    revoked = {"name": name, "serial": serial, "sha256": leaf.sha256}
    invocation.printer.document(ExitCode.OK, changed=True, revoked=revoked)
    return ExitCode.OK


def schedule(invocation: Invocation) -> ExitCode:
    """Perform one of ``show``, ``run``, ``adjust`` and ``remove`` on the entry of the scheduled run."""
    options, printer, job = invocation.options, invocation.printer, invocation.job()
    scheduler = job.schedule()
    if options.action == "adjust":
        return adjust(invocation, job, job.adjust_schedule(pretend=True))
    if options.action == "show":
        entry = scheduler.show()
        printer.lines(entry.splitlines() or ["There is no entry; `acmewrap apply` makes it."], always=True)
        printer.document(ExitCode.OK, entry=Lines(entry) if entry else None)
        return ExitCode.OK
    if options.action == "remove":
        lines = scheduler.show().splitlines()
        if options.dry_run:
            return invocation.report_actions([f"remove the entry: {' / '.join(lines)}"] if lines else [])
        question = ["This removes the entry, and nothing is renewed unattended any more:", *lines]
        if lines and not invocation.confirm(question):
            return ExitCode.OK
        removed = scheduler.remove()
        printer.lines(["Removed." if removed else "There was no entry."])
        printer.document(ExitCode.OK, changed=removed)
        return ExitCode.OK
    if options.dry_run:
        scheduler.check_start()
        return invocation.report_actions(["have the scheduler start the unattended run now"])
    outcome = scheduler.start(options.wait)
    code = ExitCode.UNEXPECTED if outcome.succeeded is False else ExitCode.OK
    printer.lines([outcome.message, *(f"  | {line}" for line in outcome.lines)], always=True)
    parts = {"succeeded": outcome.succeeded, "message": outcome.message, "lines": outcome.lines}
    printer.document(code, changed=True, **parts)
    return code


def adjust(invocation: Invocation, job: Job, change: Optional[IntervalChange]) -> ExitCode:
    """Write the interval that is needed, if somebody agrees to it."""
    from ...report import screen

    printer, file = invocation.printer, job.config.file
    if change is not None:
        if invocation.options.dry_run:
            printer.lines(change.diff, always=True)
            return invocation.report_actions([f"write `every: {change.every}` into {file} and the scheduler"])
        question = [f"This writes how often a run is needed into {file} and the scheduler:", *change.diff]
        if not invocation.confirm(question):
            return ExitCode.OK
        with printer.following() as listener:
            change = replace(job, listener=listener).adjust_schedule()
    if change is None or change.run is None:
        printer.nothing()
        printer.document(ExitCode.OK)
        return ExitCode.OK
    code = change.run.exit_code
    printer.lines(screen.run_lines(change.run))
    printer.document(code, changed=code == ExitCode.OK, every=change.every)
    return code


def monitoring(invocation: Invocation) -> ExitCode:
    """Send one message to each service, and show what was answered."""
    from ...report import screen

    printer, job = invocation.printer, invocation.job()
    if invocation.options.dry_run:
        return invocation.report_actions(["send one message to each service of `monitoring`, and write the metrics"])
    sent = job.test_monitoring()
    code = ExitCode.UNEXPECTED if any(one.failure for one in sent) else ExitCode.OK
    for one in sent:
        printer.lines(screen.sent_lines(one.service, one.status, one.answer, one.failure), always=True)
    printer.document(code, sent=sent)
    return code


def run(invocation: Invocation) -> ExitCode:
    """Become acme.sh, as the wrapper script starts it."""
    arguments = invocation.options.arguments
    script = str(invocation.job().wrapper(invocation.options.authority))
    words = arguments[1:] if arguments[:1] == ["--"] else arguments
    os.execve(script, [script, *words], dict(invocation.environ))  # noqa: S606 - the wrapper takes over, signals and all


def demo(invocation: Invocation) -> ExitCode:
    from ...testing import demo

    code = demo.perform(invocation.environ, lambda text: invocation.printer.lines(text.split("\n")))
    invocation.printer.document(code)
    return code
