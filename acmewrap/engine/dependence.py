"""Which steps need others before them, and which are done as one."""

from __future__ import annotations

from typing import List, Sequence, Set, Tuple

from ..config.challenges import Webroot
from ..plan.planner import Plan
from ..plan.steps import DeployCertificate, InstallRelease, ObtainCertificate, Step
from .results import StepResult


def is_prevented(step: Step, failed: Sequence[Step]) -> bool:
    """Whether *step* builds on one of the machine that failed: what it failed of itself would say less."""
    if not isinstance(step, ObtainCertificate):
        runs_hook = isinstance(step, DeployCertificate) and step.destination.install is None
        return runs_hook and any(isinstance(one, InstallRelease) for one in failed)
    needed = (step.authority.ca_bundle, *(way.path for way in step.request.challenges if isinstance(way, Webroot)))
    return any(isinstance(one, InstallRelease) or getattr(one, "path", None) in needed for one in failed)


def is_lacking(result: StepResult) -> bool:
    """Whether there is no new certificate; one that came with a failing hook after it is there all the same."""
    return isinstance(result.step, ObtainCertificate) and not (result.evidence is not None and result.evidence.changed)


def groups(plan: Plan) -> List[List[DeployCertificate]]:
    """The deployments with a command that another one has, too, together with those."""
    groups: List[Tuple[Set[Tuple[str, ...]], List[DeployCertificate]]] = []
    for step in plan.steps:
        if isinstance(step, DeployCertificate) and step.destination.install is not None:
            commands, steps = set(step.destination.install.commands), [step]
            for group in [group for group in groups if group[0] & commands]:
                groups.remove(group)
                commands, steps = commands | group[0], group[1] + steps
            groups.append((commands, steps))
    return [steps for _, steps in groups if len(steps) > 1]
