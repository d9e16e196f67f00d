"""The three that can start the unattended run, behind one shape: cron, systemd, and the Task Scheduler of DSM."""

from __future__ import annotations

from typing import Mapping, NoReturn

from ..config.model import Config
from ..errors import AcmewrapError, CommandError
from ..failures import failure
from ..reasons import Drift
from ..system import privileges
from . import crontab, entry, others
from .backend import Scheduler, StartOutcome
from .others import OtherEntry


def open_scheduler(config: Config, environ: Mapping[str, str]) -> Scheduler:
    """The scheduler that the file names. Raises :class:`AcmewrapError` (``schedule.none``) when it names none, and
    :class:`ConfigurationError` for values of a configuration made in code that no line of a scheduler can hold.
    """
    if config.schedule is None:
        raise AcmewrapError(failure("schedule.none", f"{config.file} has no section `schedule:`"))
    entry.refuse_unprintable(config)
    if config.schedule.by == "crontab":
        return Crontab(config)
    if config.schedule.by == "systemd":
        return entry.systemd_units(config)
    from .dsm import DsmTask

    return DsmTask(config, environ)


def remove_other(found: OtherEntry, config: Config, environ: Mapping[str, str]) -> None:
    """Take out an entry that *config* does not ask for. Raises :class:`AcmewrapError`."""
    if found.by == "dsm":
        from .dsm import DsmTask

        DsmTask(config, environ).remove_other(found.name)
    else:
        others.remove(found, config)


class Crontab:
    """cron, which starts nothing before its time. Where root works as another user the entry is that user's, and none is root's."""

    def __init__(self, config: Config) -> None:
        self._entry = entry.crontab_entry(config)

    def drift(self) -> Drift:
        text = crontab.read()
        if self._entry.merge(text) == text and not self._is_roots():
            return "same"
        return "differs" if self._entry.is_in(text) else "missing"

    def ensure(self) -> None:
        crontab.edit(self._entry.merge)
        if self._is_roots():
            privileges.as_root(self.remove)

    def show(self) -> str:
        return self._entry.find(crontab.read())

    def check_start(self) -> NoReturn:
        raise CommandError(failure("schedule.not_startable", "cron starts nothing before its time"))

    def start(self, timeout: float) -> StartOutcome:  # noqa: ARG002  the shape of all schedulers
        self.check_start()

    def remove(self) -> bool:
        return crontab.edit(self._entry.remove)

    def _is_roots(self) -> bool:
        """Whether root's table has the entry, from before root worked as another user."""
        way_back = privileges.way_back()
        return way_back is not None and privileges.as_root(lambda: self._entry.is_in(crontab.read()))
