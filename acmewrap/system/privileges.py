"""Laying down root's rights for those of another user.

Whoever owns a folder can exchange anything in it at any moment for a link, another file or another program. No check before use
helps against that, but a user's rights do: there root becomes that user, with real and effective id, so that what it starts has
no way back (execve(2) forgets the saved id). The saved id serves the few operations outside the folder that need root; each is
done in a process of its own. Whose folder it is, :mod:`.trust` finds out.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Callable, Mapping, MutableMapping, Optional, TypeVar, Union, cast

from ..errors import AccessError
from ..failures import failure
from ..frozen import frozen

Result = TypeVar("Result")

_NOBODY = 65534
_OF_ROOT = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")


@frozen
class User:
    """A user as the password database has it; a number that is not in there has neither name nor home."""

    uid: int
    gid: int
    name: str
    home: str

    @classmethod
    def of(cls, status: os.stat_result) -> User:
        return cls._known(status.st_uid, status.st_gid)

    @classmethod
    def current(cls) -> User:
        return cls._known(os.geteuid(), os.getegid())

    @classmethod
    def _known(cls, uid: int, gid: int) -> User:
        try:
            found = pwd.getpwuid(uid)
        except KeyError:
            return cls(uid, gid, str(uid), "/")
        return cls(found.pw_uid, found.pw_gid, found.pw_name, found.pw_dir)


def home_of(environ: Mapping[str, str]) -> Path:
    """The home directory. DSM's tasks run without HOME, so the password entry is asked then."""
    return Path(environ.get("HOME") or User.current().home)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where downloaded archives lie, and reports that are about no configuration: ``$XDG_CACHE_HOME/acmewrap``."""
    return Path(environ.get("XDG_CACHE_HOME") or home_of(environ) / ".cache", "acmewrap")


def become(user: User, environ: MutableMapping[str, str], home: Union[str, Path]) -> None:
    """Give this process *user*'s rights and none of root's, with a way back for :func:`as_root` until :func:`forget_root`;
    *home* is HOME where the user has none. Raises :class:`AccessError` (``trust.not_dropped``).
    """
    try:
        _set_ids(user, 0)
    except OSError as error:
        message = f"root could not become {user.name}, who owns what it is to work with: {error.strerror}"
        raise AccessError(failure("trust.not_dropped", message, user=user.name)) from error
    own = os.path.isdir(user.home) and os.access(user.home, os.W_OK | os.X_OK)
    environ.update(HOME=user.home if own else str(home), USER=user.name, LOGNAME=user.name)
    for name in _OF_ROOT:
        environ.pop(name, None)


def forget_root(*, for_good: bool = True) -> None:
    """Give up the way back; unless *for_good*, as far as :func:`way_back` tells: for one whose process goes on as root."""
    os.setresgid(-1, -1, os.getegid())
    if for_good:
        os.setresuid(-1, -1, os.geteuid())


def may_be_root() -> bool:
    """Whether this process is root, or has a way back."""
    return os.geteuid() == 0 or way_back() is not None


def way_back() -> Optional[Callable[[], None]]:
    """What a child process calls first to be root, where this process is not and has a way back."""
    _, effective, saved = os.getresuid()
    return regain if effective != 0 and saved == 0 and os.getresgid()[2] == 0 else None


def regain() -> None:
    """Become root again: for a child process, before it does the one thing it was made for."""
    os.setresuid(0, 0, 0)
    os.setresgid(0, 0, 0)
    os.setgroups([0])


def as_root(work: Callable[[], Result]) -> Result:
    """What *work* returns or raises, done as root in a process of its own; here, where that is what this process is.

    *work* must not touch what another user could exchange. Raises PermissionError where there is no way back.
    """
    return work() if os.geteuid() == 0 else apart(regain, work)


def as_nobody(work: Callable[[], Result]) -> Result:
    """The same as a user whom nothing belongs to; for root."""
    return apart(lambda: _set_ids(User(_NOBODY, _NOBODY, "", "/"), _NOBODY), work)


def _set_ids(user: User, saved: int) -> None:
    named = not user.name.isdecimal() and user.name != ""
    os.setgroups(os.getgrouplist(user.name, user.gid) if named else [user.gid])
    os.setresgid(user.gid, user.gid, user.gid if saved else 0)
    os.setresuid(user.uid, user.uid, saved)


def apart(enter: Callable[[], None], work: Callable[[], Result]) -> Result:
    """What *work* returns or raises in a process of its own that has called *enter*."""
    import pickle

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                enter()
                outcome = pickle.dumps((work(), None))
            except BaseException as error:  # it goes on in the parent
                outcome = pickle.dumps((None, error))
            with os.fdopen(writing, "wb") as stream:
                stream.write(outcome)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    result, problem = pickle.loads(data) if data else (None, OSError("the process ended early"))  # noqa: S301 - our own
    if problem is not None:
        raise problem
    return cast("Result", result)
