"""YAML text to a graph of nodes that know their line and column.

Every scalar stays the text that was written: YAML 1.1 would read ``04:55`` as 295, ``no`` as false and ``3.10`` as 3.1, and only
the key that holds a value knows what it means. So the base loader is used, which resolves nothing. Nothing is built from tags.
"""

from __future__ import annotations

import os
import re
from typing import Mapping, Tuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ...errors import ConfigurationError, Problem
from ...failures import invalid
from ...secrets import Secret

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml is six times faster, and not everywhere

# What YAML 1.2 section 5.1 calls printable; PyYAML reports the others without a line.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_DEEPEST = 100
_SAFE_FOR_LIBYAML = 10_000

_PLAIN_WORDS = {
    "found undefined alias": "there is no such anchor; a value that begins with * needs quotes",
    "found character": "a value cannot begin like this: indent with blanks, quote @ ` and %",
    "mapping values are not allowed": "a colon and a blank begin a value here; a text that holds them needs quotes",
    "but found another document": "one document a file: leave out the line `---` here, and what follows it",
    "exceeded maximum nesting depth": "nested too deeply",  # libyaml 0.2.6, before it tells of any level
}


def compose(data: bytes, file: str) -> MappingNode:
    """The mapping that *data* holds; *file* is what problems call it.

    Raises :class:`ConfigurationError` with one problem: after a mistake of syntax, what follows cannot be trusted.
    """
    text = _decode(data, file)
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        line, column = _place(text[: unprintable.start()])
        raise _refusal(file, line, column, f"the character U+{ord(unprintable.group()):04X} cannot be part of YAML")
    try:
        _check_depth(text)
        node = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # Neither the text of the error nor its chain goes on: both quote the file, which may hold a password.
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _refusal(file, line, column, f"not YAML: {_plain(error)}") from None
    except RecursionError:
        raise _refusal(file, 1, 1, "nested too deeply") from None
    if node is None:
        raise _refusal(file, 1, 1, "the file is empty; `acmewrap init` writes a commented one to start from")
    if not isinstance(node, MappingNode):
        raise _refusal(file, *position(node), f"expected keys such as `certificates:`, found {shape(node)}")
    return node


def build(values: Mapping[str, object], file: str) -> MappingNode:
    """The same for *values* that never were text: nodes without a place in a file. Raises :class:`ConfigurationError`."""
    try:
        node = _build(values, "")
    except (TypeError, RecursionError) as error:
        raise invalid((Problem(file, 0, 0, "", f"not a configuration: {error}"),)) from None
    assert isinstance(node, MappingNode)
    return node


def _build(value: object, path: str) -> Node:
    place = yaml.Mark("", -1, -1, -1, None, 0)
    if isinstance(value, Mapping):
        pairs = [(_build(str(key), path), _build(one, f"{path}.{key}")) for key, one in value.items()]
        return MappingNode("tag:yaml.org,2002:map", pairs, place, place)
    if isinstance(value, (list, tuple)):
        return SequenceNode("tag:yaml.org,2002:seq", [_build(item, path) for item in value], place, place)
    if value is None or isinstance(value, bool):
        return ScalarNode("tag:yaml.org,2002:str", {None: "", True: "yes", False: "no"}[value], place, place)
    if isinstance(value, Secret):
        value = value.reveal()
    if not isinstance(value, (str, int, float, os.PathLike)):
        raise TypeError(f"{path.lstrip('.')} is a value of type {type(value).__name__}")
    return ScalarNode("tag:yaml.org,2002:str", str(value), place, place, style="'")


def position(node: Node) -> Tuple[int, int]:
    """Line and column of *node*, counted from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def span(text: str, node: ScalarNode) -> Tuple[int, int]:
    """Where in *text* the scalar *node* begins and ends: without its anchor and its tag, and without the end of its line."""
    scalars = (token for token in yaml.scan(text, Loader=_LOADER) if isinstance(token, yaml.ScalarToken))
    token = next(token for token in scalars if token.end_mark.index == node.end_mark.index)
    start = token.start_mark.index
    return start, start + len(text[start : token.end_mark.index].rstrip())


def shape(node: Node) -> str:
    """What *node* is, in words that hold nothing of its value."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return "nothing" if is_empty(node) else "text"


def is_empty(node: Node) -> bool:
    """Whether *node* is a key without a value: YAML's null."""
    return isinstance(node, ScalarNode) and not node.style and node.value in ("", "~", "null", "Null", "NULL")


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(data[: error.start].decode("utf-8"))
        raise _refusal(file, line, column, "not UTF-8: save the file as UTF-8 without other encodings in it") from None


def _check_depth(text: str) -> None:
    """Keep libyaml's composer, which recurses in C, from bringing the process down (observed at 50,000 levels).

    A level costs a bracket, or a column of some line; only a file that has many of those is looked at closely.
    """
    if text.count("[") + text.count("{") + max(map(len, text.splitlines()), default=0) < _SAFE_FOR_LIBYAML:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise RecursionError


def _plain(error: Exception) -> str:
    found = str(getattr(error, "problem", None) or "a character or a number that cannot be")
    for words, plain in _PLAIN_WORDS.items():
        if found.startswith(words):
            return plain
    # The pure Python scanner names what it found in quotes, at the end.
    return re.sub(r",? (but )?(got|found) .*|'.*", "", found).strip() or "a mistake of syntax"


def _place(before: str) -> Tuple[int, int]:
    """Line and column of what follows *before*."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _refusal(file: str, line: int, column: int, message: str) -> ConfigurationError:
    return invalid((Problem(file, line, column, "", message),))
