"""Certificates, what is pending and why, and the last runs: one page of HTML that needs nothing else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from .. import __version__, templates
from ..config.model import Config
from ..engine import history
from ..engine.history import PastRun, PastStep
from ..engine.verbs.status import CertificateStatus, assess, last_run
from ..errors import Failure
from ..formats.timefmt import instant, moment, span
from ..frozen import frozen
from ..plan import due
from ..plan.planner import PlanOptions, plan
from ..plan.steps import OBTAINING_KINDS, Step
from ..state.machine import read_state
from ..state.model import STATUS_PARTS
from . import screen, wording
from .fields import moment as rfc3339
from .started import as_started

_RANKS = {"bad": 0, "due": 1, "good": 2}
_MARKS = ("seen", "next")  # on the line; its ends and colours show the others
_LATE = 300
"""Seconds after which a run that was expected counts as missed."""


@frozen
class Report:
    """How it was ``at``. ``pending``: what `apply` would do for the certificates; ``unread``: what could not be looked at;
    ``runs``: the last ones, newest first; ``next_run_at``: when the one after ``last_run_at`` is to come; past, if missed.
    """

    file: Path
    at: datetime
    certificates: Mapping[str, CertificateStatus]
    pending: Tuple[Step, ...]
    unread: Tuple[Failure, ...]
    runs: Tuple[PastRun, ...]
    last_run_at: Optional[datetime]
    next_run_at: Optional[datetime]

    def html(self) -> str:
        """One page that loads nothing, for a browser of any width."""
        pending: Dict[Optional[str], List[Step]] = {}
        for step in self.pending:
            pending.setdefault(step.certificate, []).append(step)
        rows = [self._row(status, pending.get(name, [])) for name, status in self.certificates.items()]
        return templates.render(
            "report.html.j2",
            report=self,
            rows=sorted(rows, key=lambda row: _RANKS[row["rank"]]),
            ill=sum(not status.is_healthy for status in self.certificates.values()),
            late=self.next_run_at is not None and (self.at - self.next_run_at).total_seconds() > _LATE,
            version=__version__,
            iso=rfc3339,
            moment=moment,
            ago=self._ago,
            title=_title,
            reason=wording.describe_kind,
            started=as_started,
        )

    def _row(self, status: CertificateStatus, pending: Sequence[Step]) -> Dict[str, Any]:
        leaf = status.leaf
        events = sorted(self._events(status), key=lambda event: event[2])
        places: Dict[str, float] = {}
        if leaf is not None:
            begin, length = leaf.not_before, (leaf.not_after - leaf.not_before).total_seconds() or 1

            def place(when: datetime) -> float:
                return round(min(max((when - begin).total_seconds() / length, 0), 1) * 100, 1)

            places = {"now": place(self.at), "due": place(status.due_at or leaf.not_after)}
        return {
            "status": status,
            "rank": "bad" if not status.is_healthy else "due" if pending else "good",
            "pending": [(wording.title_of(step), wording.reason_of(step)) for step in pending],
            "targets": [(name, one, screen.since(one, self.at), one.failure) for name, one in status.targets.items()],
            "events": events,
            "places": places,
            "marks": [(kind, label, place(when)) for kind, label, when in events if kind in _MARKS] if leaf else [],
        }

    def _events(self, status: CertificateStatus) -> Iterator[Tuple[str, str, datetime]]:
        """Of a time line: kind, label, time."""
        if status.leaf is not None:
            yield "issued", "Issued", status.leaf.not_before
            yield "expires", "Expires", status.leaf.not_after
        if status.due_at is not None:
            yield "due", "Renewal due", status.due_at
        for name, target in status.targets.items():
            if target.proven_at is not None:
                yield "seen", f"{'Seen at' if target.target.verify else 'Deployed to'} {name}", target.proven_at
        if self.next_run_at is not None and self.next_run_at > self.at:
            yield "next", "Next run", self.next_run_at

    def _ago(self, when: datetime) -> str:
        """How far *when* is from the moment of the report."""
        return f"in {span(when - self.at)}" if when > self.at else f"{span(self.at - when)} ago"


def look(config: Config, names: Tuple[str, ...], now: float) -> Report:
    """Look at the certificates on disk and at their targets. Changes nothing."""
    state = read_state(config, STATUS_PARTS, names)
    options = PlanOptions((*OBTAINING_KINDS, "deploy", "revoke"), STATUS_PARTS)
    last = last_run(config)
    following = due.next_run(config.schedule, now if last is None else last.timestamp())
    return Report(
        config.file,
        instant(now),
        assess(config, state, now),
        plan(config, state, now, options).steps,
        state.unread,
        history.read(config),
        last,
        None if following is None else instant(following),
    )


def _title(step: PastStep) -> str:
    """A step of an earlier run in short, as :func:`wording.title_of` has it."""
    target = f"{step.certificate} to {step.target}" if step.target else step.certificate
    return f"{step.kind} {target or step.path or ''}".rstrip()
