"""What a former version of the file asked for and this one does not: certificates in the homes, entries of the scheduler.

It is shown by every plan and removed only when asked to; the files of a certificate stay among the kept versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from ..config.model import Config, Schedule
from ..driver.home import Home
from ..errors import AcmewrapError
from ..host import crontab
from . import layout
from .ledger import Ledger


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


def remove(subject: str, config: Config) -> None:
    """Remove the leftover called *subject*, if it still is one."""
    for leftover in inspect(config):
        if leftover.subject != subject:
            continue
        if leftover.home is None:
            crontab.write(_entry(config).remove(crontab.read()))
        else:
            Home(leftover.home).remove(leftover.domain, leftover.ecc)
    for authority in config.authorities.values():
        ledger = Ledger.load(layout.ledger_path(authority))
        for name in ledger.names():
            if name.partition("/")[0] not in config.certificates:
                ledger.drop(name)


def _certificates(config: Config) -> Iterator[Leftover]:
    for authority in config.authorities.values():
        wanted: List[Tuple[str, bool]] = [
            layout.name_of(one) for one in config.certificates.values() if one.authority == authority.name
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
    if _entry(config).is_in(text):
        yield Leftover("the entry in the crontab")


def _entry(config: Config) -> crontab.Entry:
    return crontab.Entry(str(config.file), Schedule(), (), layout.log_path(config))
