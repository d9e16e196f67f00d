"""Executes a plan: the steps of the machine one after another, then the certificates side by side, each in its own lane.

A step that fails does not stop the others. What is learnt on the way is written down at once, for a run may be killed.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from .. import files, paths
from ..acme import directory
from ..catalogue import failure
from ..config.model import Config
from ..driver import staging
from ..driver.home import Home
from ..driver.process import OnLine
from ..errors import AcmewrapError, ExitCode, UnprovenError
from ..host import webroot
from ..plan.planner import CERTIFICATE_KINDS, LAST_KINDS, OBTAINING, Plan, Step
from ..secrets import resolve
from .certificate_steps import CertificateSteps
from .context import RunContext
from .results import Planned, Run, StepEnded, StepLine, StepResult, StepStarted

Notice = Union[Planned, StepStarted, StepLine, StepEnded]
Listener = Callable[[Notice], None]
Work = Callable[[Step, OnLine], StepResult]


class Engine:
    """Executes plans for one configuration. ``listener`` is told of every step, from one thread at a time."""

    def __init__(self, config: Config, around: RunContext, listener: Optional[Listener] = None) -> None:
        self._config = config
        self._around = around
        self._listener = listener
        self._telling = threading.Lock()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other run out of the homes, and mend what a killed one left half done. State is to be read inside.

        An acme.sh that outlived its acmewrap loses its workspace, and ends over it. Raises :class:`BusyError` (``run.busy``).
        """
        with contextlib.ExitStack() as stack:
            authorities = sorted(self._config.authorities.values(), key=lambda authority: authority.home)
            for authority in authorities:
                stack.enter_context(files.lock(paths.lock_path(authority.home), self._around.lock_timeout))
            for authority in authorities:
                Home(authority.home).recover_all()
                staging.sweep(Home(authority.home))
                staging.scrub(Home(authority.home))
                files.discard_unfinished(paths.ledger_path(authority))
            try:
                yield
            finally:
                self._keep_owner()

    def _keep_owner(self) -> None:
        schedule = self._config.schedule
        if schedule is not None and schedule.by == "dsm":
            from ..schedule import dsm

            dsm.keep_owner(self._config)

    def execute(self, plan: Plan) -> Run:
        """Do what *plan* says, inside :meth:`hold`. An interruption ends all children first."""
        self._tell(Planned(plan))
        started = self._around.clock()
        before = [step for step in plan.steps if step.kind not in (*CERTIFICATE_KINDS, *LAST_KINDS)]
        after = [step for step in plan.steps if step.kind in LAST_KINDS]
        try:
            results = [self._run(step, self._do_machine) for step in before]
            results += self._do_certificates(plan)
            results += [self._run(step, self._do_machine) for step in after]
        except BaseException:
            self._around.stop()
            raise
        return Run(plan, tuple(results), started, self._around.clock())

    def _do_machine(self, step: Step, _: OnLine) -> StepResult:
        from . import machine_steps

        machine_steps.perform(step, self._config, self._around.environ)
        return StepResult(step, "done")

    def _do_certificates(self, plan: Plan) -> List[StepResult]:
        from concurrent.futures import ThreadPoolExecutor

        names = list(dict.fromkeys(step.certificate for step in plan.steps if step.certificate is not None))
        if not names:
            return []
        for path in paths.webroots(self._config):
            webroot.keep_folder(path)
        steps = CertificateSteps(self._config, self._around, *self._open_authorities(plan))
        with ThreadPoolExecutor(max_workers=min(self._config.jobs, len(names))) as pool:
            try:
                lanes = list(pool.map(lambda name: self._do_lane(plan.of(name), steps.perform), names))
            except BaseException:
                self._around.stop()  # before the pool waits for its threads
                raise
        return [result for lane in lanes for result in lane]

    def _open_authorities(self, plan: Plan) -> Tuple[Mapping[str, AcmewrapError], Mapping[str, Optional[str]]]:
        """A quick look at each directory that is needed, and its account; what fails here blocks the certificates.

        Beside the failures: where each of the others tells when to renew (RFC 9773), None for nowhere.
        """
        certificates = self._config.certificates
        asked = [step.certificate for step in plan.steps if step.certificate is not None and step.kind in OBTAINING]
        blocked: Dict[str, AcmewrapError] = {}
        renewal_info: Dict[str, Optional[str]] = {}
        for name in dict.fromkeys(certificates[one].authority for one in asked):
            authority = self._config.authorities[name]
            try:
                renewal_info[name] = directory.fetch(authority.server, authority.ca_bundle).renewal_info
                eab = authority.eab
                given = None if eab is None else (eab.key_id, resolve(eab.hmac_key, self._around.environ))
                self._around.open_acme(self._config, authority).register_account(given)
            except AcmewrapError as error:
                blocked[name] = error
        return blocked, renewal_info

    def _do_lane(self, steps: Sequence[Step], work: Work) -> List[StepResult]:
        results: List[StepResult] = []
        lacking = False
        for step in steps:
            if lacking:
                told = failure("step.skipped", "there is no new certificate to deliver")
                results.append(self._end(StepResult(step, "skipped", failure=told)))
                continue
            results.append(self._run(step, work))
            # A certificate that came with a failing hook after it is there all the same.
            issue = results[-1].issue
            lacking = (
                step.kind != "deploy" and results[-1].outcome != "done" and not (issue is not None and issue.changed)
            )
        return results

    def _run(self, step: Step, work: Work) -> StepResult:
        self._tell(StepStarted(step))
        started = self._around.clock()
        try:
            result = work(step, lambda line: self._tell(StepLine(step, line)))
        except AcmewrapError as error:
            outcome = "unproven" if isinstance(error, UnprovenError) else "failed"
            code = ExitCode.DEPLOY_FAILED if step.kind == "deploy" else error.exit_code
            result = StepResult(step, outcome, failure=error.failure, exit_code=code)  # type: ignore[arg-type]
        except OSError as error:
            told = files.describe(error, step.subject)
            result = StepResult(step, "failed", failure=told, exit_code=told.exit_code)
        return self._end(replace(result, seconds=self._around.clock() - started))

    def _end(self, result: StepResult) -> StepResult:
        self._tell(StepEnded(result))
        return result

    def _tell(self, notice: Notice) -> None:
        if self._listener is not None:
            with self._telling:
                self._listener(notice)
