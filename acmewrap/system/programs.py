"""Short questions to programs of this machine: crontab, systemctl, DSM's tools, a command that prints a secret.

acme.sh, whose output matters line by line, has :mod:`acmewrap.driver.process`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from functools import partial
from typing import Any, Callable, Dict, Optional

from ..errors import PortableError
from . import privileges
from .reading import LIMIT

_CHUNK = 64 * 1024
_GRACE = 1.0  # seconds for what was killed to go; what has the rights of another user may stay
_SAID = 2000  # characters of a complaint


class ProgramError(PortableError):
    """No answer. ``status``: with what it ended, None when it did not start or had to be ended; ``missing``: there is none to
    start; ``stderr``: what it said. Its text holds none of the words that it was given.
    """

    def __init__(self, why: str, *, status: Optional[int] = None, stderr: str = "", missing: bool = False) -> None:
        super().__init__(why)
        self.status = status
        self.stderr = stderr
        self.missing = missing


def ask(program: str, *words: str, timeout: float, **options: Any) -> bytes:
    """What *program*, looked up in the PATH that it is given, prints. *timeout* is in seconds, *options* are those of :mod:`sh`
    (without ``_env`` it has the environment of this process). Raises :class:`ProgramError`. Its session is ended as a whole when
    the time is up, at more than :data:`.reading.LIMIT` bytes, and when whoever asks is interrupted.
    """
    import sh

    path: Optional[str] = options.get("_env", {}).get("PATH")
    search = path.split(":") if path else None
    output, complaint = _Kept(), _Kept()
    kept: Dict[str, Any] = {} if "_out" in options else {"_out": output, "_out_bufsize": _CHUNK}
    kept.update(_err=complaint, _err_bufsize=_CHUNK, _no_pipe=True, _bg=True, _bg_exc=False)
    try:
        running: Any = sh.Command(program, search)(*words, _new_session=True, _tty_out=False, **kept, **options)
    except sh.CommandNotFound:
        raise ProgramError("there is no such program that may be run", missing=True) from None
    except (sh.ForkException, OSError, ValueError):  # sh shows a traceback of its own, with the words in it
        why = "it cannot be started; a script needs a first line with #! and a program that is there"
        raise ProgramError(why) from None
    end = output.overflow = complaint.overflow = partial(_end, running.pid, options.get("_preexec_fn"))
    status = 0

    def wait() -> None:
        nonlocal status
        try:
            running.wait()
        except sh.ErrorReturnCode as error:
            status = error.exit_code

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    try:
        waiting.join(timeout)
        if waiting.is_alive():
            raise ProgramError(f"no answer for {timeout:g} s")
    except BaseException:
        end()
        waiting.join(_GRACE)
        raise
    if output.full or complaint.full:
        raise ProgramError(f"it prints more than {LIMIT} bytes")
    if status:
        said = complaint.data.decode("utf-8", "replace").strip()[:_SAID]
        raise ProgramError(f"it ended with {status}", status=status, stderr=said)
    return bytes(output.data)


class _Kept:
    """What is printed, for :mod:`sh` to write to, up to the limit; then ``overflow`` is called."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.full = False
        self.overflow: Callable[[], None] = lambda: None

    def write(self, chunk: bytes) -> None:
        self.full = self.full or len(self.data) + len(chunk) > LIMIT
        if self.full:
            self.overflow()
        else:
            self.data += chunk

    def flush(self) -> None:
        """Nothing waits."""


def _end(group: int, enter: Optional[Callable[[], None]]) -> None:
    """Kill what the program has started; *enter*: as whom it was started, where this process may not."""
    kill = partial(os.killpg, group, signal.SIGKILL)
    with contextlib.suppress(OSError):
        try:
            kill()
        except PermissionError:
            if enter is not None:
                privileges.apart(enter, kill)


def ask_text(program: str, *words: str, timeout: float, **options: Any) -> str:
    """The same as text, for what is only looked at: bytes that are no UTF-8 stand as U+FFFD."""
    return ask(program, *words, timeout=timeout, **options).decode("utf-8", "replace")
