"""Where something stands in the file, for problems that show only once the machine is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

from ..errors import AcmewrapError


def locate(file: Path, key: str) -> Tuple[int, int]:
    """Line and column of the top-level *key* in *file*, counted from 1; the very beginning when it cannot be found."""
    from .binder.nodes import compose, position

    try:
        root = compose(file.read_bytes(), str(file))
    except (OSError, AcmewrapError):
        return 1, 1
    return next((position(name) for name, _ in getattr(root, "value", ()) if getattr(name, "value", "") == key), (1, 1))
