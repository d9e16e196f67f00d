"""Where something stands in the file, for what shows only once the machine is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Iterable, Iterator, NamedTuple, Optional, Tuple, Type, TypeVar, Union

from ..errors import AcmewrapError, ConfigurationWarning, Problem
from ..system.reading import read_bytes

if TYPE_CHECKING:
    from yaml.nodes import Node

Keys = Tuple[Union[str, int], ...]
_Placed = TypeVar("_Placed", Problem, ConfigurationWarning)


class Found(NamedTuple):
    """What is to be said of the value that ``keys`` lead to, each below the one before; a number counts in a list, and is passed
    over where the file has one value for all.
    """

    keys: Keys
    message: str


def problems(file: Path, found: Iterable[Found]) -> Tuple[Problem, ...]:
    """Each once, with its place in *file*. Where one cannot be found (the file changed), that is the last key before it."""
    return tuple(dict.fromkeys(_placed(Problem, file, found)))


def warnings(file: Path, found: Iterable[Found]) -> Tuple[ConfigurationWarning, ...]:
    """The same of what is no problem."""
    return tuple(dict.fromkeys(_placed(ConfigurationWarning, file, found)))


def _placed(kind: Type[_Placed], file: Path, found: Iterable[Found]) -> Iterator[_Placed]:
    found = tuple(found)
    root = _compose(file) if found else None
    return (kind(str(file), *_place(root, keys), message) for keys, message in found)


def _compose(file: Path) -> Optional[Node]:
    from .binder.nodes import compose

    try:
        return compose(read_bytes(file), str(file))
    except (OSError, AcmewrapError):
        return None


def _place(node: Optional[Node], keys: Keys) -> Tuple[int, int, str]:
    """Line, column and path."""
    from yaml.nodes import MappingNode, SequenceNode

    from .binder.nodes import position

    where, path = (1, 1), ""
    for key in keys:
        if isinstance(key, str):
            path += f".{key}" if path else key
            entries = node.value if isinstance(node, MappingNode) else ()
            name, node = next(((name, value) for name, value in entries if name.value == key), (None, None))
            where = where if name is None else position(name)
        elif isinstance(node, SequenceNode) and key < len(node.value):
            path += f"[{key}]"
            node = node.value[key]
            where = position(node)
    return (*where, path)
