"""Results as lines of text for people and logs; whoever calls it prints them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..engine.results import Run, StepResult
from ..errors import Failure
from ..failures.catalogue import CATALOGUE
from ..formats.layout import Line, table, text_of
from ..formats.text import counted, visible
from ..formats.timefmt import moment, span
from ..plan.planner import Plan
from ..plan.steps import DeployCertificate, ObtainCertificate
from ..reasons import NotObserved
from . import wording
from .failures import failure_lines, monitoring_lines

if TYPE_CHECKING:
    from ..engine.verbs.schedule_status import ScheduleStatus
    from ..engine.verbs.status import CertificateStatus, TargetStatus

# Every other state is red.
_COLOURS = {"valid": "green", "deployed": "green", "due": "yellow", "unverified": "yellow", "pending": "yellow"}
_SHOWN_SECONDS = 0.1
_BAD = {"unproven": "NOT PROVEN", "rolled_back": "ROLLED BACK"}


def plan_lines(plan: Plan, width: int = 0) -> Iterator[str]:
    """The steps of a plan with their reasons."""
    steps = [step for step in plan.steps if step not in plan.blocked]
    if steps:
        rows = [(step.kind, wording.subject_of(step), wording.reason_of(step)) for step in steps]
        yield from map(text_of, table([[[((visible(cell), ""),)] for cell in row] for row in rows], width))
        yield f"{counted(len(steps), 'step')} to do; nothing was changed."
    elif not plan.failures:
        yield "Nothing to do: everything is as the file asks for."
    yield from blocked_lines(plan)
    for step in plan.leftovers:
        yield f"Left over: {wording.subject_of(step)} ({wording.reason_of(step)}; apply --prune removes it)"
    for note in plan.notes:
        if not isinstance(note, NotObserved):
            yield f"Note: {wording.describe(note)}"


def blocked_lines(plan: Plan) -> Iterator[str]:
    """What can only fail, or could not be read, and what to do about it."""
    for failure in plan.failures:
        titles = [wording.title_of(step) for step in plan.blocked if getattr(step.reason, "failure", None) == failure]
        yield f"Cannot be done: {', '.join(titles)}" if titles else "Could not be read:"
        yield from failure_lines(failure)


def result_lines(result: StepResult, *, verbose: bool = False) -> Iterator[str]:
    """How one step ended; a failure with what is known of it and, last, what to do."""
    head = wording.title_of(result.step)
    if result.outcome == "done":
        yield f"{head}: done in {result.seconds:.1f} s"
        return
    if result.outcome == "skipped":
        yield f"{head}: skipped, a step before it failed"
        return
    after = f" after {result.seconds:.1f} s" if result.seconds >= _SHOWN_SECONDS else ""
    entry = None if result.failure is None else CATALOGUE.get(result.failure.id)
    ended = entry is not None and entry.interruption
    yield f"{head}: {'interrupted' if ended else _BAD.get(result.outcome, 'FAILED')}{after}"
    if result.failure is not None:
        yield from failure_lines(result.failure, verbose=verbose)


def run_lines(run: Run) -> Iterator[str]:
    """One line that sums up a run."""
    reported = {result.failure for result in run.results}
    for unread in (one for one in run.plan.state.unread if one not in reported):
        yield "Could not be read:"
        yield from failure_lines(unread)
    for command in run.commands:
        if command.failure is not None and command.moment == "after":  # one before is what steps failed of
            yield f"The command after the {'run' if run.results else 'plan'} failed:"
            yield from failure_lines(command.failure)
    yield from monitoring_lines(run.monitoring)
    skipped = sum(result.outcome == "skipped" for result in run.results)
    failed, total = sum(not result.ok for result in run.results) - skipped, len(run.results)
    if failed:
        also = f", {skipped} skipped" if skipped else ""
        yield f"{failed} of {counted(total, 'step')} failed{also} (exit code {int(run.exit_code)})."
        return
    deployed = [result.step for result in run.results if isinstance(result.step, DeployCertificate)]
    unproven = [step for step in deployed if step.destination.verify is None and step.destination.synology is None]
    seconds = (run.finished - run.started).total_seconds()
    proven = ", each deployment proven" if deployed and not unproven else ""
    yield f"{counted(total, 'step')} done in {seconds:.1f} s{proven}."
    if unproven:
        yield f"Not verified, as the file says (`verify: no`): {', '.join(map(wording.subject_of, unproven))}."


def sent_lines(service: str, status: Optional[int], answer: str, failure: Optional[Failure]) -> Iterator[str]:
    """What came of a message to *service*."""
    http = "" if status is None else f"HTTP {status} "
    yield f"{service}: {'ok' if failure is None else 'FAILED'} {http}{answer}".rstrip()
    if failure is not None:
        yield from failure_lines(failure)


def rehearsal_lines(run: Run) -> Iterator[str]:
    """One line that sums up a rehearsal."""
    ordered = [result for result in run.results if isinstance(result.step, ObtainCertificate)]
    counts = f"{sum(result.ok for result in ordered)} of {counted(len(ordered), 'order')}"
    yield f"Rehearsed: {counts} brought a certificate. None was kept; what is in use was not touched."


def check_lines(
    name: str, failures: Sequence[Failure], reason: Optional[str], facts: Iterable[Tuple[str, str]] = ()
) -> Iterator[str]:
    """A check of the doctor and what it found, or the *reason* why it did not look; and its *facts*, each with its name."""
    mark = "BAD" if failures else "ok" if reason is None else "-"
    yield f"{mark:<4} {name}{'' if reason is None else f': not checked, {reason}'}"
    yield from (f"     {fact}: {value}" for fact, value in facts)
    for failure in failures:
        yield from failure_lines(failure)


def doctor_lines(count: int, fixable: int, seconds: float) -> Iterator[str]:
    """One line that sums up an examination of *count* findings, and a hint when some of them are *fixable*."""
    if not count:
        yield f"No problems found in {seconds:.1f} s."
        return
    yield f"{counted(count, 'finding')} in {seconds:.1f} s."
    if fixable:
        yield f"{fixable} of them can be fixed by: acmewrap doctor --fix"


def status_table(statuses: Mapping[str, CertificateStatus], now: datetime, width: int = 0) -> Iterator[Line]:
    """Three columns, what belongs together below each other, so that 80 columns do."""
    heading = [[(("CERTIFICATE", "bold"),)], [(("STATE", "bold"),)], [(("DEPLOYED TO", "bold"),)]]
    yield from table([heading, *(_row(name, status, now) for name, status in statuses.items())], width)


def _row(name: str, status: CertificateStatus, now: datetime) -> List[List[Line]]:
    certificate, leaf = status.certificate, status.leaf
    issuer = f": {leaf.issuer}" if leaf is not None and leaf.issuer else ""
    names = [(f"  {domain}", "") for domain in certificate.domains]
    about = [(name, "bold"), *names, (f"  {certificate.authority}{issuer}", "dim")]
    states: List[Line] = [((status.state, _COLOURS.get(status.state, "red")),)]
    if leaf is not None:
        left = f"{span(leaf.not_after - now)} left" if leaf.not_after > now else f"{span(now - leaf.not_after)} ago"
        states = [(*states[0], (f", {left}", "")), ((f"renewal {renewal(status, now)}", ""),)]
    targets: List[Line] = [
        ((f"{to}: ", ""), (target.state, _COLOURS.get(target.state, "red")), (since(target, now), ""))
        for to, target in status.targets.items()
    ]
    cells: List[List[Line]] = [[(part,) for part in about], states, targets or [(("-", ""),)]]
    return [[tuple((visible(text), style) for text, style in line) for line in cell] for cell in cells]


def status_notes(
    statuses: Mapping[str, CertificateStatus], last_run: Optional[datetime], schedule: Optional[ScheduleStatus] = None
) -> Iterator[str]:
    """What stands below the table: the last run, and every failure that lasts with what to do."""
    if last_run is not None:
        yield f"Last run: {moment(last_run)}"
    for name, status in statuses.items():
        added = status.leaf.names_beside(status.certificate.domains) if status.leaf is not None else ()
        if added:
            yield f"{name}: holds names that were not asked for: {', '.join(added)}"
        for to, target in status.targets.items():
            if target.failure is None and target.expected is not None and target.state in ("pending", "unreachable"):
                yield f"{name} to {to}: expected {target.expected[:16]}…, found {found_at(target)}"
            for flaw in target.flaws:
                yield f"{name} to {to}: warning: the chain served beside the certificate is {flaw.replace('_', ' ')}"
        for one in status.unrevoked:
            yield f"{name}: serial {one.leaf.serial}, the key of which others know, is not revoked yet"
        failures = {
            name: status.failure,
            **{f"{name}, serial {one.leaf.serial}": Failure.read(one.attempts.error) for one in status.unrevoked},
            **{f"{name} to {to}": target.failure for to, target in status.targets.items()},
        }
        for place, failure in failures.items():
            if failure is not None:
                yield f"{place}: {failure}"
                yield f"  What to do: {failure.remedy}"
    if schedule is not None and schedule.failure is not None:
        yield f"the schedule: {schedule.failure}"
        yield f"  What to do: {schedule.failure.remedy}"


def found_at(status: TargetStatus) -> str:
    """What was seen at a target, where that is not what should be there."""
    observed = status.observed
    if observed is None or observed.served is None:
        return (observed.error if observed is not None else None) or "nothing"
    return "it; its reload has not succeeded yet" if observed.served == status.expected else f"{observed.served[:16]}…"


def renewal(status: CertificateStatus, now: datetime) -> str:
    """When a certificate is to be renewed, or will be tried again."""
    due = "-" if status.due_at is None else "now" if status.due_at <= now else f"in {span(status.due_at - now)}"
    return due + _next_try(status.next_try_at, now)


def since(status: TargetStatus, now: datetime) -> str:
    """What is to be added to the state of a target: when it was seen, or will be tried again."""
    if status.state in ("deployed", "unverified") and status.proven_at is not None:
        return f", {'seen' if status.target.verify else 'done'} {span(now - status.proven_at)} ago"
    return _next_try(status.next_try_at, now)


def _next_try(at: Optional[datetime], now: datetime) -> str:
    return "" if at is None or at <= now else f", next try in {span(at - now)}"
