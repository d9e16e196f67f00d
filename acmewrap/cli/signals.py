"""SIGTERM and SIGHUP end a run as an interruption from the keyboard does: acme.sh, in a session of its own, is ended with it."""

from __future__ import annotations

import contextlib
import signal

from ..errors import Terminated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, NoReturn


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """A signal that would end the process raises :class:`Terminated` (or :class:`KeyboardInterrupt`) inside."""
    heeded = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # as nohup(1) has it
    ]
    previous = {number: signal.signal(number, _terminate) for number in heeded}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _terminate(*_: object) -> NoReturn:
    raise Terminated
