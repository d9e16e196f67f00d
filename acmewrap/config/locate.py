"""Where something stands in the file, for problems that show only once the machine is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

from ..errors import AcmewrapError
from ..system.reading import read_bytes


def locate(file: Path, *keys: str) -> Tuple[int, int]:
    """Line and column of what the *keys* lead to in *file*, each below the one before, counted from 1.

    Where one cannot be found (the file changed, or the value is made of something else), that is the last one before it.
    """
    from yaml.nodes import MappingNode, Node

    from .binder.nodes import compose, position

    try:
        node: Node = compose(read_bytes(file), str(file))
    except (OSError, AcmewrapError):
        return 1, 1
    found = (1, 1)
    for key in keys:
        entries = node.value if isinstance(node, MappingNode) else ()
        for name, value in entries:
            if name.value == key:
                found, node = position(name), value
                break
        else:
            break
    return found
