"""All checks at once, reported in their order as soon as each is known, and never longer than a few seconds."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterable, List, Optional, Sequence, Tuple

from .. import paths, unexpected
from ..engine import history
from ..engine.context import RunContext, explain
from ..engine.engine import Engine
from ..engine.results import Run, StepResult
from ..engine.steps import machine as machine_steps
from ..errors import AcmewrapError
from ..failures import failure
from ..formats.timefmt import instant
from ..plan.planner import Plan
from . import authority, challenges, delivery, dsm, machine, upkeep
from .finding import Check, Checked, DoctorContext, DoctorNotice, Fact, Finding, Fixed, NotLooked

DEADLINE = 4.0
"""Seconds after which a check that waits for the network is given up."""

_THREADS = 16

Listener = Callable[[DoctorNotice], None]
if TYPE_CHECKING:
    Result = queue.SimpleQueue[Checked]


def examine(context: DoctorContext, listener: Optional[Listener] = None) -> Tuple[Finding, ...]:
    """Every finding, in the order of the checks. ``listener`` is given each as it is known."""
    modules = (machine, upkeep, authority, challenges, delivery, dsm)
    checks = [check for module in modules for check in _checks(module.checks, context)]
    deadline = time.monotonic() + DEADLINE
    found: List[Finding] = []
    for check, result in zip(checks, _start(checks, paths.reports_folder(context.config))):
        try:
            checked = result.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            late = failure("doctor.no_answer", f"{check.name}: no answer within {DEADLINE:.0f} seconds")
            checked = Checked(check.name, (Finding(late),))
        if listener is not None:
            listener(checked)
        found.extend(checked.findings)
    return tuple(found)


def examine_and_fix(context: DoctorContext, listener: Optional[Listener] = None) -> Tuple[Finding, ...]:
    """Examine, fix what is safe to fix, and examine again if there was any. Raises what :func:`fix` raises."""
    findings = examine(context, listener)
    fixable = tuple(finding for finding in findings if finding.fix is not None)
    if not fixable:
        return findings
    fixed = Fixed(fixable, fix(fixable, context))
    if listener is not None:
        listener(fixed)
    return examine(context, listener)


def fix(findings: Iterable[Finding], context: DoctorContext) -> Tuple[AcmewrapError, ...]:
    """Fix what can be fixed, every other run kept out meanwhile; what did not work is returned.

    Raises :class:`BusyError` when another run is at work.
    """
    errors: List[AcmewrapError] = []
    results: List[StepResult] = []
    config, started = context.config, instant(context.clock())
    with Engine(config, RunContext(context.environ, context.clock)).hold() as barred:
        for finding in findings:
            if finding.fix is not None:
                try:
                    machine_steps.perform(finding.fix, context.environ)
                    results.append(StepResult(finding.fix, "done"))
                except Exception as error:
                    errors.append(explain(error, config, finding.fix))
                    results.append(StepResult.failed(finding.fix, errors[-1]))
        history.note(config, "doctor", Run(Plan(), tuple(results), started, instant(context.clock())), barred)
    return tuple(errors)


def _checks(make: Callable[[DoctorContext], Iterable[Check]], context: DoctorContext) -> Iterable[Check]:
    """What a module of this package looks at, or why it cannot tell what that would be."""
    try:
        return tuple(make(context))
    except AcmewrapError as error:
        finding = Finding(error.failure)
        return (Check("the state of the homes", lambda: (finding,)),)


def _start(checks: Sequence[Check], reports: Path) -> List[Result]:
    """Begin all checks; each answers into a queue of its own. The threads are daemons: one that hangs must not hold the exit."""
    waiting: queue.SimpleQueue[Tuple[Check, Result]] = queue.SimpleQueue()
    results: List[Result] = [queue.SimpleQueue() for _ in checks]
    for pair in zip(checks, results):
        waiting.put(pair)
    for _ in range(min(_THREADS, len(checks))):
        threading.Thread(target=_work, args=(waiting, reports), daemon=True).start()
    return results


def _work(waiting: queue.SimpleQueue[Tuple[Check, Result]], reports: Path) -> None:
    while True:
        try:
            check, result = waiting.get_nowait()
        except queue.Empty:
            return
        result.put(_perform(check, reports))


def _perform(check: Check, reports: Path) -> Checked:
    findings: List[Finding] = []
    facts: List[Fact] = []
    reason: Optional[str] = None
    try:
        for seen in check.look():
            if isinstance(seen, Fact):
                facts.append(seen)
            else:
                findings.append(seen)
    except NotLooked as why:
        reason = str(why)
    except Exception as error:
        findings.append(Finding(unexpected.explain(error, reports, check.name).failure))
    return Checked(check.name, tuple(findings), reason, tuple(facts))
