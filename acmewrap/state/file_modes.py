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
from ..reasons import Mode, TooOpen


def inspect(config: Config) -> Dict[Path, TooOpen]:
    """What is too open: path -> the mode it has and the one it should have. Files of other users are left out."""
    found: Dict[Path, TooOpen] = {}
    for path, wanted in _expected(config):
        try:
            status = os.lstat(str(path))
        except OSError:
            continue
        mode = stat.S_IMODE(status.st_mode)
        if mode & ~wanted and not stat.S_ISLNK(status.st_mode) and os.geteuid() in (0, status.st_uid):
            found[path] = TooOpen(Mode(mode), Mode(wanted))
    return found


def tighten(path: Path, mode: int) -> None:
    """Give *path* the *mode* it should have; what has gone meanwhile, or is a link, is left alone."""
    if path.exists() and not path.is_symlink():
        path.chmod(mode)


def _expected(config: Config) -> Iterator[Tuple[Path, int]]:
    for authority in config.authorities.values():
        for folder, _, names in os.walk(str(authority.home)):
            yield Path(folder), files.FOLDER
            for name in names:
                if name.endswith((".key", ".conf", ".json")):
                    yield Path(folder, name), files.PRIVATE
    for wrapper in paths.wrappers(config):
        yield wrapper.path, files.SCRIPT
