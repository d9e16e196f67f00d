"""Every failure this package can tell of: a stable id, why it usually happens, what to do. One place per fact.

``docs/errors.md`` is generated from this table. A remedy may name values in braces; :func:`failure` fills them in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Sequence, Tuple

from .errors import Failure


@dataclass(frozen=True)
class Entry:
    """What is known of one kind of failure before it happens."""

    id: str
    cause: str
    remedy: str


def failure(id: str, message: str, lines: Sequence[str] = (), **values: object) -> Failure:
    """The failure *id* of the catalogue as it happened now. Raises KeyError for an id that is not in the table."""
    return Failure(id=id, message=message, remedy=CATALOGUE[id].remedy.format(**values), lines=tuple(lines))


_ENTRIES: Tuple[Entry, ...] = (
    # --- the machine ---------------------------------------------------------------------------------------------------
    Entry(
        "secret.unavailable",
        "A reference in the YAML file leads to nothing that this user can read.",
        "Put the value where the reference points, readable by the user that runs acmewrap.",
    ),
    Entry(
        "file.not_writable",
        "The user that runs acmewrap may not write there.",
        "Run as the user that owns {folder}, or give that user the right to write there.",
    ),
    Entry(
        "run.busy",
        "Another run works in the same folder, by hand or from the schedule.",
        "Try again when it has ended.",
    ),
)

CATALOGUE: Mapping[str, Entry] = {entry.id: entry for entry in _ENTRIES}
