"""The sign of life on a terminal without rich: what runs and for how long, on a line that gives way to all else that is written."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Dict, Iterator, TextIO, Tuple

from .streams import width_of


class Ticker:
    """Writes to *stream* every *period* seconds while something runs. Needs nothing of the terminal but a carriage return."""

    def __init__(self, stream: TextIO, period: float = 1.0) -> None:
        self._stream = stream
        self._period = period
        self._lock = threading.RLock()
        self._running: Dict[int, Tuple[str, float]] = {}
        self._ended = threading.Event()
        self._shown = 0

    def __enter__(self) -> Ticker:
        threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with self.aside():
            self._running.clear()

    def begin(self, key: int, what: str) -> None:
        with self._lock:
            self._running[key] = what, time.monotonic()

    def end(self, key: int) -> None:
        with self._lock:
            if self._running.pop(key, None) is not None:
                self._write("")

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """The line is taken away, and does not come back before the end of this."""
        with self._lock:
            self._write("")
            yield

    def _tick(self) -> None:
        while not self._ended.wait(self._period):
            with self._lock:
                now = time.monotonic()
                parts = (f"{what} {now - since:.0f} s" for what, since in self._running.values())
                self._write("" if self._ended.is_set() else ", ".join(parts)[: width_of(self._stream) - 1])

    def _write(self, text: str) -> None:
        if text or self._shown:
            self._stream.write(f"\r{text.ljust(self._shown)}" + ("" if text else "\r"))
            self._stream.flush()
        self._shown = len(text)
