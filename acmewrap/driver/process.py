"""One child process from start to end: the only module that imports :mod:`subprocess`.

acme.sh spends its time in children of its own (curl, openssl, sleep) and sets no time limit on any of them. So each call gets a
session of its own, a deadline, and an end that reaches the whole process group: TERM, a grace, KILL. What leaves the group (a
server that a reload command starts) is let go. Standard input is empty, because deploy hooks ask questions; standard error is
merged into standard output, because the order of lines is what tells which failure belongs to which domain.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO, BinaryIO, Callable, ContextManager, Deque, List, Mapping, Optional, Protocol, Tuple, Union

from ..errors import CommandError
from ..failures import failure
from ..frozen import field, frozen
from ..secrets import Redactor, Secret

logger = logging.getLogger(__name__)
OnLine = Callable[[str], None]

LINE_LIMIT = 64 * 1024  # bytes of one line; the rest of it is left out
KEPT = 1_000_000  # characters, once for the first lines and once for the last
_CHUNK = 64 * 1024
_TICK = 0.1  # seconds in which a deadline or a cancellation is noticed
_DRAIN = 1.0  # seconds in which the output of a killed group must end


@frozen
class Command:
    """What to run. ``environment`` is all of the child's, ``stdin`` all it can read; its output must not show ``secrets``."""

    verb: str
    argv: Tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    timeout: float
    secrets: Tuple[Secret, ...] = ()
    stdin: bytes = field(default=b"", repr=False)

    def printable(self) -> str:
        """The command as a shell would take it, without secrets; safe for logs and errors."""
        import shlex

        return Redactor(self.secrets).redact(" ".join(shlex.quote(word) for word in self.argv))


@frozen
class Completed:
    """How it ended. ``lines`` are redacted; of very much output the middle is left out. A negative ``returncode`` is a signal."""

    command: Command
    returncode: int
    lines: Tuple[str, ...]
    seconds: float
    ended_by_deadline: bool = False


class Runner(Protocol):
    """What runs commands: :class:`ProcessRunner`, or a fake in tests."""

    def run(self, command: Command, on_line: Optional[OnLine] = None) -> Completed: ...

    def cancel(self) -> None: ...


