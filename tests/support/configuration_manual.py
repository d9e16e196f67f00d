"""The page docs/configuration.md: every key of the file, from the table that also reads it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Dict, Iterator, List, Optional, Tuple

from acmewrap.config.binder.record import Key, Record
from acmewrap.config.binder.types import Either, Kind, Later, Sequence, Table
from acmewrap.config.model import RenewAt
from acmewrap.config.sections.scalars import DURATION
from acmewrap.config.sections.table import ROOT


def document() -> str:
    """The page. A test compares it with the file."""
    writer = _Writer()
    writer.add("", ROOT)
    return "\n".join((_PREFACE, *writer.parts))


class _Writer:
    """Sections in the order in which they are met; a record that two keys share is written once."""

    def __init__(self) -> None:
        self.parts: List[str] = []
        self._titles: Dict[int, str] = {}

    def add(self, path: str, record: Record) -> None:
        title = self._titles.setdefault(id(record), "The file")
        lines = [f"## {title}\n"]
        if record.one_of:
            lines.append(f"Exactly one of {', '.join(f'`{name}`' for name in record.one_of)} must be given.\n")
        lines += ["| key | takes | when left out | meaning |", "|---|---|---|---|"]
        below: List[Tuple[str, Record]] = []
        for name, key in record.keys.items():
            kind = key.kind.load() if isinstance(key.kind, Later) else key.kind
            inner = list(
                {id(one): (place, one) for place, one in _records(f"{path}.{name}".lstrip("."), kind)}.values()
            )
            new = [(place, one) for place, one in inner if id(one) not in self._titles]
            for place, one in new:
                self._titles[id(one)] = "A secret" if one.secret else f"`{place}`"
            below += new
            links = ", ".join(f"[{self._titles[id(one)]}]({self._anchor(one)})" for _, one in inner)
            lines.append(
                f"| `{name}` | {_cell(_takes(kind, links))} | {_cell(_default(name, key, record))} | {_cell(key.doc)} |"
            )
        self.parts.append("\n".join(lines) + "\n")
        for place, one in below:
            self.add(place, one)

    def _anchor(self, record: Record) -> str:
        """As GitHub makes it of the heading."""
        kept = "".join(letter for letter in self._titles[id(record)].lower() if letter.isalnum() or letter in "_- ")
        return "#" + kept.replace(" ", "-")


def _records(path: str, kind: Kind) -> Iterator[Tuple[str, Record]]:
    """The mappings with known keys that may stand at *path*."""
    if isinstance(kind, Record):
        yield path, kind
    elif isinstance(kind, Table):
        yield from _records(f"{path}.NAME", kind.value)
    elif isinstance(kind, Either):
        for one in (kind.mapping, kind.sequence):
            if one is not None:
                yield from _records(path, one)
    elif isinstance(kind, Sequence):
        yield from _records(path, kind.item)


def _takes(kind: Kind, links: str) -> str:
    if isinstance(kind, Record):
        return f"the keys of {links}"
    expects: Optional[str] = getattr(kind, "expects", None)
    if expects is None:
        inner = getattr(kind, "kind", None)
        expects = "nothing" if inner is None else f"{inner.expects.split(', or ')[0]}, or nothing"
    return f"{expects}; see {links}" if links else expects


def _default(name: str, key: Key, record: Record) -> str:
    if key.missing:
        return "**must be given**"
    default = record.defaults[name]
    if name in record.one_of or default in (None, (), {}):
        return ""
    return f"`{default}s`" if key.kind is DURATION else _shown(default)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, RenewAt):
        return "half of a life below ten days, else two thirds"
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        return ", ".join(f"`{name}: {_shown(one).strip('`')}`" for name, one in given.items() if one not in (None, ()))
    return f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_PREFACE = """\
# The file, key by key

One YAML file says all: `acmewrap.yaml` in the present folder, or one of the other places that `acmewrap --help` lists. Relative
paths begin at the folder of the file, and `~` is the home of the user. Every value is a text until its key says otherwise, so
`04:55`, `no` and `3.10` mean what they look like. Unknown keys and keys that are there twice are problems; `acmewrap check` lists
all problems at once. `acmewrap schema` prints the same as a JSON Schema for editors.

Written from the table that reads the file: `PYTHONPATH=. python tests/support/configuration_manual.py > docs/configuration.md`.
"""

if __name__ == "__main__":
    print(document(), end="")
