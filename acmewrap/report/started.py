"""The words that started this very acmewrap, in the place of ``acmewrap`` wherever somebody is told to run it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from ..system import resources
from .manual import COMMANDS

_MAIN = str(Path(os.path.abspath(__file__)).parent.parent / "__main__.py")


def as_started(text: str) -> str:
    """*text*, in which each command of acmewrap can be run as it stands there."""
    words = _program() if "acmewrap " in text else "acmewrap"
    if words == "acmewrap":
        return text
    return re.sub(rf"\bacmewrap (?=(?:{'|'.join(COMMANDS)})\b)", lambda _: f"{words} ", text)


def _program() -> str:
    """Called by a program of somebody else's, it is the command that its remedies are about."""
    started = sys.argv[0]
    if resources.single_file() is not None:
        return f"{_python()} {shlex.quote(started)}"
    if os.path.abspath(started) == _MAIN:
        as_module = getattr(sys.modules["__main__"], "__spec__", None) is not None
        return f"{_python()} {'-m acmewrap' if as_module else shlex.quote(_MAIN)}"
    found = os.path.realpath(shutil.which("acmewrap") or "")
    is_script = os.path.basename(started) == "acmewrap" and found != os.path.realpath(started)
    return shlex.quote(started) if is_script else "acmewrap"


def _python() -> str:
    name = os.path.basename(sys.executable) or "python3"
    return name if shutil.which(name) == sys.executable else shlex.quote(sys.executable)
