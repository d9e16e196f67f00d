"""What only a former version of the file asked for. Every plan shows it; `apply --prune` alone removes it."""

from __future__ import annotations

from typing import Iterator, Mapping, Tuple, Union

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
        wanted = {paths.name_of(one) for one in config.certificates.values() if one.authority == authority.name}
        home = Home(authority.home)
        yield from filter(None, (home.read(*name) for name in home.names() if name not in wanted))
