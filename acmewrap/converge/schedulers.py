"""The three that can start the unattended run, behind one shape: cron, systemd, and the Task Scheduler of DSM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Protocol, Tuple

from ..catalogue import failure
from ..config.model import Config
from ..errors import AcmewrapError, CommandError
from ..host import crontab
from . import layout, schedule
from .state import Standing

_LOG_LINES = 20


@dataclass(frozen=True)
class Outcome:
    """How a run that was started ended. ``succeeded`` None: the scheduler does not say; ``lines``: what it added to the log."""

    succeeded: Optional[bool]
    told: str
    lines: Tuple[str, ...] = ()


class Scheduler(Protocol):
    """The entry of one configuration in a scheduler. All methods raise :class:`AcmewrapError`."""

    def standing(self) -> Standing:
        """Whether it is there, and as it should be. Changes nothing."""

    def ensure(self) -> None:
        """Make it, or bring it into line."""

    def show(self) -> str:
        """The entry as the scheduler has it; empty when it has none."""

    def start(self, timeout: float) -> Outcome:
        """Have it run now, and wait up to *timeout* seconds for its end."""

    def remove(self) -> bool:
        """Take it out. False when it was not there."""


def open_scheduler(config: Config, environ: Mapping[str, str]) -> Scheduler:
    """The scheduler that the file names. Raises :class:`AcmewrapError` (``schedule.none``) when it names none."""
    if config.schedule is None:
        raise AcmewrapError(failure("schedule.none", f"{config.file} has no section `schedule:`"))
    if config.schedule.by == "crontab":
        return Crontab(config)
    if config.schedule.by == "systemd":
        return Systemd(config)
    from .task import DsmTask

    return DsmTask(config, environ)


class Crontab:
    """cron, which starts nothing before its time."""

    def __init__(self, config: Config) -> None:
        self._entry = schedule.crontab_entry(config)

    def standing(self) -> Standing:
        text = crontab.read()
        if self._entry.merge(text) == text:
            return "same"
        return "differs" if self._entry.is_in(text) else "missing"

    def ensure(self) -> None:
        before = crontab.read()
        after = self._entry.merge(before)
        if after != before:
            crontab.write(after)

    def show(self) -> str:
        return self._entry.find(crontab.read())

    def start(self, timeout: float) -> Outcome:  # noqa: ARG002  the shape of all schedulers
        raise CommandError(failure("schedule.not_startable", "cron starts nothing before its time"))

    def remove(self) -> bool:
        text = crontab.read()
        if not self._entry.is_in(text):
            return False
        crontab.write(self._entry.remove(text))
        return True


class Systemd:
    """A timer of systemd."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._units = schedule.systemd_units(config)

    def standing(self) -> Standing:
        return self._units.standing()

    def ensure(self) -> None:
        self._units.install()

    def show(self) -> str:
        there = (path for path in self._units.render() if path.exists())
        return "\n".join(f"# {path}\n{path.read_text(encoding='utf-8')}" for path in there)

    def start(self, timeout: float) -> Outcome:
        log = Log(self._config)
        result = self._units.start(timeout)
        return Outcome(result == "success", f"systemd says: {result}", log.added())

    def remove(self) -> bool:
        return self._units.remove()


class Log:
    """The log of the unattended run, from the moment at which this is made."""

    def __init__(self, config: Config) -> None:
        self._path = layout.log_path(config)
        self._size = self._path.stat().st_size if self._path.exists() else 0

    def added(self) -> Tuple[str, ...]:
        """The last lines of what has come since."""
        try:
            with open(self._path, "rb") as stream:
                if stream.seek(0, 2) >= self._size:  # else it was rotated: all of it is new
                    stream.seek(self._size)
                else:
                    stream.seek(0)
                text = stream.read().decode("utf-8", "replace")
        except OSError:
            return ()
        return tuple(text.splitlines()[-_LOG_LINES:])
