"""Commands that perform a plan, or show it: whoever asks, the engine is the same, and what is said here is how it went."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Tuple

from ... import frozen
from ...engine.results import Run
from ...errors import AcmewrapError, ConfigurationWarning, ExitCode
from ...job import Job
from ...plan.steps import Step
from ..invocation import Invocation, checked
from ..output import LOOKING

# Of the names of certificates and the options that were given, each takes what means something to it.
_METHODS: Mapping[str, Callable[..., Run]] = {
    "apply": Job.apply,
    "install": lambda job, *_, force: job.install(force=force),
    "render": lambda job, *_, force: job.render(),  # noqa: ARG005
    "issue": Job.issue,
    "deploy": Job.deploy,
    "cron": Job.cron,
}


def perform(invocation: Invocation) -> ExitCode:
    """Do what the command may, or with ``--dry-run`` only show it."""
    options, job, names = invocation.options, invocation.job(), invocation.names()
    if options.dry_run:
        return _show(invocation, job, options.command)
    chosen: Dict[str, Any] = {"force": options.force}
    if getattr(options, "prune", False):
        chosen["prune"] = True
        if not options.yes:
            chosen["agreed"] = _agreed(invocation, job)
            if chosen["agreed"] is None:
                return ExitCode.OK
    printer = invocation.printer
    with printer.following() as listener:
        done = _METHODS[options.command](frozen.replace(job, listener=listener), *names, **chosen)
    code = _report(invocation, job, names, done)
    if options.command == "apply" and code == ExitCode.OK and not options.yes and printer.can_ask():
        change = None
        with contextlib.suppress(AcmewrapError):  # where the file cannot be edited, the warning says what to write
            change = job.adjust_schedule(pretend=True)
        if change is not None:
            from .actions import adjust

            return adjust(invocation, job, change)
    return code


def replace(invocation: Invocation) -> ExitCode:
    """Replace a certificate that others know the key of, or go on with that."""
    options, printer, job = invocation.options, invocation.printer, invocation.job()
    leaf = job.leaf(options.name)
    begun = any(step.kind == "revoke" for step in job.plan(options.name, command="replace").steps)
    what = f"{options.name}, serial {leaf.serial}, for {', '.join(leaf.names)}"
    goes_on = begun and not options.force
    if options.dry_run:
        rest = "and revoke it once another is proven"
        return invocation.report_actions([f"go on replacing {options.name}" if goes_on else f"replace {what}, {rest}"])
    consequences = [f"This replaces {what}.", "Once another is proven it is revoked, which cannot be undone."]
    if not goes_on and not invocation.confirm(consequences):
        return ExitCode.OK
    with printer.following() as listener:
        following = frozen.replace(job, listener=listener)
        done = following.replace(options.name, force=options.force, sha256=leaf.sha256)
    return _report(invocation, job, (options.name,), done)


def _report(invocation: Invocation, job: Job, names: Tuple[str, ...], done: Run) -> ExitCode:
    options, printer = invocation.options, invocation.printer
    if options.command == "apply":
        printer.warn(map(str, _warnings(invocation, job)))
    if not done.plan.steps and not done.plan.state.unread:
        from ...report import failures

        printer.nothing()
        printer.lines(failures.pause_lines(done.plan.state, time.time()))
        printer.lines(failures.monitoring_lines(done.monitoring), always=True)
        if printer.as_json:
            printer.document(ExitCode.OK, certificates=job.status(*names, run=done), monitoring=done.monitoring)
        return ExitCode.OK
    from ...report import screen

    printer.lines(screen.run_lines(done), always=bool(done.plan.state.unread))
    if printer.as_json:
        from ...report import document

        printer.document(done.exit_code, **document.of_run(done), certificates=job.status(*names, run=done))
    return done.exit_code


def _warnings(invocation: Invocation, job: Job) -> Iterator[ConfigurationWarning]:
    """What the file should not say; also of a schedule that is too rare for what has just been issued, which `check` refuses."""
    from ...config import locate
    from ...config.cleartext import find_warnings
    from ...plan import interval_check
    from ...state.machine import read_state
    from ...state.model import CERTIFICATE_PARTS

    yield from find_warnings(job.config, invocation.environ)
    state = read_state(job.config, CERTIFICATE_PARTS)
    for find in (interval_check.find_problems, interval_check.find_warnings):
        yield from locate.warnings(job.config.file, find(job.config, state))


def plan(invocation: Invocation) -> ExitCode:
    return _show(invocation, invocation.job(), "apply")


def rehearse(invocation: Invocation) -> ExitCode:
    """Order into a home that is thrown away."""
    options, printer, job = invocation.options, invocation.printer, invocation.job()
    names = invocation.names()
    if options.server is not None:
        from ...config.sections.scalars import SERVER

        checked("--server", options.server, SERVER.parse)
    if options.dry_run:
        return invocation.report_actions(
            f"order {wanted.name} ({', '.join(wanted.domains)}) at {options.server or job.config.authority_of(wanted).server}, "
            "and keep nothing of it"
            for wanted in job.config.select(*names)
        )
    from ...report import document, screen

    bundle = Path(os.path.abspath(options.ca_bundle)) if options.ca_bundle is not None else None
    with printer.following() as listener:
        done = frozen.replace(job, listener=listener).rehearse(*names, server=options.server, ca_bundle=bundle)
    printer.lines(screen.rehearsal_lines(done), always=done.exit_code != ExitCode.OK)
    printer.document(done.exit_code, **document.of_run(done))
    return done.exit_code


def _agreed(invocation: Invocation, job: Job) -> Optional[Tuple[Step, ...]]:
    """What somebody agrees to have removed; None when they do not."""
    from ...report import wording

    with invocation.printer.waiting(LOOKING):
        planned = job.plan(*invocation.names(), force=invocation.options.force, prune=True)
    doomed = tuple(step for step in planned.steps if step.kind == "remove")
    subjects = (f"  {wording.subject_of(step)}" for step in doomed)
    consequences = ["This removes what the file no longer names:", *subjects]
    return None if doomed and not invocation.confirm(consequences) else doomed


def _show(invocation: Invocation, job: Job, command: Any) -> ExitCode:
    from ...report import screen

    options, printer = invocation.options, invocation.printer
    with printer.waiting(LOOKING):
        prune = getattr(options, "prune", False)
        planned = job.plan(*invocation.names(), command=command, force=options.force, prune=prune)
    steps = tuple(step for step in planned.steps if step not in planned.blocked)
    pending = bool(steps) and getattr(options, "exit_code", False)
    code = next((one.exit_code for one in planned.failures), ExitCode.PENDING if pending else ExitCode.OK)
    printer.lines(screen.plan_lines(planned, printer.width), always=True)
    if printer.as_json:
        from ...engine.verbs.status import assess

        parts = {"plan": steps, "blocked": planned.blocked, "leftovers": planned.leftovers, "changed": bool(steps)}
        seen = assess(job.config, planned.state, time.time())
        printer.document(code, **parts, unread=planned.state.unread, certificates=seen)
    return code
