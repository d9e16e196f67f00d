"""What a former version of the file asked for and this one does not: certificates in the homes, entries of the scheduler.

Every plan shows it; only `apply --prune` removes it.
"""

from __future__ import annotations

from typing import Iterator, List, Tuple, Union

from .. import paths
from ..config.model import Config, Schedule
from ..driver.homes.home import Home, Stored
from ..errors import AcmewrapError
from ..schedule import crontab

Leftover = Union[Stored, crontab.CrontabEntry]


def inspect(config: Config) -> Tuple[Leftover, ...]:
    """All that is left over. Reads the crontab only where the file has no schedule for it."""
    return (*_certificates(config), *_schedule(config))


def _certificates(config: Config) -> Iterator[Stored]:
    for authority in config.authorities.values():
        wanted: List[Tuple[str, bool]] = [
            paths.name_of(certificate)
            for certificate in config.certificates.values()
            if certificate.authority == authority.name
        ]
        for stored in Home(authority.home).stored():
            if (stored.files.domain, stored.ecc) not in wanted:
                yield stored


def _schedule(config: Config) -> Iterator[crontab.CrontabEntry]:
    if config.schedule is not None and config.schedule.by == "crontab":
        return
    try:
        text = crontab.read()
    except AcmewrapError:  # no cron, no entry
        return
    entry = crontab.CrontabEntry(str(config.file), Schedule(), (), paths.log_path(config))  # found by its marks
    if entry.is_in(text):
        yield entry
