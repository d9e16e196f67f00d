"""The commands that the remedies of the catalogue tell to run."""

from __future__ import annotations

import re
from typing import Iterator, Mapping, Sequence, Tuple

from acmewrap.failures import CATALOGUE, failure
from acmewrap.report.manual import COMMANDS

# A command ends where the sentence, the quotation or its shell command does.
_COMMAND = re.compile(
    rf"acmewrap ((?:{'|'.join(COMMANDS)})(?: (?:--[a-z-]+|[A-Z][A-Z_]*|show|test|adjust)(?=[ .;:,`)]|$))*)"
)
# Values that stand elsewhere in the sentence.
VALUES: Mapping[str, Sequence[str]] = {"update.nothing_kept": ["acmewrap.pyz"], "dsm.odd_reply": ["dsm.json"]}


def commands() -> Iterator[Tuple[str, str]]:
    """The failure, and its command without ``acmewrap``; what is to be filled in stands in capitals."""
    return ((id, words) for id in CATALOGUE for words in _COMMAND.findall(failure(id, "").remedy))
