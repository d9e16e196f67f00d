"""What is shown at every target, looked at side by side: most of a look is waiting."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Callable, Dict

from ..config.model import Config, Target
from ..verify import local_files
from ..verify.tls_probe import Observation

if TYPE_CHECKING:
    from .machine import CertificateState

_MOST_LOOKS = 50  # at the same time


def observe(
    config: Config,
    found: Dict[str, CertificateState],
    read: Callable[[str, Callable[[], Observation], Observation], Observation],
) -> Dict[str, CertificateState]:
    """*found* with what its targets show; *read* does each look, and gives the last argument when that fails."""
    from concurrent.futures import ThreadPoolExecutor

    def look(name: str, target: Target) -> Observation:
        stored = found[name].stored
        leaf, issuers = (None, ()) if stored is None else (stored.leaf, stored.issuers())
        one = partial(local_files.look, target, leaf, issuers)
        return read(f"{name} at {target.name}", one, Observation(error="could not be verified"))

    places = [(name, target) for name in found for target in config.certificates[name].targets]
    with ThreadPoolExecutor(_MOST_LOOKS) as pool:
        looks = [(*place, pool.submit(look, *place)) for place in places if local_files.can_look(place[1])]
    for name, state in found.items():
        seen = {target.name: one.result() for owner, target, one in looks if owner == name}
        found[name] = replace(state, observations=seen)
    return found
