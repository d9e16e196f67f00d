"""What the package logs, as lines for a person."""

from __future__ import annotations

import logging
from typing import Callable, ContextManager, TextIO

from ..formats.text import visible


class Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to *stream*, each record *aside* of what else is shown there."""

    def __init__(self, stream: TextIO, aside: Callable[[], ContextManager[None]]) -> None:
        super().__init__(stream)
        self._aside = aside
        self.setFormatter(_Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        with self._aside():
            super().emit(record)


class _Formatter(logging.Formatter):
    """A record is one line, whatever is in it, or its other lines are indented: nobody can forge another record."""

    def format(self, record: logging.LogRecord) -> str:
        first, *rest = super().format(record).split("\n") if record.exc_info else (super().format(record),)
        return "\n    ".join(map(visible, (f"  {first}", *rest)))
