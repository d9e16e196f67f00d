"""Folders that are replaced as a whole: each is a symbolic link into ``.versions``, where the set before it stays at hand.

``<home>/<name>`` leads to ``.versions/<name>/<number>``. Beside the last two sets there may lie ``next``, the link that is about
to take the place of the folder.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Callable, Tuple

from ...system import files

_VERSIONS = ".versions"
_NEXT = "next"
_KEPT = 2


def replace(home: Path, name: str, staged: Path) -> None:
    """Put *staged* (a folder on the same file system; it is moved) in the place of the folder *name*, in one step.

    Whoever holds the old folder open goes on reading it. Killed at any point, :func:`recover` completes or undoes it.
    """
    import shutil

    target, kept = home / name, home / _VERSIONS / name
    files.make_folder(kept)
    _make_lasting(staged)
    # A folder that acme.sh made itself moves away first; it becomes the version before.
    before = _make_next(kept) if target.is_dir() and not target.is_symlink() else None
    version = _make_next(kept)
    os.rename(str(staged), str(version))
    _lay_link(home, version)
    if before is not None:
        os.rename(str(target), str(before))
    _swap(home, name)
    for old in versions(home, name)[_KEPT:]:
        shutil.rmtree(str(old), ignore_errors=True)


def versions(home: Path, name: str) -> Tuple[Path, ...]:
    """What is kept of the folder *name*, the newest first."""
    with contextlib.suppress(FileNotFoundError):
        found = (version for version in (home / _VERSIONS / name).iterdir() if _number(version))
        return tuple(sorted(found, key=_number, reverse=True))
    return ()


def restore(home: Path, name: str, is_whole: Callable[[str, Path], bool]) -> None:
    """Have the folder *name*, in whose place nothing lies, be the newest of its versions again that *is_whole*."""
    for version in versions(home, name):
        if is_whole(name, version):
            _lay_link(home, version)
            _swap(home, name)
            return


def places(home: Path) -> Tuple[Path, Path]:
    """The folder of the workspaces, and that of the versions."""
    return home / ".staging", home / _VERSIONS


def recover(home: Path, *names: str) -> None:
    """Finish what a killed :func:`replace` of *names* (none: of all) had begun: the old folder is away, the link not there."""
    with contextlib.suppress(FileNotFoundError):
        for name in names or os.listdir(str(home / _VERSIONS)):
            if not os.path.lexists(str(home / name)) and (home / _VERSIONS / name / _NEXT).is_symlink():
                _swap(home, name)


def remove(home: Path, name: str) -> None:
    """Take the folder *name* away; its last versions stay."""
    target, versions = home / name, home / _VERSIONS / name
    with contextlib.suppress(FileNotFoundError):
        (versions / _NEXT).unlink()
    if target.is_symlink():
        target.unlink()
    elif target.exists():
        files.make_folder(versions)
        os.rename(str(target), str(_make_next(versions)))


def _lay_link(home: Path, version: Path) -> None:
    link = version.parent / _NEXT
    with contextlib.suppress(FileNotFoundError):
        link.unlink()
    os.symlink(os.path.relpath(str(version), str(home)), str(link))


def _swap(home: Path, name: str) -> None:
    os.replace(str(home / _VERSIONS / name / _NEXT), str(home / name))
    files.sync_folder(home)


def _make_lasting(folder: Path) -> None:
    """Give everything in *folder* its mode, and have it on disk before it is put to use."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(files.FOLDER if path.is_dir() else files.PUBLIC if path.suffix == ".cer" else files.PRIVATE)
        files.sync_folder(path)


def _make_next(versions: Path) -> Path:
    version = versions / str(max(map(_number, versions.iterdir()), default=0) + 1)
    version.mkdir(files.FOLDER)
    return version


def _number(version: Path) -> int:
    return int(version.name) if version.name.isascii() and version.name.isdigit() else 0
