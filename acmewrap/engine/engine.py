"""Executes a plan: the steps of the machine one after another, then the certificates side by side, each in its own lane.

A step that fails does not stop the others. What is learnt on the way is written down at once, for a run may be killed.
"""

from __future__ import annotations

import contextlib
import threading
from typing import AbstractSet, Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence

from .. import paths, unexpected
from ..config.model import Config
from ..driver.homes import recovery, staging
from ..driver.homes.home import Home
from ..driver.process import OnLine
from ..driver.results import IssueResult
from ..errors import AcmewrapError, BusyError, CommandError
from ..failures import failure
from ..formats.timefmt import instant
from ..frozen import replace
from ..host import webroot
from ..plan.planner import Plan
from ..plan.steps import (
    LAST_KINDS,
    CertificateStep,
    DeployCertificate,
    ObtainCertificate,
    RevokeCertificate,
    Step,
    groups_of,
)
from ..state.ledger import open_ledgers
from ..system import files, trust
from .commands import Commands, stage_of
from .context import RunContext, explain
from .results import Evidence, Notice, Planned, Run, StepEnded, StepLine, StepResult, StepStarted, builds_on
from .steps import authorities, install
from .steps.certificate import CertificateSteps

Listener = Callable[[Notice], None]
Work = Callable[[Any, OnLine], Evidence]  # of the step that it is for


