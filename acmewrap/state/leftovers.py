"""What a former version of the file asked for and this one does not: certificates in the homes, entries of the scheduler.

Every plan shows it; only `apply --prune` removes it.
"""

from __future__ import annotations

from typing import Iterator, List, Mapping, Tuple, Union

from .. import paths
from ..config.model import Config
from ..driver.homes.home import Home, Stored
from ..schedule import others
from ..schedule.others import OtherEntry

Leftover = Union[Stored, OtherEntry]


def inspect(config: Config, environ: Mapping[str, str]) -> Tuple[Leftover, ...]:
    """All that is left over on this machine. Reads the crontab."""
    return (*_certificates(config), *others.find(config, environ))


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
