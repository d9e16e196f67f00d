"""The whole order, account and challenge and certificate, in a home that is thrown away: what is in use stays untouched.

acme.sh's own way, ``--staging``, replaces the live certificate and is remembered for the next renewal.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Iterator, Optional

from ... import paths
from ...config.model import Authority, Config
from ...driver.homes.home import Home
from ...frozen import replace
from ...system import files


@contextlib.contextmanager
def stage(config: Config, *, server: Optional[str] = None, ca_bundle: Optional[Path] = None) -> Iterator[Config]:
    """*config* with homes of its own and nothing to deploy, gone afterwards with everything that was ordered.

    *server* takes the place of every authority's directory, *ca_bundle* that of its bundle. The installed acme.sh is used;
    where there is none yet, the engine installs one that goes away as well.
    """
    with tempfile.TemporaryDirectory(prefix="acmewrap-rehearsal-") as temporary:
        folder = Path(os.path.realpath(temporary))
        authorities = {name: _move(one, folder, server, ca_bundle) for name, one in config.authorities.items()}
        staged = replace(
            config,
            directory=folder,
            authorities=authorities,
            certificates={name: replace(one, targets=()) for name, one in config.certificates.items()},
            synology=None,
            schedule=None,
        )
        paths.reports_folder(staged).symlink_to(paths.reports_folder(config))
        program = paths.program_folder(config)
        if program.exists():
            files.make_folder(paths.program_folder(staged).parent)
            paths.program_folder(staged).symlink_to(program)
        yield staged


def _move(authority: Authority, folder: Path, server: Optional[str], ca_bundle: Optional[Path]) -> Authority:
    home = folder / f"home-{authority.name}"
    moved = replace(authority, home=home, server=server or authority.server)
    if ca_bundle is not None:
        moved = replace(moved, ca_bundle=ca_bundle, pem=None)
    elif authority.pem is not None:
        moved = replace(moved, ca_bundle=folder / f"ca-{authority.name}.crt")
    account = Home(authority.home).account_home(authority.server)
    if authority.eab is not None and server is None and account.is_dir():
        # Such an authority hands out accounts one by one; every other one is asked for a new account, as at the first time.
        copy = Home(home).account_home(authority.server)
        files.make_folder(copy.parent)
        files.copy_folder(account, copy)
    return moved
