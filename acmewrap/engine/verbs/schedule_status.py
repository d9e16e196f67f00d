"""Whether the scheduler has the entry that the file asks for, and starts it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Mapping, Optional

from ...config.model import Config, Scheduler
from ...errors import Failure
from ...failures import failure
from ...formats.timefmt import instant, span
from ...frozen import frozen
from ...plan.due import interval_of
from ...state.machine import read_schedule
from .status import ScheduleState, last_run

_GRACE = 60 * 60
_RUNS = 2  # one may have been missed while the machine was off


@frozen
class ScheduleStatus:
    """``dead``: nothing has run for longer than two intervals. ``failure``: what was expected, what was found, and what to do."""

    by: Scheduler
    state: ScheduleState
    failure: Optional[Failure] = None


def look(config: Config, environ: Mapping[str, str], now: float) -> Optional[ScheduleStatus]:
    """None when the file asks for no schedule. What only DSM can tell is left to the age of the last run."""
    if config.schedule is None:
        return None
    by, (drift, failed) = config.schedule.by, read_schedule(config, environ)
    if failed is not None:
        return ScheduleStatus(by, "unknown", failed)
    if drift != "same":
        wrong: Literal["missing", "differs"] = "missing" if drift == "missing" else "differs"
        found = "none" if wrong == "missing" else "one that differs, or is not active"
        message = f"{by}: expected the entry that {config.file} asks for, found {found}"
        return ScheduleStatus(by, wrong, failure("doctor.schedule_missing", message))
    late = find_late(config, now)
    return ScheduleStatus(by, "active" if late is None else "dead", late)


def find_late(config: Config, now: float) -> Optional[Failure]:
    """That the scheduler has started nothing for too long (``doctor.schedule_dead``)."""
    interval, last = interval_of(config.schedule), last_run(config)
    assert config.schedule is not None
    if last is None or instant(now) - last <= timedelta(seconds=_RUNS * interval + _GRACE):
        return None
    message = f"{config.schedule.by}: expected a run every {span(interval)}, found the last one {span(instant(now) - last)} ago"
    return failure("doctor.schedule_dead", message)
