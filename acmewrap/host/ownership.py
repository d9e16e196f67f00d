"""Whose files they are: what root sets up and another user is to run later, that user must be able to read."""

from __future__ import annotations

import os
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
