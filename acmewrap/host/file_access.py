"""Who may reach an installed file: its owner, its group and its mode, as the configuration has them and as they are."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from pathlib import Path
from typing import Optional, Tuple

from ..config.install import KEY_PARTS, FilePart, InstallFile
from ..errors import AccessError
from ..failures import failure
from ..frozen import frozen
from ..system import files
from . import ownership

ACL = "system.posix_acl_access"
_KEPT = (ACL, "security.selinux")


@frozen
class FileAccess:
    """Who may reach a file; -1: whoever makes it."""

    uid: int
    gid: int
    mode: int

    def __str__(self) -> str:
        return f"{_name_of(self.uid, pwd.getpwuid)}:{_name_of(self.gid, grp.getgrgid)} {self.mode:04o}"


def find_ids(file: InstallFile) -> Tuple[int, int]:
    """The numbers of owner and group, -1 where none is named. Raises :class:`AccessError` for a name that is unknown here."""
    uid = gid = -1
    try:
        if file.owner is not None:
            uid = int(file.owner) if file.owner.isdecimal() else pwd.getpwnam(file.owner).pw_uid
        if file.group is not None:
            gid = int(file.group) if file.group.isdecimal() else grp.getgrnam(file.group).gr_gid
    except KeyError as error:
        raise AccessError(failure("install.owner_unknown", f"{file.path}: {error.args[0]}", file=file.path)) from None
    return uid, gid


def wanted_access(file: InstallFile, part: FilePart, found: Optional[os.stat_result]) -> FileAccess:
    """What *file* is to have, where *found* is there already."""
    uid, gid = find_ids(file)
    secret = part in KEY_PARTS
    if file.mode is not None:
        mode = file.mode
    elif found is None or not stat.S_ISREG(found.st_mode):
        mode = files.PUBLIC if not secret else files.PRIVATE if file.group is None else 0o640
    elif secret and file.group is None and not has_acl(file.path):
        mode = ownership.private_mode(found)
    else:
        mode = stat.S_IMODE(found.st_mode) & (0o7640 if secret else 0o7777)
    if found is not None:
        uid, gid = found.st_uid if uid < 0 else uid, found.st_gid if gid < 0 else gid
    return FileAccess(uid, gid, mode)


def has_acl(path: Path) -> bool:
    """Whether somebody has chosen users or groups by name; the mode of the group is then the most that any of them may."""
    try:
        return bool(os.getxattr(str(path), ACL))
    except OSError:
        return False


def find_drift(file: InstallFile, part: FilePart) -> Optional[Tuple[FileAccess, FileAccess]]:
    """What *file* has and should have; None when that is the same, or it is not there."""
    try:
        found = os.stat(str(file.path))
    except OSError:
        return None
    have, want = FileAccess(found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)), wanted_access(file, part, found)
    return None if have == want else (have, want)


def set_access(path: Path, access: FileAccess) -> None:
    """Give the file its owner and mode. A link, which somebody may have put there meanwhile, is left alone."""
    try:
        with contextlib.ExitStack() as stack:
            handle = os.open(os.path.realpath(str(path)), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            stack.callback(os.close, handle)
            set_on(handle, access)
    except OSError as error:
        raise AccessError(files.describe(error, path)) from error


def set_on(handle: int, access: FileAccess) -> None:
    """The same of an open file. Raises OSError."""
    found = os.fstat(handle)
    if access.uid not in (-1, found.st_uid) or access.gid not in (-1, found.st_gid):
        os.fchown(handle, access.uid, access.gid)
    os.fchmod(handle, access.mode)


def write_new(path: Path, content: bytes, access: FileAccess, like: Path) -> None:
    """Make a file that belongs to whom it should before anything is in it, with the access control list and the label of *like*."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(str(path))
    handle = os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, files.PRIVATE)
    with os.fdopen(handle, "wb") as stream:
        for name in _KEPT:
            with contextlib.suppress(OSError):
                os.setxattr(stream.fileno(), name, os.getxattr(str(like), name))
        set_on(stream.fileno(), access)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _name_of(number: int, look: object) -> str:
    try:
        return str(look(number)[0])  # type: ignore[operator]
    except (KeyError, OverflowError):
        return str(number)
