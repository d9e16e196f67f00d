"""What came of a plan: one result per step, and what the whole is worth as an exit code."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Dict, Iterable, Literal, Optional, Tuple, Union

from ..config.challenges import Webroot
from ..errors import (
    AcmewrapError,
    CommandError,
    DeployError,
    ExitCode,
    Failure,
    IssueError,
    RolledBackError,
    UnprovenError,
)
from ..frozen import frozen, replace
from ..plan.planner import Plan
from ..plan.steps import CheckRenewalInfo, DeployCertificate, ObtainCertificate, Step

if TYPE_CHECKING:  # a run with nothing to do needs neither, and they bring all of the driver with them
    from ..driver.results import DeployResult, IssueResult
    from ..verify.tls_probe import Observation

Moment = Literal["before", "after"]
Outcome = Literal["done", "failed", "unproven", "rolled_back", "skipped"]
Evidence = Union["IssueResult", "Delivery", None]


@frozen
class Delivery:
    """``hook``: None when nothing was to do; ``observed``: at last; ``assigned``: whether DSM uses it where it did not before."""

    hook: Optional[DeployResult]
    observed: Observation
    assigned: bool = False

    @property
    def changed(self) -> bool:
        return self.hook is not None or self.assigned


@frozen
class StepResult:
    """How a step ended. ``failure`` is None only for ``done``; ``evidence``: what acme.sh brought, or what a target showed."""

    step: Step
    outcome: Outcome
    failure: Optional[Failure] = None
    seconds: float = 0.0
    evidence: Evidence = None
    exit_code: ExitCode = ExitCode.OK

    @classmethod
    def unissued(cls, step: Step, issue: IssueResult, problem: Failure) -> StepResult:
        """Of an order that failed, or of which a certificate came and a hook after it failed."""
        unreachable = problem.exit_code is ExitCode.UNREACHABLE
        code = problem.exit_code if unreachable else ExitCode.ISSUE_FAILED
        return cls(step, "failed", problem, evidence=issue, exit_code=code)

    @classmethod
    def failed(cls, step: Step, error: AcmewrapError) -> StepResult:
        outcome: Outcome = "unproven" if isinstance(error, UnprovenError) else "failed"
        outcome = "rolled_back" if isinstance(error, RolledBackError) else outcome
        code = ExitCode.DEPLOY_FAILED if isinstance(step, DeployCertificate) else error.exit_code
        return cls(step, outcome, error.failure, exit_code=code)

    @property
    def ok(self) -> bool:
        return self.outcome == "done"

    def raise_for_failure(self) -> StepResult:
        """The result itself when it is ``ok``. Raises :class:`UnprovenError`, :class:`DeployError` or :class:`IssueError` by what
        was to be done, :class:`AcmewrapError` for a step of the machine.
        """
        if self.failure is None:
            return self
        if isinstance(self.step, DeployCertificate):
            raise (UnprovenError if self.outcome == "unproven" else DeployError)(self.failure)
        raise (AcmewrapError if self.step.certificate is None else IssueError)(self.failure)

    @property
    def brought_nothing(self) -> bool:
        """Whether it was to bring a certificate and there is none; one that came with a failing hook after it is there."""
        return isinstance(self.step, ObtainCertificate) and not (self.evidence is not None and self.evidence.changed)

    @property
    def changed(self) -> bool:
        """Whether anything is not as it was before: on this machine, at the authority, or at a target."""
        if self.evidence is not None:
            return self.evidence.changed
        return self.outcome == "unproven" or (self.outcome == "done" and not isinstance(self.step, CheckRenewalInfo))


@frozen
class CommandResult:
    """How a command of the section ``commands`` ended, which ran ``before`` or ``after``."""

    run: Tuple[str, ...]
    moment: Moment
    seconds: float
    failure: Optional[Failure] = None


@frozen
class Run:
    """A plan that was executed; without steps there are no results either. ``monitoring``: why it could not be reported."""

    plan: Plan
    results: Tuple[StepResult, ...]
    started: datetime
    finished: datetime
    commands: Tuple[CommandResult, ...] = ()
    monitoring: Tuple[Failure, ...] = ()

    def followed_by(self, other: Run) -> Run:
        """Both as one."""
        plan = replace(self.plan, steps=(*self.plan.steps, *other.plan.steps))
        return Run(plan, (*self.results, *other.results), self.started, other.finished)

    @property
    def by_certificate(self) -> Dict[str, Tuple[StepResult, ...]]:
        """The results by the name of their certificate, in their order; those of the machine are left out."""
        found: Dict[str, Tuple[StepResult, ...]] = {}
        for result in self.results:
            if result.step.certificate is not None:
                found[result.step.certificate] = (*found.get(result.step.certificate, ()), result)
        return found

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.results) and not any(command.failure for command in self.commands)

    def raise_for_failure(self) -> Run:
        """The run itself when it is ``ok``. Raises what the first step that failed raises; ``exit_code`` counts them all."""
        for result in self.results:
            result.raise_for_failure()
        for command in self.commands:
            if command.failure is not None:
                raise CommandError(command.failure)
        return self

    @property
    def changed(self) -> bool:
        """Whether any step changed anything."""
        return any(result.changed for result in self.results)

    @property
    def exit_code(self) -> ExitCode:
        """The worst that happened; ``PARTLY_FAILED`` when other certificates fared better."""
        bad = [result for result in self.results if not result.ok]
        if not bad:
            problems = (*self.plan.state.unread, *(command.failure for command in self.commands))
            return next((failure.exit_code for failure in problems if failure is not None), ExitCode.OK)
        good = [results for results in self.by_certificate.values() if all(result.ok for result in results)]
        if good and all(result.step.certificate is not None for result in bad):
            return ExitCode.PARTLY_FAILED
        # A step that was skipped says nothing of its own: the one before it failed.
        return next((result.exit_code for result in bad if result.outcome != "skipped"), ExitCode.UNEXPECTED)


@frozen
class Planned:
    """Given to a listener when the machine has been looked at, and again when that was done anew with all other runs kept out."""

    plan: Plan


@frozen
class StepStarted:
    """Given to a listener before a step begins."""

    step: Step


@frozen
class StepLine:
    """A line that acme.sh printed meanwhile, without secrets."""

    step: Step
    line: str


@frozen
class StepEnded:
    """Given to a listener after a step."""

    result: StepResult


Notice = Union[Planned, StepStarted, StepLine, StepEnded]


def builds_on(step: Step, failed: Iterable[Step]) -> bool:
    """Whether *step* needs what one of *failed* was to make ready: what it failed of itself would say less."""
    if not isinstance(step, ObtainCertificate):
        runs_hook = isinstance(step, DeployCertificate) and step.destination.install is None
        return runs_hook and any(other.kind == "install" for other in failed)
    needed = (step.authority.ca_bundle, *(way.path for way in step.request.challenges if isinstance(way, Webroot)))
    return any(other.kind == "install" or getattr(other, "path", None) in needed for other in failed)
