"""The way of a step through the code, as somebody reads it who wants to know what happens to it.

Every function of the package is read once, in the order in which it is first called. Left out are the modules that hold data,
names and words (VOCABULARY), and what is inside a call of the driver: that is one thing, done by acme.sh.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Iterator, List, Set, Tuple

import acmewrap

PACKAGE = str(Path(acmewrap.__file__).parent)
VOCABULARY = {
    *("errors", "failures", "frozen", "system.files", "system.reading", "system.resources", "system.trust", "secrets"),
    *(
        "pki.pem",
        "pki.x509",
        "engine.results",
        "formats.timefmt",
        "formats.text",
        "net.tls",
        "pki.names",
        "reasons",
        "config.model",
        "plan.machine_steps",
        "plan.steps",
        "state.model",
        "paths",
        "config.arguments",
        "config.install",
    ),
}
FUNCTION = inspect.CO_OPTIMIZED | inspect.CO_NEWLOCALS  # and not the body of a class or a module


class Way:
    """``modules`` in the order of reading; one that was left and is read on in stands there again."""

    def __init__(self) -> None:
        self.modules: List[str] = []
        self._read: Set[CodeType] = set()
        self._thread = threading.local()

    @property
    def visited(self) -> int:
        return len(set(self.modules))

    @property
    def returns(self) -> int:
        return len(self.modules) - self.visited

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(PACKAGE):
            return
        if code.co_name.startswith("<") or code.co_flags & FUNCTION != FUNCTION:
            return
        stack: List[Tuple[CodeType, bool]] = self._thread.__dict__.setdefault("stack", [])
        if event == "call":
            stack.append((code, self._call(code, skipped=bool(stack) and stack[-1][1])))
        elif stack and stack[-1][0] is code:
            stack.pop()

    def _call(self, code: CodeType, *, skipped: bool) -> bool:
        """Read *code*, and say whether what it calls is skipped."""
        module = code.co_filename[len(PACKAGE) + 1 : -len(".py")].replace("/", ".")
        if skipped or module in VOCABULARY:
            return True
        if code in self._read:  # not again; what it calls this time may be new
            return module.startswith("driver.")
        self._read.add(code)
        if self.modules[-1:] != [module]:
            self.modules.append(module)
        return module.startswith("driver.")


@contextlib.contextmanager
def observed() -> Iterator[Way]:
    """The way of what is done meanwhile, in this thread and in those that it starts."""
    way, before = Way(), (sys.getprofile(), threading.getprofile() if hasattr(threading, "getprofile") else None)
    sys.setprofile(way)
    threading.setprofile(way)
    try:
        yield way
    finally:
        sys.setprofile(before[0])
        threading.setprofile(before[1])
