"""What a server reads on this machine: whether its folder is there, and whether its owner, group and mode are as asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from ..config.install import KEY_PARTS, InstallFile
from ..config.locate import Found
from ..config.model import Config
from ..errors import AccessError, Failure
from ..failures import failure
from ..frozen import frozen
from ..host import file_access
from ..host.file_access import FileAccess


@frozen
class Misplaced:
    """A file that has another owner, group or mode than the configuration asks for."""

    path: Path
    have: FileAccess
    want: FileAccess

    def describe(self) -> Failure:
        return failure("doctor.file_access", f"{self.path} is {self.have}, should be {self.want}", file=self.path)


@frozen
class InstalledState:
    """What is to be put right: each missing folder, with a file that is to lie in it, and files that are not as asked for."""

    folders: Tuple[Tuple[Path, InstallFile], ...]
    misplaced: Tuple[Misplaced, ...]


def inspect(config: Config) -> InstalledState:
    folders: Dict[Path, InstallFile] = {}
    misplaced: List[Misplaced] = []
    for install in (target.install for _, target in config.targets() if target.install is not None):
        for place, file in zip(install.places, install.files.values()):
            if not place.parent.exists():
                folders.setdefault(place.parent, file)
        for part, file in install.files.items():
            drift = file_access.find_drift(file, part) if file.is_particular else None
            if drift is not None:
                misplaced.append(Misplaced(file.path, *drift))
    return InstalledState(tuple(folders.items()), tuple(misplaced))


def find_problems(config: Config) -> Iterator[Found]:
    """What this user could not do."""
    for certificate, target in config.targets():
        for part, file in ({} if target.install is None else target.install.files).items():
            whole = target.install is not None and target.install.folder is not None
            message = None if whole and part not in KEY_PARTS else _find_problem(file)
            if message is not None:
                yield Found(("certificates", certificate.name, "deploy", target.name, "install"), message)


def _find_problem(file: InstallFile) -> Optional[str]:
    try:
        owner, group = file_access.find_ids(file)
    except AccessError as error:
        return str(error.failure.message)
    uid = os.geteuid()
    if uid != 0 and owner not in (-1, uid):
        return f"only root can give {file.path} to {file.owner}: leave `owner` out, or run as root"
    if uid != 0 and group not in (-1, os.getegid(), *os.getgroups()):
        return f"{file.path}: you are not in the group {file.group}; only root could give it to that"
    return None
