"""Proof that lasts: a run looks once more at its end, unattended ones look again later, and what is seen is written down."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, Tuple

from .. import paths
from ..config.model import Config
from ..errors import UnprovenError
from ..failures import failure
from ..frozen import replace
from ..plan import due
from ..plan.steps import DeployCertificate
from ..state.ledger import Ledger, LedgerEntry
from ..state.model import State, entry_name
from .results import StepResult


def is_due(config: Config, state: State, now: float) -> bool:
    """Whether it is time to look at one of the targets: then all of them are looked at."""
    return any(
        found.leaf is not None and due.is_look_due(target, found.deliveries[target.name], now)
        for name, found in state.certificates.items()
        for target in config.certificates[name].targets
    )


def note(config: Config, state: State, now: float) -> None:
    """Write down what was seen as it should be, and which targets did not answer; steps are about the others."""
    noted: Dict[str, Dict[str, LedgerEntry]] = {name: {} for name in config.authorities}
    for name, found in state.certificates.items():
        certificate, leaf = config.certificates[name], found.leaf
        for target in certificate.targets:
            entry, observed = found.deliveries[target.name], found.observations.get(target.name)
            if leaf is None or observed is None or entry.seen != leaf.sha256:
                continue
            entries, key = noted[certificate.authority], entry_name(name, target.name)
            if observed.served == leaf.sha256:
                entries[key] = entry.prove(leaf.sha256, now, leaf.validity[1])
            elif observed.obstacle is not None:
                entries[key] = replace(entry, next_look=due.retry_look(target, now))
    for name, entries in noted.items():
        if entries:
            Ledger.load(paths.ledger_path(config.authorities[name])).put_all(entries)


def find_replaced(config: Config, results: Iterable[StepResult]) -> Iterator[Tuple[DeployCertificate, UnprovenError]]:
    """The deployments that went well, and in whose place a later one of *results* brought another certificate."""
    from ..verify import local_files

    steps = [one.step for one in results if one.ok and isinstance(one.step, DeployCertificate)]
    for step in steps:
        stored = paths.read(config, step.request)
        if stored is None or stored.leaf is None or not local_files.can_look(step.destination):
            continue
        leaf, seen = stored.leaf.sha256, local_files.look(step.destination, stored.leaf).served
        if seen not in (None, leaf):
            where = step.destination.verify or step.target
            message = f"{where} had {leaf[:16]}…, and at the end of the run {seen[:16]}…"
            yield step, UnprovenError(failure("deploy.replaced", message, name=step.certificate))
