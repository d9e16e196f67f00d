"""All checks at once, told of in their order as soon as each is known, and never longer than a few seconds."""

from __future__ import annotations

import queue
import threading
import time
from itertools import chain
from typing import TYPE_CHECKING, Callable, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..catalogue import failure
from ..config.model import Config
from ..engine.context import RunContext
from ..engine.engine import Engine
from ..errors import AcmewrapError
from . import authority, challenges, delivery, machine, upkeep
from .finding import Check, DoctorContext, Finding, NotLooked

DEADLINE = 4.0
"""Seconds after which a check that waits for the network is given up."""

_THREADS = 16

Listener = Callable[[Check, Tuple[Finding, ...], Optional[str]], None]
if TYPE_CHECKING:
    Outcome = Tuple[Tuple[Finding, ...], Optional[str]]
    Result = queue.SimpleQueue[Outcome]


def examine(patient: DoctorContext, listener: Optional[Listener] = None) -> Tuple[Finding, ...]:
    """Every finding, in the order of the checks. ``listener`` is told of each check, what it found, and why it did not look."""
    checks = list(
        chain(
            machine.checks(patient),
            upkeep.checks(patient),
            authority.checks(patient),
            challenges.checks(patient),
            delivery.checks(patient),
        )
    )
    deadline = time.monotonic() + DEADLINE
    found: List[Finding] = []
    for check, result in zip(checks, _start(checks)):
        try:
            findings, reason = result.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            told = failure("doctor.no_answer", f"{check.name}: no answer within {DEADLINE:.0f} seconds")
            findings, reason = (Finding(told),), None
        if listener is not None:
            listener(check, findings, reason)
        found.extend(findings)
    return tuple(found)


def mend(findings: Iterable[Finding], config: Config, environ: Mapping[str, str]) -> Tuple[AcmewrapError, ...]:
    """Mend what can be mended, every other run kept out meanwhile; what did not work is returned.

    Raises :class:`BusyError` when another run is at work.
    """
    errors: List[AcmewrapError] = []
    with Engine(config, RunContext(environ)).hold():
        for finding in findings:
            if finding.mend is not None:
                try:
                    finding.mend()
                except AcmewrapError as error:
                    errors.append(error)
    return tuple(errors)


def _start(checks: Sequence[Check]) -> List[Result]:
    """Begin all checks; each answers into a queue of its own. The threads are daemons: one that hangs must not hold the exit."""
    waiting: queue.SimpleQueue[Tuple[Check, Result]] = queue.SimpleQueue()
    results: List[Result] = [queue.SimpleQueue() for _ in checks]
    for pair in zip(checks, results):
        waiting.put(pair)
    for _ in range(min(_THREADS, len(checks))):
        threading.Thread(target=_work, args=(waiting,), daemon=True).start()
    return results


def _work(waiting: queue.SimpleQueue[Tuple[Check, Result]]) -> None:
    while True:
        try:
            check, result = waiting.get_nowait()
        except queue.Empty:
            return
        result.put(_perform(check))


def _perform(check: Check) -> Outcome:
    findings: List[Finding] = []
    reason: Optional[str] = None
    try:
        findings.extend(check.look())
    except NotLooked as why:
        reason = str(why)
    except AcmewrapError as error:
        findings.append(Finding(error.failure))
    except OSError as error:
        told = failure("file.failed", f"{check.name}: {error.filename or ''} {error.strerror or error}")
        findings.append(Finding(told))
    return tuple(findings), reason
