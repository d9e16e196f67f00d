"""What came of a plan: one result per step, and what the whole is worth as an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, List, Literal, Optional, Tuple

from ..driver.results import DeployResult, IssueResult
from ..errors import ExitCode, Failure
from ..plan.planner import Plan, Step

if TYPE_CHECKING:
    from ..state.machine import State

Outcome = Literal["done", "failed", "unproven", "skipped"]


@dataclass(frozen=True)
class StepResult:
    """How a step ended. ``failure`` is None only for ``done``; ``served`` is the leaf (SHA-256) seen at a target."""

    step: Step
    outcome: Outcome
    seconds: float = 0.0
    failure: Optional[Failure] = None
    exit_code: ExitCode = ExitCode.OK
    issue: Optional[IssueResult] = None
    deploy: Optional[DeployResult] = None
    served: Optional[str] = None


@dataclass(frozen=True)
class Run:
    """A plan that was executed, and the state that it was made for. Times are seconds since 1970 UTC."""

    plan: Plan
    results: Tuple[StepResult, ...]
    started: float
    finished: float
    found: Optional[State] = None

    def followed_by(self, other: Run) -> Run:
        """Both as one."""
        plan = Plan((*self.plan.steps, *other.plan.steps), self.plan.leftovers)
        return Run(plan, (*self.results, *other.results), self.started, other.finished, self.found)

    @property
    def exit_code(self) -> ExitCode:
        """The worst that happened; ``PARTLY_FAILED`` when other certificates fared better."""
        bad = [one for one in self.results if one.outcome != "done"]
        if not bad:
            return ExitCode.OK
        by_certificate: Dict[str, List[StepResult]] = {}
        for one in self.results:
            if one.step.certificate is not None:
                by_certificate.setdefault(one.step.certificate, []).append(one)
        machine = [one for one in bad if one.step.certificate is None]
        good = [name for name, ones in by_certificate.items() if all(one.outcome == "done" for one in ones)]
        if good and not machine:
            return ExitCode.PARTLY_FAILED
        # A step that was skipped says nothing of its own: the one before it failed.
        return next((one.exit_code for one in bad if one.outcome != "skipped"), ExitCode.UNEXPECTED)


@dataclass(frozen=True)
class Planned:
    """Told to a listener when the machine has been looked at."""

    plan: Plan


@dataclass(frozen=True)
class StepStarted:
    """Told to a listener before a step begins."""

    step: Step


@dataclass(frozen=True)
class StepLine:
    """A line that acme.sh printed meanwhile, without secrets."""

    step: Step
    line: str


@dataclass(frozen=True)
class StepEnded:
    """Told to a listener after a step."""

    result: StepResult
