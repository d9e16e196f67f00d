"""Which steps are done together, and which need others to have been done."""

from __future__ import annotations

from typing import Iterable, List, Set, Tuple

from ..config.challenges import Webroot
from .steps import DeployCertificate, InstallRelease, ObtainCertificate, Step


def groups_of(steps: Iterable[Step]) -> List[List[DeployCertificate]]:
    """The deployments with a command that another one has, too, together with those."""
    found: List[Tuple[Set[Tuple[str, ...]], List[DeployCertificate]]] = []
    for step in steps:
        if isinstance(step, DeployCertificate) and step.destination.install is not None:
            commands, together = set(step.destination.install.commands), [step]
            for group in [group for group in found if group[0] & commands]:
                found.remove(group)
                commands, together = commands | group[0], group[1] + together
            found.append((commands, together))
    return [together for _, together in found if len(together) > 1]


def builds_on(step: Step, failed: Iterable[Step]) -> bool:
    """Whether *step* needs what one of *failed* was to make ready: what it failed of itself would say less."""
    if not isinstance(step, ObtainCertificate):
        runs_hook = isinstance(step, DeployCertificate) and step.destination.install is None
        return runs_hook and any(isinstance(other, InstallRelease) for other in failed)
    needed = (step.authority.ca_bundle, *(way.path for way in step.request.challenges if isinstance(way, Webroot)))
    return any(isinstance(other, InstallRelease) or getattr(other, "path", None) in needed for other in failed)
