"""What a run proved first holds at its end."""

from __future__ import annotations

from typing import Iterable, Iterator, Tuple

from .. import paths
from ..catalogue import failure
from ..config.model import Config
from ..errors import UnprovenError
from ..plan.steps import DeployCertificate
from ..verify import local_files
from .results import StepResult


def find_replaced(config: Config, results: Iterable[StepResult]) -> Iterator[Tuple[DeployCertificate, UnprovenError]]:
    """The deployments that went well, and in whose place a later one of *results* brought another certificate."""
    steps = [one.step for one in results if one.ok and isinstance(one.step, DeployCertificate)]
    for step in steps:
        stored = paths.read(config, step.request)
        if stored is None or stored.leaf is None or not local_files.can_look(step.destination):
            continue
        leaf, seen = stored.leaf.sha256, local_files.look(step.destination, stored.leaf).served
        if seen not in (None, leaf):
            message = (
                f"{step.destination.verify or step.target} had {leaf[:16]}…, and at the end of the run {seen[:16]}…"
            )
            yield step, UnprovenError(failure("deploy.replaced", message, name=step.certificate))
