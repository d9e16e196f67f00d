"""Whose files they are: what root sets up and another user is to run later, that user must be able to read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Iterable, Iterator, Optional


def find_foreign(paths: Iterable[Path], owner: int) -> Optional[Path]:
    """The first of *paths* that is there and does not belong to the user id *owner*."""
    return next((path for path, found in _owners(paths) if found != owner), None)


def give(paths: Iterable[Path], owner: int) -> None:
    """Give those of *paths* that are there to the user id *owner*. Groups and modes stay; links are given, not followed."""
    for path, found in _owners(paths):
        if found != owner:
            os.lchown(str(path), owner, -1)


def private_mode(status: os.stat_result) -> int:
    """The mode for a file that holds a secret and is there already, from the one that it has: nobody but its owner may reach it,
    except a group that somebody has chosen for it, which may read it.

    Chosen is a group that is not the owner's default one; of a file closed to everybody else, also the group that is the owner's
    own, of the same name: whoever is in it was put there.
    """
    import grp
    import pwd

    mode, chosen = stat.S_IMODE(status.st_mode), False
    try:
        owner = pwd.getpwuid(status.st_uid)
        private = not mode & 0o007 and grp.getgrgid(status.st_gid).gr_name == owner.pw_name
        chosen = status.st_gid != owner.pw_gid or private
    except KeyError:  # a user or a group without a name
        pass
    return mode & (0o7640 if chosen else 0o7600)


def below(folder: Path) -> Iterator[Path]:
    """*folder* and everything in it; links are named and not followed."""
    yield folder
    for place, folders, names in os.walk(str(folder)):
        yield from (Path(place, name) for name in (*folders, *names))


def _owners(paths: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    for path in paths:
        try:
            yield path, os.lstat(str(path)).st_uid
        except FileNotFoundError:
            continue
