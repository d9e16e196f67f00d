"""What the package logs, as lines for a person."""

from __future__ import annotations

import contextlib
import logging
from typing import Callable, ContextManager, Iterator, TextIO

from ..formats.text import visible


@contextlib.contextmanager
def attach(stream: TextIO, aside: Callable[[], ContextManager[None]], *, few: bool, all: bool) -> Iterator[None]:
    """Pass on what the package logs (that sudo is asked, which source is tried) to *stream*; *few*: warnings alone."""
    handler = _Handler(stream, aside)
    logger = logging.getLogger(__package__.partition(".")[0])
    level = logger.level
    logger.setLevel(logging.WARNING if few else logging.DEBUG if all else logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
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
