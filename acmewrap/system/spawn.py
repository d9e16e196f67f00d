"""Small helper programs side by side, for a run that has no time to import :mod:`subprocess`, which costs more than they do.

acme.sh and commands of the user's, which need a session, redaction and a log, have :mod:`acmewrap.driver.process`.
"""

from __future__ import annotations

import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Sequence, Tuple

    Ended = Tuple[Optional[int], bytes]
    """How one ended: its exit code, None when it could not be started or was killed; and the end of what it printed."""

MOST_INPUT = 60_000
"""Bytes that a pipe takes before anybody reads it, with some to spare; what is longer goes through a file."""
_MOST_OUTPUT = 4096
_CHUNK = 65536


def run(commands: Sequence[Tuple[Tuple[str, ...], bytes]], environ: Mapping[str, str], seconds: float) -> List[Ended]:
    """Run all *commands* (a program's full path and words, and all of its input); who is not ready after *seconds* is killed."""
    deadline = time.monotonic() + seconds
    started = [_start(argv, data, environ) for argv, data in commands]
    output: Dict[int, bytes] = {reading: b"" for _, reading in started}
    waiting = [reading for pid, reading in started if pid]
    try:
        while waiting:
            ready = select.select(waiting, [], [], max(deadline - time.monotonic(), 0))[0]
            if not ready:
                break
            for reading in ready:
                data = os.read(reading, _CHUNK)
                output[reading] = (output[reading] + data)[-_MOST_OUTPUT:]
                if not data:
                    waiting.remove(reading)
        return [(_end(pid, killed=reading in waiting), output[reading]) for pid, reading in started]
    except BaseException:
        for pid, _ in started:
            _end(pid, killed=True)
        raise
    finally:
        for _, reading in started:
            os.close(reading)


def _start(argv: Tuple[str, ...], data: bytes, environ: Mapping[str, str]) -> Tuple[int, int]:
    """The process, 0 for none, and what to read its output from."""
    reading, writing = os.pipe()
    given = _readable(data)
    actions = [(os.POSIX_SPAWN_DUP2, given, 0), (os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_DUP2, writing, 2)]
    try:
        pid = os.posix_spawn(argv[0], argv, environ, file_actions=actions, setpgroup=0)
    except OSError:
        pid = 0
    finally:
        os.close(given)
        os.close(writing)
    return pid, reading


def _readable(data: bytes) -> int:
    if len(data) > MOST_INPUT:
        import tempfile

        with tempfile.TemporaryFile() as stream:
            stream.write(data)
            stream.seek(0)
            return os.dup(stream.fileno())
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        stream.write(data)
    return reading


def _end(pid: int, *, killed: bool) -> Optional[int]:
    if not pid:
        return None
    if killed:
        _kill(pid)
    try:
        status = os.waitpid(pid, 0)[1]
    except ChildProcessError:  # ended and asked for before the interruption
        return None
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else None


def _kill(pid: int) -> None:
    import signal

    try:  # noqa: SIM105
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
