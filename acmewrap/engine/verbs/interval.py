"""The interval between two runs that the lifetimes need: written into the file, and into the entry of the scheduler."""

from __future__ import annotations

from typing import Callable, Mapping, Optional, Tuple

from ...config.edit import set_interval
from ...config.model import Config
from ...errors import ExitCode
from ...frozen import frozen, replace
from ...plan.interval_check import find_needed
from ...plan.planner import PlanOptions
from ...state.machine import read_state
from ...state.model import CERTIFICATE_PARTS
from .. import history
from ..context import RunContext
from ..convergence import Convergence
from ..engine import Engine, Listener
from ..results import Run
from .upgrade import as_author

_OPTIONS = PlanOptions(("schedule",), frozenset(("schedule",)))


@frozen
class IntervalChange:
    """``every``, as the file writes it; ``diff``: the lines of the file that change; ``run``: how it went (None: only compared)."""

    every: str
    diff: Tuple[str, ...]
    run: Optional[Run] = None


def adjust(
    config: Config,
    environ: Mapping[str, str],
    clock: Callable[[], float],
    listener: Optional[Listener],
    *,
    pretend: bool,
) -> Optional[IntervalChange]:
    """See :meth:`acmewrap.job.Job.adjust_schedule`. First the machine: the file never asks for an entry that could not be set."""
    every = find_needed(config, read_state(config, CERTIFICATE_PARTS))
    if every is None:
        return None
    edit, context = set_interval(config.file, every, environ), RunContext(environ, clock)
    change = IntervalChange(every, tuple(edit.diff()))
    as_author(config, lambda: edit.write(pretend=True))
    if pretend:
        return change
    with Engine(config, context).hold():
        planned = Convergence(edit.new, environ, _OPTIONS, clock=clock).plan()
        done = Engine(edit.new, context, listener).execute(planned)
        if done.exit_code == ExitCode.OK:
            as_author(config, edit.write)
        history.note(config, "schedule", done)
    return replace(change, run=done)
