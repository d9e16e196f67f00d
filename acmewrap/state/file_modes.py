"""Files that more people can reach than should: keys, account keys, settings, the wrapper, and the folders they lie in.

acme.sh makes its folders 0755 unless its own installer ran, and a copy or a restored backup brings modes of its own.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Dict, Iterator, Tuple

from .. import files, paths
from ..config.model import Config


def inspect(config: Config) -> Dict[Path, Tuple[int, int]]:
    """What is too open: path -> the mode it has and the one it should have. Files of other users are left out."""
    found: Dict[Path, Tuple[int, int]] = {}
    for path, wanted in _expected(config):
        try:
            status = os.lstat(str(path))
        except OSError:
            continue
        mode = stat.S_IMODE(status.st_mode)
        if mode & ~wanted and not stat.S_ISLNK(status.st_mode) and os.geteuid() in (0, status.st_uid):
            found[path] = (mode, wanted)
    return found


def tighten(path: Path, config: Config) -> None:
    """Give *path* the mode it should have."""
    wanted = inspect(config).get(path)
    if wanted is not None:
        path.chmod(wanted[1])


def _expected(config: Config) -> Iterator[Tuple[Path, int]]:
    for authority in config.authorities.values():
        for folder, _, names in os.walk(str(authority.home)):
            yield Path(folder), files.FOLDER
            for name in names:
                if name.endswith((".key", ".conf", ".json")):
                    yield Path(folder, name), files.PRIVATE
    for wrapper in paths.wrappers(config):
        yield wrapper.path, files.SCRIPT
