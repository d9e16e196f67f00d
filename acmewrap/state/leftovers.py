"""What a former version of the file asked for and this one does not: certificates in the homes, entries of the scheduler.

Every plan shows it; only `apply --prune` removes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from .. import paths
from ..config.model import Config, Schedule
from ..driver.home import Home
from ..errors import AcmewrapError
from ..schedule import crontab


@dataclass(frozen=True)
class Leftover:
    """Something nobody asks for any more. ``home`` None: an entry of the crontab, else the certificate *domain* in a home."""

    subject: str
    home: Optional[Path] = None
    domain: str = ""
    ecc: bool = False


def inspect(config: Config) -> Tuple[Leftover, ...]:
    """All that is left over. Reads the crontab only where the file has no schedule for it."""
    return (*_certificates(config), *_schedule(config))


def _certificates(config: Config) -> Iterator[Leftover]:
    for authority in config.authorities.values():
        wanted: List[Tuple[str, bool]] = [
            paths.name_of(one) for one in config.certificates.values() if one.authority == authority.name
        ]
        for stored in Home(authority.home).stored():
            name = (stored.files.domain, stored.ecc)
            if name not in wanted:
                yield Leftover(str(stored.files.folder), authority.home, *name)


def _schedule(config: Config) -> Iterator[Leftover]:
    if config.schedule is not None and config.schedule.by == "crontab":
        return
    try:
        text = crontab.read()
    except AcmewrapError:  # no cron, no entry
        return
    if crontab_entry(config).is_in(text):
        yield Leftover("the entry in the crontab")


def crontab_entry(config: Config) -> crontab.Entry:
    """The entry that `schedule: {by: crontab}` of this file makes, by its marks."""
    return crontab.Entry(str(config.file), Schedule(), (), paths.log_path(config))
