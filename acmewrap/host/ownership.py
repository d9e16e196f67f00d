"""Giving what root made to the user who is to work with it: by descriptor, so that nothing can be exchanged on the way.

Only what is root's is given. A file with several names is not: one of them may have been made by the very user who gets it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Iterable, Iterator, Optional

from ..config.model import SCRIPT_HEAD, SCRIPT_MARK
from ..errors import AccessError
from ..failures import failure
from ..system import trust
from ..system.privileges import User

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# What tells a folder of acmewrap's own from another one of root's that was moved into its place.
_MARKS = ((".lock", ".staging"), ("acme.sh",))


def find_owned_by_root(paths: Iterable[Path]) -> Optional[Path]:
    """The first of *paths* that is there and root's."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if os.lstat(str(path)).st_uid == 0:
                return path
    return None


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


def hand_over(trees: Iterable[Path], singles: Iterable[Path], user: User) -> None:
    """Give *user* what is root's of *trees*, with everything in them, and of *singles*, without; what is not there is left out.

    Raises :class:`AccessError` before anything is given (``trust.weak_path``) when another user could exchange one of them, and
    for a file with several names (``trust.not_handed_over``).
    """
    trees, singles = tuple(trees), tuple(singles)
    for path in (*trees, *singles):
        trust.refuse_weak(path.parent)
    for path in (*trees, *singles):
        with _opened(str(path.parent)) as parent:
            if parent is not None:
                _give(parent, path.name, path, user, whole=path in trees)


def hand_over_homes(directory: Path, folders: Iterable[Path], scripts: Iterable[Path], user: User) -> None:
    """Give *user*, whose *directory* it is, what root left there when it still worked as root: the *folders* in it, of acme.sh and
    homes, and the wrapper *scripts*.

    The user can put anything in their place, therefore these must be root's, closed to others, and bear the marks of acmewrap.
    """
    with _opened(str(directory), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) as top:
        if top is None or os.fstat(top).st_uid != user.uid:
            return
        for path in folders:
            if directory in path.parents:
                _hand_over_home(top, path.relative_to(directory).parts, path, user)
        for path in scripts:
            with _opened(path.name, dir_fd=top) as script:
                if script is not None and _is_ours(script) and SCRIPT_MARK.encode() in os.pread(script, SCRIPT_HEAD, 0):
                    os.fchown(script, user.uid, user.gid)


def _hand_over_home(top: int, parts: Iterable[str], path: Path, user: User) -> None:
    with contextlib.ExitStack() as stack:
        folder: Optional[int] = top
        for name in parts:
            folder = stack.enter_context(_opened(name, _OPEN | os.O_DIRECTORY, dir_fd=folder))
            if folder is None:
                return
        assert folder is not None
        status = os.fstat(folder)
        marked = any(all(_is_roots(folder, name) for name in names) for names in _MARKS)
        if status.st_uid == 0 and not status.st_mode & 0o022 and marked:
            _give_content(folder, path, user)


def _give(parent: int, name: str, path: Path, user: User, *, whole: bool) -> None:
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(status.st_mode) and status.st_uid == 0:
        os.chown(name, user.uid, user.gid, dir_fd=parent, follow_symlinks=False)
        return
    with _opened(name, dir_fd=parent) as opened:
        if opened is None:
            return
        status = os.fstat(opened)
        if stat.S_ISDIR(status.st_mode) and whole and status.st_uid in (0, user.uid):
            _give_content(opened, path, user)
        elif status.st_uid == 0 and (stat.S_ISDIR(status.st_mode) or _is_ours(opened)):
            os.fchown(opened, user.uid, user.gid)
        elif status.st_uid == 0:
            message = f"{path} has several names, or is no file, and stays root's"
            raise AccessError(failure("trust.not_handed_over", message, path=path, user=user.name))


def _give_content(folder: int, path: Path, user: User) -> None:
    """The folder itself comes last: until then nobody but root can change what is in it."""
    for name in os.listdir(folder):
        _give(folder, name, path / name, user, whole=True)
    os.fchown(folder, user.uid, user.gid)


def _is_ours(opened: int) -> bool:
    status = os.fstat(opened)
    return stat.S_ISREG(status.st_mode) and status.st_uid == 0 and status.st_nlink == 1


def _is_roots(folder: int, name: str) -> bool:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid == 0
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _opened(name: str, how: int = _OPEN, dir_fd: Optional[int] = None) -> Iterator[Optional[int]]:
    """A descriptor; None where nothing of that kind is."""
    try:
        opened = os.open(name, how, dir_fd=dir_fd)
    except OSError:
        yield None
        return
    try:
        yield opened
    finally:
        os.close(opened)
