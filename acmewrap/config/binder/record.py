"""Mappings with known keys: the one kind of value that the file is mostly made of."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Callable, Dict, Mapping, Optional, Set, Tuple

from yaml.nodes import MappingNode, Node

from ...frozen import frozen
from ..arguments import quoted
from .reader import INVALID, Reader
from .types import Kind, nearest, suggestion


@frozen
class Key:
    """One key. ``missing`` set: the key is required, and that is the remedy, ``unless`` that other key is given. ``needs``: makes
    sense beside that key only.
    """

    kind: Kind
    doc: str
    default: Any = None
    missing: str = ""
    needs: str = ""
    unless: str = ""


class Section:
    """A mapping as it was read: valid values and defaults by key, and the node of every key that was given."""

    __slots__ = ("node", "nodes", "path", "reader", "values")

    def __init__(self, node: Node, path: str, reader: Reader, values: Dict[str, Any]) -> None:
        self.node = node
        self.path = path
        self.reader = reader
        self.values = values
        self.nodes: Dict[str, Node] = {}

    def get(self, name: str) -> Any:
        """The value, its default, or None when it is invalid."""
        return self.values.get(name)

    def refuse(self, name: str, message: str) -> Any:
        """Note a problem of the key *name*, at its value or, when it was left out, at the mapping. Returns INVALID."""
        return self.reader.refuse(self.nodes.get(name, self.node), self.path_of(name), message)

    def path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


@frozen
class Record(Kind):
    """A mapping with known keys, turned into a value by ``build`` when all of it is valid; without ``build`` the Section itself.

    ``build`` is given the values by name, without those that were left out and have no default; one of a class is a default as
    well. ``check`` sees the Section before, to note more problems. Exactly one of the keys ``one_of`` must be given. ``secret``:
    a text may stand here by mistake that must not be repeated.
    """

    keys: Mapping[str, Key]
    build: Optional[Callable[..., Any]] = None
    check: Optional[Callable[[Section], object]] = None
    one_of: Tuple[str, ...] = ()
    secret: bool = False

    @cached_property
    def defaults(self) -> Dict[str, Any]:
        own = {name: getattr(self.build, name, None) if isinstance(self.build, type) else None for name in self.keys}
        return {name: own[name] if key.default is None else key.default for name, key in self.keys.items()}

    @cached_property
    def _demanding(self) -> Dict[str, Key]:
        return {name: key for name, key in self.keys.items() if key.missing or key.needs}

    @cached_property
    def expects(self) -> str:
        return "the keys " + ", ".join(self.keys)

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        before = len(reader.problems)
        section = Section(node, path, reader, dict(self.defaults))
        mistyped: Set[Optional[str]] = set()  # one mistake, one problem: such a key is not missing as well
        for name, key_node, value in reader.pairs(node, path, self.expects):
            key = self.keys.get(name)
            if key is None:
                shown = "" if self.secret and not suggestion(name, self.keys) else f" {quoted(name)}"
                hint = suggestion(name, self.keys) or f"; expected {', '.join(self.keys)}"
                reader.refuse(key_node, path, f"unknown key{shown}{hint}")
                mistyped.add(nearest(name, self.keys))
                continue
            section.nodes[name] = value
            read = key.kind.read(value, section.path_of(name), reader)
            section.values[name] = None if read is INVALID else read
        if isinstance(node, MappingNode):
            self._check_presence(section, mistyped)
        if self.check is not None and len(reader.problems) == before:
            self.check(section)
        if self.build is None:
            return section
        if len(reader.problems) > before:
            return INVALID
        values = section.values.items()
        return self.build(**{name: value for name, value in values if name in section.nodes or value is not None})

    def _check_presence(self, section: Section, mistyped: Set[Optional[str]]) -> None:
        given = section.nodes
        for name, key in self._demanding.items():
            if key.missing and name not in given and name not in mistyped and key.unless not in given:
                section.reader.refuse(section.node, section.path, f"{name} is missing: {key.missing}")
            if key.needs and name in given and key.needs not in given:
                section.refuse(name, f"makes sense beside {key.needs} only")
        if self.one_of:
            chosen = [name for name in self.one_of if name in given]
            if len(chosen) != 1 and not mistyped.intersection(self.one_of):
                found = " and ".join(chosen) or "none of them"
                message = f"expected exactly one of {', '.join(self.one_of)}; found {found}"
                section.reader.refuse(section.node, section.path, message)

    def schema(self) -> Dict[str, Any]:
        schema: Dict[str, Any] = {
            "type": "object",
            "properties": {name: {"description": key.doc, **key.kind.schema()} for name, key in self.keys.items()},
            "additionalProperties": False,
        }
        required = [name for name, key in self.keys.items() if key.missing and not key.unless]
        needs = {name: [key.needs] for name, key in self.keys.items() if key.needs}
        if required:
            schema["required"] = required
        if needs:
            schema["dependentRequired"] = needs
        for name, key in self.keys.items():
            if key.unless:
                schema["anyOf"] = [{"required": [name]}, {"required": [key.unless]}]
        if self.one_of:
            schema["oneOf"] = [{"required": [name]} for name in self.one_of]
        return schema
