"""What all schedulers of the unattended run have in common: the shape of an entry, the log, and what came of a run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple, Optional, Protocol, Tuple

from ..config.model import Schedule
from ..frozen import frozen
from ..reasons import Drift
from ..system.reading import LIMIT, open_regular, read_text

_LOG_LINES = 20
_MACHINE = Path("/etc/machine-id")
_HOUR = 3600


class Times(NamedTuple):
    """When runs begin: at ``hour:minute`` and each ``hours`` later in the day; with ``minutes``, each so many of every hour."""

    hour: int
    minute: int
    hours: int = 24
    minutes: int = 0


@frozen
class StartOutcome:
    """How a run that was started ended. ``succeeded`` None: the scheduler does not say; ``lines``: what it added to the log."""

    succeeded: Optional[bool]
    message: str
    lines: Tuple[str, ...] = ()


class Scheduler(Protocol):
    """The entry of one configuration in a scheduler. All methods raise :class:`AcmewrapError`."""

    def drift(self) -> Drift:
        """Whether it is there, and as it should be. Changes nothing."""

    def ensure(self) -> None:
        """Make it, or bring it into line."""

    def show(self) -> str:
        """The entry as the scheduler has it; empty when it has none."""

    def check_start(self) -> None:
        """Raise what :meth:`start` would raise of a scheduler that starts nothing on request (``schedule.not_startable``)."""

    def start(self, timeout: float) -> StartOutcome:
        """Have it run now, and wait up to *timeout* seconds for its end."""

    def remove(self) -> bool:
        """Take it out. False when it was not there."""


def logged(command: str, log: str) -> str:
    """Shell that runs *command* with both streams added to the file *log*, both as a shell reads them. Where it cannot be
    written the run takes place all the same, and the scheduler gets what it prints. A FIFO would never be opened. In the log the
    time of its beginning stands before each run.
    """
    opened = '[ ! -p "$log" ] && (: >> "$log") 2> /dev/null && exec >> "$log" 2>&1 && date -u -Iseconds'
    return f"( log={log}; {opened}; {command} )"


class Log:
    """The log of the unattended run, from the moment at which this is made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = self._path.stat().st_size if self._path.exists() else 0

    def added(self) -> Tuple[str, ...]:
        """The last lines of what has come since."""
        try:
            with open_regular(self._path) as stream:
                if stream.seek(0, 2) >= self._size:  # else it was rotated: all of it is new
                    stream.seek(self._size)
                else:
                    stream.seek(0)
                text = stream.read(LIMIT).decode("utf-8", "replace")
        except OSError:
            return ()
        return tuple(text.splitlines()[-_LOG_LINES:])


def times(schedule: Schedule, name: str) -> Times:
    """Those of an interval are the machine's own for *name*, so that not all ask their authority in the same minute."""
    if schedule.daily is not None:
        return Times(*schedule.daily)
    assert schedule.every_seconds is not None
    own, hours = spread(name), min(schedule.every_seconds // _HOUR, 24)
    if hours:
        return Times(own // 60 % hours, own % 60, hours)
    minutes = max(1, schedule.every_seconds // 60)
    return Times(0, own % minutes, 0, minutes)


def spread(name: str) -> int:
    """A number from 0 to 2**32 - 1, always the same for *name* on this machine and another one elsewhere."""
    try:
        machine = read_text(_MACHINE, "replace").strip()
    except OSError:
        machine = ""
    return int.from_bytes(hashlib.sha256((machine + name).encode()).digest()[:4], "big")
