"""Recorded bodies, read from ``bodies.yaml``: objects that the simulator sends, and requests that it must accept."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

_FILE = Path(__file__).resolve().parent / "bodies.yaml"
_INVENTORY = _FILE.with_name("inventory.yaml")


@dataclass(frozen=True)
class Body:
    """``sent`` is an object of a reply; ``accepted`` the parameters of a request, with api, version and method among them."""

    name: str
    source: str
    generations: Tuple[int, ...]
    sent: Mapping[str, Any]
    accepted: Mapping[str, Any]


@lru_cache(maxsize=None)
def load_bodies() -> Mapping[str, Body]:
    """All of them, by name."""
    import yaml

    document = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {
        name: Body(
            name,
            entry["source"],
            tuple(entry.get("generations", (6, 7))),
            entry.get("sent", {}),
            entry.get("accepted", {}),
        )
        for name, entry in document.items()
    }


def fill(name: str, /, **values: Any) -> Dict[str, Any]:
    """The recorded object *name* with *values* in the place of its own. Raises KeyError for a key that was not recorded."""
    sent = load_bodies()[name].sent
    unknown = set(values) - set(sent)
    if unknown:
        raise KeyError(f"{name}: {sorted(unknown)} was not recorded")
    return {**copy.deepcopy(dict(sent)), **values}


def load_shares() -> Dict[str, str]:
    """The shared folders of a NAS in use, each with its volume."""
    return dict(_load_inventory()["shares"])


def load_applications() -> List[str]:
    """The applications of a NAS in use, by DSM's ids."""
    return list(_load_inventory()["applications"])


def _load_inventory() -> Dict[str, Any]:
    import yaml

    document: Dict[str, Any] = yaml.safe_load(_INVENTORY.read_text(encoding="utf-8"))
    return document
