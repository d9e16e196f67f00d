"""The engine in two calls: what is to be done, and do it. The command line and Python code stand on the same one."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, AbstractSet, Callable, Mapping, Optional, Tuple

from .. import trust
from ..config.model import Config
from ..plan.planner import Plan, PlanOptions, plan
from ..plan.steps import CERTIFICATE_KINDS, CheckRenewalInfo
from ..state.machine import ALL_PARTS, CERTIFICATE_PARTS, Part, State, read_state

if TYPE_CHECKING:
    from .engine import Listener
    from .results import Run


@dataclass(frozen=True)
class Job:
    """One configuration, and what may be done about it. ``only`` names certificates (none: all); ``deadline`` is for each
    call of acme.sh, in seconds; ``environ`` serves secrets, proxies and PATH.
    """

    config: Config
    options: PlanOptions = field(default_factory=PlanOptions)
    parts: AbstractSet[Part] = ALL_PARTS
    only: Tuple[str, ...] = ()
    environ: Optional[Mapping[str, str]] = None
    deadline: Optional[float] = None
    clock: Callable[[], float] = time.time

    @classmethod
    def unattended(cls, config: Config, *, force: bool = False, only: Tuple[str, ...] = ()) -> Job:
        """The scheduled run: certificates alone, failures wait out their time, nothing but files is read before it is due."""
        options = PlanOptions(CERTIFICATE_KINDS, force, respect_backoff=True, reissue_on_change=False)
        return cls(config, options, CERTIFICATE_PARTS, only)

    def look(self) -> Tuple[State, Plan]:
        """Read the machine and say what is to be done. Changes nothing. Raises what :meth:`Engine.hold` raises for root."""
        trust.refuse_weak(self.config.directory)
        environ = os.environ if self.environ is None else self.environ
        # A login is worth its time only where something can come of it.
        parts = self.parts if set(self.options.kinds) & {"account", "deploy", "schedule"} else self.parts - {"nas"}
        state = read_state(self.config, parts, self.only, environ)
        return state, plan(self.config, state, self.clock(), self.options)

    def execute(self, listener: Optional[Listener] = None) -> Run:
        """Do it, every other run kept out meanwhile. Raises :class:`BusyError` when one is at work; what fails in a step is
        part of the run, not raised.
        """
        from ..driver.command import DEADLINES
        from .context import RunContext
        from .engine import Engine

        environ = os.environ if self.environ is None else self.environ
        deadlines = {} if self.deadline is None else dict.fromkeys(DEADLINES, self.deadline)
        engine = Engine(self.config, RunContext(environ, clock=self.clock, deadlines=deadlines), listener)
        with engine.hold():
            # Only now, for another run may have done it all while this one waited for the homes.
            found, planned = self.look()
            done = replace(engine.execute(planned), found=found)
            # Root's folder may have been handed over: to the user that the next run works as.
            ours = trust.find_owner(self.config.directory) is None
            if ours and any(isinstance(step, CheckRenewalInfo) for step in planned.steps):
                # What an authority advises may make certificates due that were not; what has been done is not planned again.
                _, after = self.look()
                done = done.followed_by(engine.execute(after.following(planned)))
            return done
