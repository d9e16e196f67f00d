"""The engine in two calls: what is to be done, and do it. Every command that performs a plan goes this way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, AbstractSet, Callable, Literal, Mapping, Optional, Tuple

from ..config.model import Config
from ..errors import AcmewrapError
from ..formats.timefmt import instant
from ..frozen import field, frozen, replace
from ..plan.planner import Plan, PlanOptions, plan
from ..plan.steps import CERTIFICATE_KINDS, OBTAINING_KINDS, CheckRenewalInfo
from ..state.machine import read_state
from ..state.model import CERTIFICATE_PARTS, FAR_PARTS, STATUS_PARTS, Part
from ..system import trust
from . import watch

if TYPE_CHECKING:
    from .commands import Document
    from .engine import Listener
    from .results import Run


Command = Literal["apply", "install", "render", "issue", "deploy", "replace", "cron", "rehearse", "upgrade"]

_DELIVERY_PARTS: AbstractSet[Part] = STATUS_PARTS | {"nas", "obstacles"}
# What each command may do: which kinds of steps, under which conditions, and which parts of the machine it looks at.
SCOPES: Mapping[Command, PlanOptions] = {
    "apply": PlanOptions(),
    # No login to a NAS for these.
    "install": PlanOptions(("install",), frozenset(("release",))),
    "render": PlanOptions(("bundle", "render"), frozenset(("wrapper", "bundle"))),
    "issue": PlanOptions(OBTAINING_KINDS, CERTIFICATE_PARTS | {"obstacles"}),
    "deploy": PlanOptions(("deploy",), _DELIVERY_PARTS),
    "replace": PlanOptions((*OBTAINING_KINDS, "deploy", "revoke"), _DELIVERY_PARTS),
    # Failures wait out their time, and nothing but files is read before a certificate is due.
    "cron": PlanOptions(
        (*CERTIFICATE_KINDS, "revoke"), CERTIFICATE_PARTS, respect_backoff=True, reissue_on_change=False, watch=True
    ),
    # The webroot is taken as it is: whether it works is the question.
    "rehearse": PlanOptions(
        ("install", "bundle", "issue"), frozenset(("release", "bundle", "certificates", "obstacles"))
    ),
    "upgrade": PlanOptions(("install", "render"), frozenset(("release", "wrapper"))),
}

# Whose runs change what is monitored.
MONITORED = ("apply", "cron", "issue", "deploy", "replace")


@frozen
class Convergence:
    """From what is there to what the configuration asks for, as far as the options go. ``names`` are the certificates of interest
    (none: all); ``deadline`` is for each call of acme.sh, in seconds; ``environ`` serves secrets, proxies and PATH; ``document``
    writes what the commands of the configuration are given (None: none of them runs); ``begin`` is called before the first step;
    ``noted_as`` is what the run is called in the history (None: it is not in there).
    """

    config: Config
    environ: Mapping[str, str]
    options: PlanOptions = field(default_factory=PlanOptions)
    names: Tuple[str, ...] = ()
    deadline: Optional[float] = None
    clock: Callable[[], float] = time.time
    document: Optional[Document] = None
    begin: Optional[Callable[[], None]] = None
    noted_as: Optional[Command] = None

    def plan(self, *more: Part, barred: Optional[Mapping[str, AcmewrapError]] = None) -> Plan:
        """What is to be done, but where homes are *barred* (:meth:`Engine.hold`). Raises AccessError (``trust.weak_path``)."""
        trust.refuse_weak(self.config.directory)
        state = read_state(self.config, self.options.parts | frozenset(more), self.names, self.environ)
        return plan(self.config, state.without(self.config, barred or {}), self.clock(), self.options)

    def execute(self, listener: Optional[Listener] = None) -> Run:
        """Do it, every other run kept out. Raises :class:`BusyError`; what fails in a step is part of the run, not raised."""
        from .results import Planned, Run

        if not self.options.parts & FAR_PARTS:  # a look that costs little may save waiting for the homes
            started, planned = instant(self.clock()), self.plan()
            looks = self.options.watch and watch.is_due(self.config, planned.state, self.clock())
            if not (planned.steps or looks):
                return Run(planned, (), started, instant(self.clock()))
            if listener is not None:
                listener(Planned(planned))
        from .commands import Commands
        from .context import RunContext
        from .engine import Engine

        context = RunContext(self.environ, clock=self.clock, deadline=self.deadline)
        commands = Commands(self.config, context, self.document)
        engine = Engine(self.config, context, listener, commands)
        with engine.hold() as barred:
            # Only now, for another run may have done it all while this one waited for the homes.
            planned = self.plan(*(("wire",) if self.options.watch else ()), barred=barred)
            if self.options.watch:
                watch.note(self.config, planned.state, self.clock())
            if planned.steps and self.begin is not None:
                self.begin()
            try:
                done = engine.execute(planned)
                if self._is_ours() and any(isinstance(step, CheckRenewalInfo) for step in planned.steps):
                    # What an authority advises may make certificates due that were not; what has been done is not planned again.
                    done = done.followed_by(engine.execute(self.plan(barred=barred).following(planned)))
                done = replace(done, commands=commands.finish(done))
            except BaseException as error:
                self._note(engine.interrupted(), barred, error)
                raise
            self._note(done, barred)
            return done

    def _is_ours(self) -> bool:
        """Root's folder may have been handed over: to the user that the next run works as."""
        return trust.find_owner(self.config.directory) is None

    def _note(self, run: Run, barred: Mapping[str, AcmewrapError], error: Optional[BaseException] = None) -> None:
        if self.noted_as is not None and self._is_ours():
            from . import history

            history.note(self.config, self.noted_as, run, barred, error)