class ListenerError(BaseException):
    """Carries what a listener raised past everything that takes an exception for a failure of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Engine:
    """Executes plans for one configuration. ``listener`` is called for every step, from one thread at a time.

    What a listener raises ends the run and is raised again as it is, after everything that was begun has ended; the listener is
    not called again, and no step fails of it.
    """

    def __init__(
        self,
        config: Config,
        context: RunContext,
        listener: Optional[Listener] = None,
        commands: Optional[Commands] = None,
    ) -> None:
        self._config = config
        self._context = context
        self._listener = listener
        self._commands = commands or Commands(config, context, None)
        self._notifying = threading.Lock()
        now = instant(context.clock())
        self._begun = Run(Plan(), (), now, now)
        self._ended: Dict[int, StepResult] = {}

    @contextlib.contextmanager
    def hold(self, *needed: str) -> Iterator[Mapping[str, AcmewrapError]]:
        """Keep every other run out of the homes, and finish what a killed one left half done. State is to be read inside.

        Gives, by authority, why a home is to be left alone, such as ``trust.weak_path``: this is root, and the home another user's.
        Raises that when it is so with every home, or that of an authority that is *needed*, and :class:`BusyError`
        (``run.busy``). An acme.sh that outlived its acmewrap loses its workspace, and ends over it.
        """
        barred: Dict[str, AcmewrapError] = {}
        with contextlib.ExitStack() as stack:
            for authority in sorted(self._config.authorities.values(), key=lambda authority: authority.home):
                home, own = Home(authority.home), (paths.ledger_path(authority), paths.history_path(authority.home))
                try:
                    trust.refuse_weak(authority.home)
                    stack.enter_context(files.lock(paths.lock_path(authority.home), self._context.lock_timeout))
                    recovery.recover(home, authority.server, own)
                    staging.sweep(home)
                    staging.scrub(home)
                    recovery.restore_configurations(home)
                except BusyError:
                    raise
                except Exception as error:
                    folder = paths.reports_folder(self._config)
                    barred[authority.name] = unexpected.explain(error, folder, str(authority.home))
            for name, problem in barred.items():
                if name in needed or len(barred) == len(self._config.authorities):
                    raise problem
            install.recover(self._config, barred)
            yield barred

    def execute(self, plan: Plan) -> Run:
        """Do what *plan* says, inside :meth:`hold`. An interruption ends all children first."""
        started = instant(self._context.clock())
        begun = Run(plan, (), started, started)
        self._begun = self._begun.followed_by(begun) if self._begun.plan.steps else begun
        before = [step for step in plan.steps if step.certificate is None and step.kind not in LAST_KINDS]
        after = [step for step in plan.steps if step.kind in LAST_KINDS]
        callers: Optional[Exception] = None
        results: List[StepResult] = []
        try:
            self._notify(Planned(plan))
            results = [self._run(step, self._do_machine) for step in before]
            failed = [result.step for result in results if not result.ok]
            results += self._do_certificates(plan, failed)
            results += [self._run(step, self._do_machine) for step in after]
        except ListenerError as carrier:
            callers = carrier.error
        except BaseException:
            self._context.stop()
            raise
        if callers is not None:  # from here, so that it comes without a word of ours
            raise callers
        return Run(plan, tuple(results), started, instant(self._context.clock()))

    def interrupted(self) -> Run:
        """What was done, in all calls of :meth:`execute`, when something ended the last one before its end."""
        return replace(self._begun, results=tuple(self._ended.values()), finished=instant(self._context.clock()))

    def _do_machine(self, step: Any, _: OnLine) -> Evidence:
        from .steps import machine, revoke

        if isinstance(step, RevokeCertificate):
            revoke.revoke(self._config, step, self._context)
        else:
            machine.perform(step, self._context.environ)
        return None

    def _do_certificates(self, plan: Plan, failed: Sequence[Step]) -> List[StepResult]:
        from concurrent.futures import ThreadPoolExecutor

        steps: Dict[str, List[CertificateStep]] = {}
        for step in plan.steps:
            if isinstance(step, CertificateStep):
                steps.setdefault(step.certificate, []).append(step)
        if not steps:
            return []
        ledgers = open_ledgers(step.authority for lane in steps.values() for step in lane)
        work = CertificateSteps(self._config, self._context, ledgers, *self._open_authorities(plan))
        groups = groups_of(plan.steps)
        later = {id(step) for group in groups for step in group}
        lanes = [[step for step in lane if id(step) not in later] for lane in steps.values()]
        prevented = {id(step) for lane in steps.values() for step in lane if builds_on(step, failed)}
        with ThreadPoolExecutor(max_workers=min(self._config.jobs, len(steps))) as pool:
            try:
                done = [*pool.map(lambda lane: self._do_lane(lane, work.perform, prevented), lanes)]
                lacking = {one.step.certificate for lane in done for one in lane if one.brought_nothing}
                done += pool.map(lambda group: self._do_group(group, work, lacking), groups)
            except BaseException:
                self._context.stop()  # before the pool waits for its threads
                raise
        results = {id(result.step): result for lane in done for result in lane}
        if sum(isinstance(result.step, DeployCertificate) for result in results.values()) > 1:
            from .watch import find_replaced

            for step, problem in find_replaced(self._config, tuple(results.values())):
                work.note(step, problem.failure)
                replaced = StepResult.failed(step, problem)
                results[id(step)] = self._end(replace(replaced, evidence=results[id(step)].evidence))
        return [results[id(step)] for lane in steps.values() for step in lane]

    def _open_authorities(self, plan: Plan) -> authorities.Opened:
        """A quick look at each directory that is needed, its account, and the webroots; what fails here blocks the certificates."""
        orders = [step for step in plan.steps if isinstance(step, ObtainCertificate)]
        if not orders:
            return {}, {}
        try:
            for step in orders:
                self._guard(step)
        except CommandError:  # each of the steps will say so
            return {}, {}
        for path in paths.webroots(self._config):
            webroot.keep_folder(path)
        return authorities.open_for(orders, self._config, self._context)

    def _do_lane(self, steps: Sequence[Step], work: Work, prevented: AbstractSet[int]) -> List[StepResult]:
        results: List[StepResult] = []
        lacking = False
        for step in steps:
            results.append(self._skip(step) if lacking or id(step) in prevented else self._run(step, work))
            lacking = lacking or results[-1].brought_nothing
        return results

    def _do_group(
        self, steps: Sequence[DeployCertificate], work: CertificateSteps, lacking: AbstractSet[Optional[str]]
    ) -> List[StepResult]:
        """Targets that share a command: after all their files it runs once."""
        results = [self._skip(step) for step in steps if step.certificate in lacking]
        steps = [step for step in steps if step.certificate not in lacking]
        for step in steps:
            self._notify(StepStarted(step))
        started = self._context.clock()
        for step, done in zip(steps, work.install_together(steps, [self._lines_of(step) for step in steps])):
            failed = isinstance(done, AcmewrapError)
            result = StepResult.failed(step, done) if failed else StepResult(step, "done", evidence=done)  # type: ignore[arg-type]
            results.append(self._end(replace(result, seconds=self._context.clock() - started)))
        return results

    def _skip(self, step: Step) -> StepResult:
        return self._end(StepResult(step, "skipped", failure("step.skipped", "a step before it failed")))

    def _lines_of(self, step: Step) -> OnLine:
        return lambda line: self._notify(StepLine(step, line))

    def _run(self, step: Step, work: Work) -> StepResult:
        self._notify(StepStarted(step))
        started = self._context.clock()
        try:
            self._guard(step)
            evidence = work(step, self._lines_of(step))
            result = StepResult(step, "done", evidence=evidence)
            if isinstance(evidence, IssueResult) and evidence.failure is not None:
                result = StepResult.unissued(step, evidence, evidence.failure)
        except Exception as error:
            result = StepResult.failed(step, explain(error, self._config, step))
        return self._end(replace(result, seconds=self._context.clock() - started))

    def _guard(self, step: Step) -> None:
        for stage in ("run", stage_of(step)) if self._config.commands else ():
            if stage is not None:
                self._commands.guard(stage, self._begun)

    def _end(self, result: StepResult) -> StepResult:
        self._ended[id(result.step)] = result
        self._notify(StepEnded(result))
        return result

    def _notify(self, notice: Notice) -> None:
        with self._notifying:
            try:
                if self._listener is not None:
                    self._listener(notice)
            except Exception as error:
                self._listener = None
                self._context.stop()
                raise ListenerError(error) from error
