"""The reader: a walk over the nodes of one file that notes every problem with its line and goes on.

:data:`INVALID` takes the place of a value that has a problem.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ...errors import Problem
from ..arguments import quoted
from .nodes import is_empty, position, shape

INVALID: Any = object()


_UNFIT = "[\x00-\x1f\x7f\ud800-\udfff]"
_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


class TooMuchError(Exception):
    """Aliases repeat so much that reading on would take for ever. Does not leave this package."""


class Reader:
    """One reading of one file: what relative paths and ``~`` mean, whether the file is private, and the problems so far.

    ``on_nas``: this is a Synology NAS, and there is no crontab command.
    """

    def __init__(self, file: str, folder: Path, home: Path, *, private: bool, budget: int, on_nas: bool) -> None:
        self.file, self.folder, self.home = file, folder, home
        self.private, self.budget, self.on_nas = private, budget, on_nas
        self.problems: List[Problem] = []

    def refuse(self, node: Node, path: str, message: str) -> Any:
        """Note a problem; returns :data:`INVALID`."""
        self.problems.append(Problem(self.file, *position(node), path, message))
        return INVALID

    def text(self, node: Node, path: str, expects: str, tilde: bool = False) -> Any:
        """The text of a scalar, or INVALID; *tilde*: a bare ``~`` is a text and not null.

        Control characters are refused: acme.sh hangs on a newline in a name.
        """
        if not isinstance(node, ScalarNode):
            return self.refuse(node, path, f"expected {expects}, found {shape(node)}")
        if node.tag not in _TAGS:
            return self.refuse(node, path, f"expected {expects}; what begins with ! is a tag to YAML, so quote it")
        if is_empty(node) and not (tilde and node.value == "~"):
            return self.refuse(node, path, f"has no value: expected {expects}; what begins with # or & needs quotes")
        text: str = node.value
        if not text.isprintable() and re.search(_UNFIT, text):
            return self.refuse(node, path, f"expected {expects} on one line, without control characters")
        return text

    def pairs(self, node: Node, path: str, expects: str) -> Iterator[Tuple[str, Node, Node]]:
        """The name, its node and the node of the value, for every entry; duplicates and merge keys are refused."""
        if not isinstance(node, MappingNode) or node.tag not in _TAGS:
            self.refuse(node, path, f"expected {expects}, found {shape(node)}")
            return
        self._spend(len(node.value))
        seen: Dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag not in _TAGS:
                self.refuse(key, path, "a key must be plain text")
            elif key.value == "<<" and not key.style:
                remedy = "give a whole value an anchor instead (`renew: &soon {before: 8h}`) and use it again (`renew: *soon`)"
                self.refuse(key, path, f"merge keys (<<) are not supported: {remedy}")
            elif key.value in seen:
                lines = f"in line {position(seen[key.value])[0]} and in line {position(key)[0]}"
                self.refuse(key, path, f"the key {quoted(key.value)} is there twice, {lines}")
            else:
                seen[key.value] = key
                yield key.value, key, value

    def items(self, node: Node, path: str, expects: str) -> Iterable[Node]:
        if not isinstance(node, SequenceNode) or node.tag not in _TAGS:
            self.refuse(node, path, f"expected {expects}, found {shape(node)}")
            return ()
        self._spend(len(node.value))
        nodes: List[Node] = node.value
        return nodes

    def _spend(self, entries: int) -> None:
        self.budget -= entries
        if self.budget < 0:
            raise TooMuchError
