"""Commands that bring the machine to what the file asks for: one engine, and which kinds of steps each may do."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import AbstractSet, Dict, Mapping, Optional, Tuple

from .. import paths
from ..config import Config
from ..engine.job import Job
from ..errors import ExitCode
from ..host import log
from ..plan.planner import Plan, PlanOptions
from ..plan.steps import CERTIFICATE_KINDS, OBTAINING_KINDS, Kind, Step
from ..state.machine import ALL_PARTS, CERTIFICATE_PARTS, FAR_PARTS, Part, State, read_state
from . import quiet
from .invocation import Command, Invocation
from .output import LOOKING

_KINDS: Dict[str, Tuple[Kind, ...]] = {
    "apply": PlanOptions().kinds,
    "plan": PlanOptions().kinds,
    "install": ("install",),
    "render": ("bundle", "render"),
    "issue": OBTAINING_KINDS,
    "deploy": ("deploy",),
    "cron": CERTIFICATE_KINDS,
}

# What a command looks at, where that is not everything: `install` must not log in to a NAS.
_PARTS: Dict[str, AbstractSet[Part]] = {
    "install": frozenset(("release",)),
    "render": frozenset(("wrapper", "bundle")),
    "issue": CERTIFICATE_PARTS,
    "cron": CERTIFICATE_PARTS,
}


def converge(invocation: Invocation) -> ExitCode:
    """Read the file, read the machine, plan; execute unless only the plan was asked for; report."""
    options, printer = invocation.options, invocation.printer
    started, config = time.time(), invocation.load()
    unattended = options.command == "cron"
    if unattended and not options.dry_run:
        log.rotate(paths.log_path(config))
    job = Job(
        config,
        PlanOptions(
            _KINDS[options.command],
            options.force,
            respect_backoff=unattended,
            reissue_on_change=not unattended,
            prune=getattr(options, "prune", False),
        ),
        _PARTS.get(options.command, ALL_PARTS),
        invocation.select(config),
        invocation.environ,
        options.timeout,
    )
    only_shown = options.command == "plan" or options.dry_run
    if job.options.prune and not only_shown and not options.yes:
        agreed = _agreed(invocation, job)
        if agreed is None:
            return ExitCode.OK
        job = replace(job, options=replace(job.options, agreed=agreed))
    if only_shown or not job.parts & FAR_PARTS:
        with printer.waiting(LOOKING):
            state, planned = job.look()
        if only_shown:
            return _show(invocation, config, state, planned)
        if not planned.steps:
            if quiet.may_apply(options):
                quiet.remember(config, state, invocation.environ, started)
            return _report_nothing(invocation, config, state)
    return _execute(invocation, job)


def _agreed(invocation: Invocation, job: Job) -> Optional[Tuple[Step, ...]]:
    """What somebody agrees to have removed; None when they do not."""
    from ..report import wording

    with invocation.printer.waiting(LOOKING):
        _, planned = job.look()
    doomed = tuple(step for step in planned.steps if step.kind == "remove")
    consequences = [
        "This removes what the file no longer names:",
        *(f"  {wording.subject_of(step)}" for step in doomed),
    ]
    return None if doomed and not invocation.confirm(consequences) else doomed


def _report_nothing(invocation: Invocation, config: Config, state: State) -> ExitCode:
    printer = invocation.printer
    printer.lines([quiet.NOTHING])
    if printer.as_json:
        printer.document(ExitCode.OK, certificates=invocation.describe(config, state))
    return ExitCode.OK


def _show(invocation: Invocation, config: Config, state: State, planned: Plan) -> ExitCode:
    from ..report import screen

    printer = invocation.printer
    pending = bool(planned.steps) and getattr(invocation.options, "exit_code", False)
    code = ExitCode.PENDING if pending else ExitCode.OK
    printer.lines(screen.plan_lines(planned), always=True)
    if printer.as_json:
        parts = {"plan": planned.steps, "leftovers": planned.leftovers, "changed": bool(planned.steps)}
        printer.document(code, **parts, certificates=invocation.describe(config, state))
    return code


def _execute(invocation: Invocation, job: Job) -> ExitCode:
    from ..report import screen

    printer = invocation.printer
    with printer.following() as listener:
        done = job.execute(listener)
    if done.found is not None and not done.plan.steps:
        return _report_nothing(invocation, job.config, done.found)
    printer.lines(screen.run_lines(done))
    if printer.as_json:
        from ..report import document

        after = read_state(job.config, CERTIFICATE_PARTS, job.only)
        certificates = invocation.describe(job.config, after, done)
        printer.document(done.exit_code, **document.of_run(done), certificates=certificates)
    return done.exit_code


COMMANDS: Mapping[str, Command] = dict.fromkeys(_KINDS, converge)
