"""Unit tests start no process and use no network: who tries is refused, and fails even where the refusal was dealt with."""

from __future__ import annotations

import contextlib
import sys
from typing import Iterator, List, Optional

import pytest

# Of https://docs.python.org/3/library/audit_events.html; sh and subprocess end in these.
FORBIDDEN = {
    *("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "subprocess.Popen"),
    *("socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"),
}
WHY = "unit tests start no process and use no network, this one belongs in tests/process"


class ForbiddenInUnitTestError(Exception):
    """A test below ``tests/unit`` started a process or used the network."""


class UnitGuard:
    """An audit hook, which stays until the interpreter ends; it listens while ``attempts`` is a list."""

    def __init__(self) -> None:
        self.attempts: Optional[List[str]] = None
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: object) -> None:
        if self.attempts is not None and event in FORBIDDEN:
            self.attempts.append(f"{event}{arguments!r}")
            raise ForbiddenInUnitTestError(f"{WHY}: {self.attempts[-1]}")

    @contextlib.contextmanager
    def listening(self, wanted: bool = True) -> Iterator[List[str]]:
        """Refuses, and fills a list with what was tried."""
        attempts: List[str] = []
        self.attempts = attempts if wanted else None
        try:
            yield attempts
        finally:
            self.attempts = None

    @contextlib.contextmanager
    def watching(self, wanted: bool = True) -> Iterator[None]:
        with self.listening(wanted) as attempts:
            yield
        if attempts:
            pytest.fail(said(attempts))


def said(attempts: List[str]) -> str:
    return f"{WHY}: {'; '.join(attempts)}"
