"""Proof that lasts: unattended runs look again at what was proven, and write down what they saw."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict

from .. import paths
from ..config.model import Config
from ..plan import due
from ..state.ledger import Ledger, LedgerEntry
from ..state.machine import entry_name
from ..state.model import State


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
            entries, key = noted[certificate.authority], entry_name(certificate, target)
            if observed.served == leaf.sha256:
                entries[key] = entry.prove(leaf.sha256, now, leaf.validity[1])
            elif observed.obstacle is not None:
                entries[key] = replace(entry, next_look=due.retry_look(target, now))
    for name, entries in noted.items():
        if entries:
            Ledger.load(paths.ledger_path(config.authorities[name])).put_all(entries)
