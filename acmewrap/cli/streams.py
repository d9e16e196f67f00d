"""Standard output and error, to which no write stops the work: full, closed, or of an encoding that lacks a letter."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, TextIO, Tuple


class Stream:
    """A stream in the place of *stream* (None: it was closed before we started). ``lost`` is why what was written did not arrive,
    None as long as all of it did; a reader that has seen enough is no loss.
    """

    def __init__(self, name: str, stream: Optional[TextIO]) -> None:
        self.name = name
        self.lost: Optional[Exception] = None
        self._stream = stream
        self._open = stream is not None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        return self._stream is not None and not self._stream.closed and self._stream.isatty()

    def write(self, text: str) -> int:
        def write(stream: TextIO) -> None:
            try:
                stream.write(text)
            except UnicodeEncodeError:
                encoding = stream.encoding
                stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

        self._guarded(write)
        return len(text)

    def flush(self) -> None:
        self._guarded(lambda stream: stream.flush())

    def _guarded(self, work: Callable[[TextIO], None]) -> None:
        try:
            if self._stream is not None and self._open:
                work(self._stream)
        except BrokenPipeError:
            self._open = False
        except (OSError, ValueError) as error:  # the latter of one that was closed meanwhile
            self._open, self.lost = False, error


class Guarded:
    """Everything that prints meanwhile, of ours or of a library, goes through a :class:`Stream`."""

    def __enter__(self) -> Tuple[Stream, Stream]:
        self._before = sys.stdout, sys.stderr
        self._streams = Stream("standard output", sys.stdout), Stream("standard error", sys.stderr)
        sys.stdout, sys.stderr = self._streams
        return self._streams

    def __exit__(self, *_: object) -> None:
        for one in self._streams:
            one.flush()
        sys.stdout, sys.stderr = self._before


def open_all() -> None:
    """For a process of its own: what is closed becomes /dev/null, or the next file that is opened would take its place."""
    while True:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened > 2:
            os.close(opened)
            return


def abandon() -> None:
    """For a process of its own: what could not be written is not tried again at exit, where it would become the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            try:  # noqa: SIM105 - contextlib takes longer to import than a run with nothing to do
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            except (OSError, ValueError):
                pass
