"""The three that can start the unattended run, behind one shape: cron, systemd, and the Task Scheduler of DSM."""

from __future__ import annotations

from typing import Mapping

from ..config.model import Config
from ..errors import AcmewrapError
from ..failures import failure
from . import entry, others
from .backend import Scheduler
from .others import OtherEntry


def open_scheduler(config: Config, environ: Mapping[str, str]) -> Scheduler:
    """The scheduler that the file names. Raises :class:`AcmewrapError` (``schedule.none``) when it names none, and
    :class:`ConfigurationError` for values of a configuration made in code that no line of a scheduler can hold.
    """
    if config.schedule is None:
        raise AcmewrapError(failure("schedule.none", f"{config.file} has no section `schedule:`"))
    entry.refuse_unprintable(config)
    if config.schedule.by == "crontab":
        return entry.crontab_entry(config)
    if config.schedule.by == "systemd":
        return entry.systemd_units(config, environ)
    from .dsm import DsmTask

    return DsmTask(config, environ)


def remove_other(found: OtherEntry, config: Config, environ: Mapping[str, str]) -> None:
    """Take out an entry that *config* does not ask for. Raises :class:`AcmewrapError`."""
    if found.by == "dsm":
        from .dsm import DsmTask

        DsmTask(config, environ).remove_other(found.name)
    else:
        others.remove(found, config, environ)