class ProcessRunner:
    """Runs commands as child processes; safe to use from several threads at once. ``grace`` is how many seconds a group has between
    TERM and KILL; ``kill_group`` is :func:`os.killpg`, but in tests whose process numbers are made up.
    """

    def __init__(self, *, grace: float = 5.0, kill_group: Callable[[int, int], None] = os.killpg) -> None:
        self._grace = grace
        self._kill_group = kill_group
        self._cancelled = threading.Event()

    def run(self, command: Command, on_line: Optional[OnLine] = None) -> Completed:
        """Run *command* to its end, each redacted line going to *on_line* as it comes. A non-zero end is no error here.
        Raises :class:`CommandError` when it cannot be started (``tool.missing``) or after :meth:`cancel` (``run.interrupted``).
        """
        if self._cancelled.is_set():
            raise CommandError(failure("run.interrupted", "interrupted before it started"), command=command.printable())
        started = time.monotonic()
        lines = _Lines(Redactor(command.secrets), on_line)
        # A pipe of our own: the reader can stop although somebody still holds its other end.
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb", buffering=0) as output:
            with os.fdopen(writing, "wb") as its_end:
                process = self._start(command, its_end)
            try:
                expired = self._follow(process, output, lines, started + command.timeout)
            except BaseException:
                self._end(process)
                raise
        if self._cancelled.is_set():
            raise CommandError(failure("run.interrupted", "interrupted", lines.kept()), command=command.printable())
        seconds = time.monotonic() - started
        logger.debug("%s ended with %d after %.1f s", command.verb, process.returncode, seconds)
        return Completed(command, process.returncode, lines.kept(), seconds, expired)

    def cancel(self) -> None:
        """Let nothing start again, and end what runs: each :meth:`run` ends its group and raises."""
        self._cancelled.set()

    def _start(self, command: Command, output: BinaryIO) -> subprocess.Popen[bytes]:
        logger.debug("running %s", command.printable())
        try:
            with _readable(command.stdin) as given:
                return subprocess.Popen(
                    list(command.argv),
                    stdin=given,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=dict(command.environment),
                    cwd=str(command.folder),
                    start_new_session=True,
                )
        except OSError as error:
            message = f"{error.filename or command.argv[0]} cannot be started: {error.strerror}"
            fault = failure("tool.missing", message, tool=command.argv[0])
            raise CommandError(fault, command=command.printable()) from error

    def _follow(self, process: subprocess.Popen[bytes], output: BinaryIO, lines: _Lines, limit: float) -> bool:
        """Read until the command has ended and its output with it, or *limit* has passed (True) and the group is ended."""
        poll = select.poll()
        poll.register(output, select.POLLIN)
        reading, running, expired = True, True, False
        step: Optional[int] = signal.SIGTERM  # what the group is sent when the limit has passed
        while reading or running:
            if not reading:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_TICK)
            elif poll.poll(_TICK * 1000):
                data = os.read(output.fileno(), _CHUNK)
                lines.feed(data)
                reading = bool(data)
            now = time.monotonic()
            if running and process.poll() is not None:
                running = False
                if step == signal.SIGTERM:  # whatever it left behind and still holds the pipe may finish its sentence
                    limit, step = now + self._grace, signal.SIGKILL
            if step == signal.SIGTERM and self._cancelled.is_set():
                limit = now
            if now < limit:
                continue
            if step is None:  # the pipe is held by somebody who left the group
                break
            expired = expired or (running and not self._cancelled.is_set())
            self._signal(process, step)
            limit, step = (now + self._grace, signal.SIGKILL) if step == signal.SIGTERM else (now + _DRAIN, None)
        lines.end()
        if expired or self._cancelled.is_set():  # also after a good end: somebody may have ignored TERM in silence
            self._signal(process, signal.SIGKILL)
        self._reap(process)
        return expired

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        try:
            self._signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._grace)
        finally:
            self._signal(process, signal.SIGKILL)
            self._reap(process)

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(_DRAIN)
        except subprocess.TimeoutExpired:  # with the rights of another user, as sudo has them, it is not ours to end
            process.returncode = -signal.SIGKILL

    def _signal(self, process: subprocess.Popen[bytes], number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            self._kill_group(process.pid, number)


def _readable(data: bytes) -> ContextManager[Union[int, IO[bytes]]]:
    """A file without a name, so that nobody waits for who does not read, as with a pipe."""
    if not data:
        return contextlib.nullcontext(subprocess.DEVNULL)
    import tempfile

    made = tempfile.TemporaryFile()  # noqa: SIM115 - it is whoever asks that closes it
    made.write(data)
    made.seek(0)
    return made


class _Lines:
    """The first and the last lines of a stream that may be endless, as may each of its lines."""

    def __init__(self, redactor: Redactor, on_line: Optional[OnLine]) -> None:
        self._redactor = redactor
        self._on_line = on_line
        self._rest = b""
        self._head: List[str] = []
        self._head_room = self._tail_room = KEPT
        self._tail: Deque[str] = deque()
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: LINE_LIMIT + 1]
        for line in lines:
            self._add(line)

    def end(self) -> None:
        if self._rest:
            self._add(self._rest)

    def kept(self) -> Tuple[str, ...]:
        gap = (f"... {self._dropped} lines left out ...",) if self._dropped else ()
        return (*self._head, *gap, *self._tail)

    def _add(self, raw: bytes) -> None:
        line = self._redactor.redact(raw[:LINE_LIMIT].decode("utf-8", "replace").rstrip("\r"))
        if len(raw) > LINE_LIMIT:  # without the part in which a secret may have been cut in two
            line = line[: len(line) - self._redactor.longest] + " ..."
        if len(line) < self._head_room and not self._tail:
            self._head.append(line)
            self._head_room -= _cost(line)
        else:
            self._tail.append(line)
            self._tail_room -= _cost(line)
            while self._tail_room < 0:
                self._tail_room += _cost(self._tail.popleft())
                self._dropped += 1
        if self._on_line is not None:
            self._on_line(line)


def _cost(line: str) -> int:
    return len(line) + 64  # an empty line, too, takes memory
