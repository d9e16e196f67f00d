"""The toolbox the description of the file is made of: every kind of value can be read, and described as JSON Schema."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Set, Tuple, Union

from yaml.nodes import MappingNode, Node, SequenceNode

from ...frozen import field, frozen
from ..arguments import quoted
from .nodes import shape
from .reader import INVALID, Reader


class Kind:
    """A kind of value. Most have ``expects``: in words what is meant, as in "expected a duration such as 8h"."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """The value of *node*, or :data:`INVALID` after its problems were noted."""
        raise NotImplementedError

    def schema(self) -> Dict[str, Any]:
        """The JSON Schema of what is accepted, seen as YAML 1.2 reads it."""
        raise NotImplementedError


class Text(Kind):
    """One text, turned into a value by :meth:`value`, which raises ValueError with the whole message."""

    expects: str
    tilde = False

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        text = reader.text(node, path, self.expects, self.tilde)
        try:
            return text if text is INVALID else self.value(text, reader)
        except ValueError as error:
            return reader.refuse(node, path, str(error))

    def value(self, text: str, reader: Reader) -> Any:
        raise NotImplementedError


@frozen
class Scalar(Text):
    """A text that ``parse`` turns into a value, in whatever file it stands."""

    expects: str
    parse: Callable[[str], Any]
    shape: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})

    def value(self, text: str, reader: Reader) -> Any:  # noqa: ARG002
        return self.parse(text)

    def schema(self) -> Dict[str, Any]:
        return dict(self.shape)


@frozen
class Later(Kind):
    """What few files hold: ``load`` imports its description when one does."""

    load: Callable[[], Kind]

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        return self.load().read(node, path, reader)

    def schema(self) -> Dict[str, Any]:
        return self.load().schema()


def matching(pattern: str, expects: str, secret: bool = False) -> Scalar:
    """Text that *pattern* (the syntax that Python and ECMA 262 share, without anchors) matches from end to end.

    *secret*: a text that does not is not repeated in the message, as it may be a secret in the wrong place.
    """

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"expected {expects}" if secret else f"expected {expects}, not {quoted(text)}")
        return text

    return Scalar(expects, parse, {"type": "string", "pattern": f"^(?:{pattern})$"})


def choice(words: Union[Mapping[str, Any], Tuple[str, ...]]) -> Scalar:
    """One of some words, and the value that each stands for, if that is another one."""
    expects, values = "one of " + ", ".join(words), words if isinstance(words, Mapping) else dict(zip(words, words))

    def parse(text: str) -> Any:
        if text in values:
            return values[text]
        raise ValueError(f"{quoted(text)} is not possible here{suggestion(text, values)}; expected {expects}")

    numbers = [int(word) for word in values if word.isdigit()]
    return Scalar(expects, parse, {"enum": [*values, *numbers]})


def nearest(word: str, known: Iterable[str]) -> Optional[str]:
    """What of *known* somebody may have meant by *word*."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), 1, 0.6)), None)


def suggestion(word: str, known: Iterable[str]) -> str:
    """``", did you mean X?"`` when something known is near *word*, else nothing."""
    near = nearest(word, known)
    return f", did you mean {near!r}?" if near is not None else ""


@frozen
class Sequence(Kind):
    """A list, read into a tuple. ``unique`` is for items that can be hashed."""

    item: Kind
    expects: str
    at_least: int = 1
    unique: bool = False

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        before = len(reader.problems)
        values: List[Any] = []
        seen: Set[Any] = set()
        for index, item in enumerate(reader.items(node, path, self.expects)):
            value = self.item.read(item, f"{path}[{index}]", reader)
            if self.unique and value is not INVALID:
                if value in seen:
                    reader.refuse(item, f"{path}[{index}]", f"{value} is there twice")
                seen.add(value)
            values.append(value)
        if len(reader.problems) > before:
            return INVALID
        if len(values) < self.at_least:
            return reader.refuse(node, path, f"the list is empty: expected {self.expects}")
        return tuple(values)

    def schema(self) -> Dict[str, Any]:
        schema: Dict[str, Any] = {"type": "array", "items": self.item.schema(), "minItems": self.at_least}
        return {**schema, "uniqueItems": True} if self.unique else schema


@frozen
class Table(Kind):
    """A mapping whose names the user chooses; read into a dictionary of the valid entries."""

    name: Scalar
    value: Kind
    expects: str
    at_least: int = 0

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        values: Dict[str, Any] = {}
        before = len(reader.problems)
        for name, key, value in reader.pairs(node, path, self.expects):
            if self.name.read(key, path, reader) is not INVALID:
                read = self.value.read(value, f"{path}.{name}", reader)
                if read is not INVALID:
                    values[name] = read
        if not values and self.at_least and len(reader.problems) == before:
            return reader.refuse(node, path, f"is empty: expected {self.expects}")
        return values

    def schema(self) -> Dict[str, Any]:
        return {
            "type": "object",
            "propertyNames": self.name.schema(),
            "additionalProperties": self.value.schema(),
            "minProperties": self.at_least,
        }


@frozen
class Either(Kind):
    """Several forms of one value, distinguished by what YAML shows: text, a mapping, a list."""

    expects: str
    text: Optional[Kind] = None
    mapping: Optional[Kind] = None
    sequence: Optional[Kind] = None

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        if isinstance(node, MappingNode):
            kind = self.mapping
        elif isinstance(node, SequenceNode):
            kind = self.sequence
        else:
            kind = self.text
        if kind is None:
            return reader.refuse(node, path, f"expected {self.expects}, found {shape(node)}")
        return kind.read(node, path, reader)

    def schema(self) -> Dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in (self.text, self.mapping, self.sequence) if kind]}
