"""What is shown at every target, looked at side by side: most of a look is waiting."""

from __future__ import annotations

from functools import partial
from typing import Callable, Dict, Mapping, Optional

from ..config.model import Config, Target
from ..driver.homes.home import Stored
from ..verify import local_files
from ..verify.tls_probe import Observation

_MOST_LOOKS = 50  # at the same time


def observe(
    config: Config,
    stored: Mapping[str, Optional[Stored]],
    read: Callable[[str, Callable[[], Observation], Observation], Observation],
) -> Dict[str, Dict[str, Observation]]:
    """By certificate and target; *read* does each look, and gives the last argument when that fails."""
    from concurrent.futures import ThreadPoolExecutor

    def look(name: str, target: Target) -> Observation:
        there = stored[name]
        leaf, issuers = (None, ()) if there is None else (there.leaf, there.issuers())
        one = partial(local_files.look, target, leaf, issuers)
        return read(f"{name} at {target.name}", one, Observation(error="could not be verified"))

    places = [(name, target) for name in stored for target in config.certificates[name].targets]
    with ThreadPoolExecutor(_MOST_LOOKS) as pool:
        looks = [(*place, pool.submit(look, *place)) for place in places if local_files.can_look(place[1])]
    seen: Dict[str, Dict[str, Observation]] = {name: {} for name in stored}
    for name, target, one in looks:
        seen[name][target.name] = one.result()
    return seen
