"""A number of the machine's own, so that not all machines knock on the authority's door in the same minute."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..reading import read_text

_MACHINE = Path("/etc/machine-id")


def number(name: str) -> int:
    """Always the same for *name* on this machine, another one elsewhere: evenly spread from 0 to 2**32 - 1."""
    try:
        machine = read_text(_MACHINE, "replace").strip()
    except OSError:
        machine = ""
    return int.from_bytes(hashlib.sha256((machine + name).encode()).digest()[:4], "big")
