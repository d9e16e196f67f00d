"""Removes what the file no longer asks for. The files of a certificate stay among the kept versions."""

from __future__ import annotations

from .. import paths
from ..config.model import Config
from ..driver.home import Home
from ..schedule import crontab
from ..state.ledger import Ledger
from ..state.leftovers import crontab_entry, inspect


def remove(subject: str, config: Config) -> None:
    """Remove the leftover called *subject*, if it still is one."""
    for leftover in inspect(config):
        if leftover.subject != subject:
            continue
        if leftover.home is None:
            crontab.write(crontab_entry(config).remove(crontab.read()))
        else:
            Home(leftover.home).remove(leftover.domain, leftover.ecc)
    for authority in config.authorities.values():
        ledger = Ledger.load(paths.ledger_path(authority))
        for name in ledger.names():
            if name.partition("/")[0] not in config.certificates:
                ledger.drop(name)
