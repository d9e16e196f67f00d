"""The pages of the manual as data: their blocks of code, and the commands in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Iterator, List, NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(?P<kind>\w+)(?P<run> run)?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    document: Path
    kind: str
    runs: bool
    text: str


def blocks(*kinds: str) -> List[Block]:
    return [
        Block(document, match["kind"], match["run"] is not None, match["text"])
        for document in DOCUMENTS
        for match in _BLOCK.finditer(document.read_text(encoding="utf-8"))
        if match["kind"] in kinds
    ]


def commands(text: str) -> Iterator[List[str]]:
    """The words of each line of a shell block that starts acmewrap, by its name or as one file; comments left out."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        for program in (["acmewrap"], ["python3", "acmewrap.pyz"]):
            if words[: len(program)] == program:
                yield words[len(program) :]


def guide(name: str) -> List[Block]:
    """The blocks of one page, in their order."""
    return [block for block in blocks("yaml", "sh", "named", "nginx") if block.document.name == name]
