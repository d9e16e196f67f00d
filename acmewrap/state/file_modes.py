"""File modes: who may reach keys, account keys, settings, the wrapper, the log, and the folders they lie in.

acme.sh keeps the mode of an installed key that is there already and makes its folders 0755 unless its own installer ran; a copy or
a restored backup brings modes of its own. The rules are written down in ``docs/how-it-works.md``.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import AbstractSet, Iterator, Optional, Tuple

from .. import paths
from ..config import references
from ..config.install import KEY_PARTS
from ..config.model import Config
from ..errors import ConfigurationWarning, Failure
from ..failures import failure
from ..frozen import frozen, replace
from ..host import file_access, ownership
from ..schedule import entry
from ..secrets import FileReference
from ..system import files

_PUBLIC = (".cer", ".csr")
_CODE = 0o775  # acme.sh may be a checkout of the user's, made with a umask of 002
_SPECIAL = 0o7000  # bits that say nothing of who may reach it
_KEY = None  # what is there already may be readable by a group: see ownership.private_mode


@frozen
class Excess:
    """A file or folder that more people can reach than should, with the mode it should have; ``id`` is that of the failure.

    ``ours``: it is this user's or, for root, that of the user whose folder it is; what is somebody else's, or a link, is
    reported and never changed.
    """

    path: Path
    mode: int
    wanted: int
    owner: int
    ours: bool
    id: str

    def describe(self) -> Failure:
        """As doctor and a plan's notes report it; what is wrong with the mode is what the catalogue says."""
        return failure(self.id, f"{self.path} has mode {self.mode:04o}", file=self.path, mode=f"{self.wanted:o}")


def inspect(config: Config) -> Tuple[Excess, ...]:
    """What is too open, each once."""
    owners = _owners(config)
    found = {path: _judge(path, allowed, owners) for path, allowed in _expected(config)}
    return tuple(filter(None, found.values()))


def inspect_secrets(config: Config) -> Tuple[Excess, ...]:
    """The same of the files that secrets are read from."""
    paths = {reference.path for _, reference in references.find(config) if isinstance(reference, FileReference)}
    owners = _owners(config)
    found = (_judge(path, _KEY, owners) for path in sorted(paths))
    return tuple(replace(excess, id="doctor.secret_readable") for excess in found if excess is not None)


def find_warnings(config: Config) -> Iterator[ConfigurationWarning]:
    """The same for `check`."""
    for excess in inspect_secrets(config):
        message = f"has mode {excess.mode:04o}. {excess.describe().remedy}"
        yield ConfigurationWarning(str(excess.path), 1, 1, "", message)


def is_plain(status: os.stat_result) -> bool:
    """A log may be /dev/null."""
    return stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)


def _owners(config: Config) -> AbstractSet[int]:
    """Whose files may be changed: root works in folders that it has handed over as well."""
    found = {os.geteuid()}
    if os.geteuid() == 0:
        for folder in (config.directory, *(authority.home for authority in config.authorities.values())):
            if folder.exists():
                found.add(folder.stat().st_uid)
    return found


def _judge(path: Path, allowed: Optional[int], owners: AbstractSet[int]) -> Optional[Excess]:
    try:
        link = os.path.islink(str(path))
        if link and allowed is not _KEY:
            return None
        status = os.stat(str(path))  # a key is read through a link
    except OSError:
        return None
    mode = stat.S_IMODE(status.st_mode)
    wanted = mode & (allowed | _SPECIAL) if allowed is not None else ownership.private_mode(status)
    if allowed is None and file_access.has_acl(path):  # the group's part of the mode is what the list allows at most
        wanted = mode & 0o7640
    if mode == wanted or not is_plain(status):
        return None
    ours = status.st_uid in owners and not link
    return Excess(path, mode, wanted, status.st_uid, ours, "doctor.file_mode" if ours else "file.open_to_others")


def _expected(config: Config) -> Iterator[Tuple[Path, Optional[int]]]:
    for authority in config.authorities.values():
        for folder, _, names in os.walk(str(authority.home)):
            yield Path(folder), files.FOLDER
            yield from ((Path(folder, name), files.PRIVATE) for name in names if not name.endswith(_PUBLIC))
    yield from ((wrapper.path, files.SCRIPT) for wrapper in paths.wrappers(config))
    yield entry.place_of(config), _CODE
    program = paths.program_folder(config)
    yield program.parent, _CODE
    for folder, _, names in os.walk(os.path.realpath(str(program))):
        yield from ((Path(folder, name), _CODE) for name in ("", *names))
    for _, target in config.targets():
        for part, file in ({} if target.install is None else target.install.files).items():
            if part in KEY_PARTS and file.mode is None:  # else it is looked at by what the file asks for
                yield file.path, _KEY
    log = paths.log_path(config)
    yield from ((path, _KEY) for path in (log, *log.parent.glob(f"{log.name}.?")))
