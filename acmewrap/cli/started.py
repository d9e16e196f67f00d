"""The words that started this very acmewrap, for remedies that tell to run it again."""

from __future__ import annotations

import os
import re
import shlex
import sys

from ..system import resources
from .manual import COMMANDS

_REMEDY = "What to do: "


def as_started(line: str) -> str:
    """*line*, with these words in the place of ``acmewrap`` in a remedy, where that is a single file."""
    if _REMEDY not in line or resources.single_file() is None:
        return line
    start = f"{os.path.basename(sys.executable) or 'python3'} {shlex.quote(sys.argv[0])} "
    head, remedy, text = line.partition(_REMEDY)
    return head + remedy + re.sub(rf"\bacmewrap (?=(?:{'|'.join(COMMANDS)})\b)", lambda _: start, text)
