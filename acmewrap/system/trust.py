"""Whose word counts: who could exchange a file, a program or a folder that root is to work with."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from typing import TYPE_CHECKING, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import AccessError
from ..failures import failure
from ..frozen import frozen
from .privileges import User, as_nobody

if TYPE_CHECKING:
    StrPath = Union[str, os.PathLike[str]]
else:  # Python 3.8 takes no [str] here when it runs
    StrPath = Union[str, os.PathLike]

ROOT: FrozenSet[int] = frozenset((0,))
DSM_TOOLS = "/usr/syno/bin:/usr/syno/sbin"
DSM_ADMINISTRATORS = "administrators"
_INTERPRETERS = ("sh", "bash", "dash", "ash", "perl", "python3", "env", "sudo")
_MOST_LINKS = 40  # as the kernel has it


@frozen
class Weakness:
    """The first part of a path that somebody who is not trusted could exchange, and why."""

    path: str
    reason: str


# --- who could change it -----------------------------------------------------------------------------------------------


def components(path: StrPath) -> Iterator[Tuple[str, os.stat_result]]:
    """What decides where *path* leads, from ``/`` to where nothing is: folders, links, what they lead through, the file itself."""
    place, links = "/", 0
    rest: List[str] = os.path.abspath(path).split("/")[::-1]
    yield place, os.lstat(place)
    while rest:
        name = rest.pop()
        if name in ("", ".", ".."):
            place = os.path.dirname(place) if name == ".." else place
            continue
        here = os.path.join(place, name)
        try:
            status = os.lstat(here)
            target = os.readlink(here) if stat.S_ISLNK(status.st_mode) else None
        except OSError:
            return
        yield here, status
        if target is None:
            place = here
            continue
        links += 1
        if links > _MOST_LINKS:
            return
        place = "/" if target.startswith("/") else place
        rest.extend(target.split("/")[::-1])


def find_weakness(path: StrPath, trusted: FrozenSet[int] = ROOT) -> Optional[Weakness]:
    """What of *path* belongs to, or can be written by, others than the users *trusted* (as sshd's StrictModes); None: nothing.

    In a folder with the sticky bit, such as /tmp, nobody can exchange what belongs to another.
    """
    for here, status in components(path):
        if status.st_uid not in trusted:
            return Weakness(here, f"it belongs to {User.of(status).name}")
        if _is_open(here, status, trusted):
            return Weakness(here, "other users can write to it")
    return None


def _is_open(path: str, status: os.stat_result, trusted: FrozenSet[int]) -> bool:
    mode = status.st_mode
    if stat.S_ISLNK(mode) or (stat.S_ISDIR(mode) and mode & stat.S_ISVTX) or not mode & 0o022:
        return False
    if mode & stat.S_IWOTH:
        # DSM shows 0777 where an access control list decides: the kernel knows.
        return os.geteuid() != 0 or as_nobody(lambda: os.access(path, os.W_OK))
    return any(member not in trusted for member in _members(status.st_gid))


def _members(gid: int) -> Iterator[int]:
    yield from (user.pw_uid for user in pwd.getpwall() if user.pw_gid == gid)
    with contextlib.suppress(KeyError):
        for name in grp.getgrgid(gid).gr_mem:
            with contextlib.suppress(KeyError):
                yield pwd.getpwnam(name).pw_uid


def find_dsm_tools(environ: Mapping[str, str]) -> Optional[str]:
    """The PATH on which DSM's own tools are; None on a machine that is no Synology NAS."""
    path = ":".join(filter(None, (environ.get("PATH"), DSM_TOOLS)))  # an empty entry would be the current folder
    places = (os.path.join(folder, "synowebapi") for folder in path.split(":"))
    return path if any(os.path.isfile(place) and os.access(place, os.X_OK) for place in places) else None


def trusted_users(environ: Mapping[str, str]) -> FrozenSet[int]:
    """Whose configuration root provisions by: its own, that of the user who started it through sudo(8), and on a Synology NAS that
    of DSM's administrators, who may have root do anything there.
    """
    started_by = environ.get("SUDO_UID", "")
    trusted = ROOT | ({int(started_by)} if started_by.isdecimal() else frozenset())
    if find_dsm_tools(environ) is not None:
        with contextlib.suppress(KeyError):
            trusted |= frozenset(_members(grp.getgrnam(DSM_ADMINISTRATORS).gr_gid))
    return trusted


def refuse_weak(path: StrPath, trusted: FrozenSet[int] = ROOT) -> None:
    """Raise :class:`AccessError` (``trust.weak_path``) when root would work with what others than *trusted* can exchange."""
    weak = find_weakness(path, trusted) if os.geteuid() == 0 else None
    if weak is not None:
        where = "" if weak.path == str(path) else f"{weak.path}: "
        message = f"root does not work with {path}: {where}{weak.reason}"
        raise AccessError(failure("trust.weak_path", message, path=weak.path))


def refuse_weak_command(words: Sequence[str], search: Optional[str] = None) -> None:
    """The same for what a command starts: its program, found in *search* (PATH), and the script that a shell is given."""
    import shutil

    for number, word in enumerate(words[:2] if os.geteuid() == 0 else ()):
        program = shutil.which(word, path=search) if number == 0 else word
        if program is not None and os.path.isfile(program):
            refuse_weak(program)
        if os.path.basename(word) not in _INTERPRETERS:
            return


def refuse_planted(path: StrPath) -> None:
    """Raise :class:`AccessError` (``trust.planted``) when root would write through another user's link, or into a file with
    several names one of which such a user may have made.
    """
    foreign: Optional[User] = None
    for here, status in components(path) if os.geteuid() == 0 else ():
        planted = None
        if stat.S_ISLNK(status.st_mode) and status.st_uid != 0:
            planted = f"a link of {User.of(status).name}'s"
        elif foreign is not None and stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            planted = f"a hard link in a folder of {foreign.name}'s"
        if planted is not None:
            raise AccessError(failure("trust.planted", f"root does not write to {here}: it is {planted}", path=here))
        if status.st_uid != 0:
            foreign = User.of(status)


def find_author(file: StrPath, environ: Mapping[str, str]) -> Optional[User]:
    """As whom root works with the configuration *file*; None: as root, for nobody else could have written it.

    Raises :class:`AccessError` (``trust.weak_path``) when it is root's own and anybody could have.
    """
    trusted = trusted_users(environ)
    if os.geteuid() != 0 or find_weakness(file, trusted) is None:
        return None
    found = [status for _, status in components(file)]
    if found[-1].st_uid != 0:
        return User.of(found[-1])
    others = [one for one in found if one.st_uid not in trusted]
    if not others or found[-1].st_mode & stat.S_IWOTH:
        refuse_weak(file, trusted)
    return User.of(others[0])


def find_owner(folder: StrPath) -> Optional[User]:
    """As whom root works in *folder*, which may be yet to be made; None: as root. Raises :class:`AccessError`
    (``trust.weak_path``) when it belongs to root, and others can exchange it.
    """
    if os.geteuid() != 0:
        return None
    found = [status for _, status in components(folder)]
    if found[-1].st_uid != 0:
        return User.of(found[-1])
    refuse_weak(folder)
    return None
