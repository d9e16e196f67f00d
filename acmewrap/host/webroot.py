"""The folder through which a web server shows the authority our tokens (http-01, RFC 8555 section 8.3)."""

from __future__ import annotations

import contextlib
import grp
import logging
import os
import shlex
import sys
from pathlib import Path
from typing import Literal, Optional, Sequence

from ..config.arguments import CHALLENGE_FOLDER, WEB_GROUP
from ..errors import AccessError
from ..failures import failure
from ..system import files, privileges, programs, trust

logger = logging.getLogger(__name__)

WebrootState = Literal["ready", "missing", "not_writable"]

CHALLENGES = Path(CHALLENGE_FOLDER)
_MODE = 0o755


def inspect(path: Path) -> WebrootState:
    """Whether tokens can be laid below *path*. acme.sh would make a missing folder, and remove it again under other runs."""
    folder = path / CHALLENGES
    if not folder.is_dir():
        return "missing"
    return "ready" if os.access(folder, os.W_OK | os.X_OK) else "not_writable"


def prepare(path: Path) -> None:
    """Make the folder for tokens below *path*, ours to write and everybody's to read; through sudo where that is needed.

    A webroot that was there already keeps its owner, its mode and everything in it but ``.well-known``. Raises
    :class:`AccessError` (``webroot.not_writable``) when neither way works.
    """
    folders = [path / CHALLENGES.parent, path / CHALLENGES]
    if not os.path.isdir(path):
        folders.insert(0, path)
    trust.refuse_planted(path / CHALLENGES)
    try:
        files.make_folder(path / CHALLENGES, _MODE)
        if inspect(path) == "ready":
            _give_to_web_server(folders)
            return
    except AccessError:
        logger.info("%s: making it takes root", path)
    if privileges.may_be_root():
        user = os.geteuid()
        privileges.as_root(lambda: _prepare_for(user, folders))
    else:
        _prepare_with_sudo(path, folders)
    if inspect(path) != "ready":
        raise _not_writable(path, "it is still not writable after sudo made it")


def keep_folder(path: Path) -> None:
    """Make the folder for tokens in a webroot that is there, as far as this user can; acme.sh reports where it cannot.

    acme.sh makes a missing one itself, and takes it away when it is done: under whoever else is at work there meanwhile.
    """
    with contextlib.suppress(AccessError, OSError):
        trust.refuse_planted(path / CHALLENGES)
        if path.is_dir():
            files.make_folder(path / CHALLENGES, _MODE)
        if inspect(path) == "not_writable" and privileges.may_be_root():  # root made it, before it worked as this user
            prepare(path)


def _prepare_for(user: int, folders: Sequence[Path]) -> None:
    """As root, make *folders* and give them to *user*; only where nobody but root could exchange them meanwhile."""
    for folder in folders:
        trust.refuse_weak(folder.parent)
        files.make_folder(folder, _MODE)
    group = _web_group()
    for folder in reversed(folders):
        handle = os.open(str(folder), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(handle).st_uid in (0, user):
                os.fchown(handle, user, -1 if group is None else group)
        finally:
            os.close(handle)


def _give_to_web_server(folders: Sequence[Path]) -> None:
    group = _web_group()
    if group is None:
        return
    for folder in folders:
        try:
            os.chown(folder, -1, group, follow_symlinks=False)
        except PermissionError:  # not in that group: the mode lets the web server read anyway
            return


def _web_group() -> Optional[int]:
    try:
        return grp.getgrnam(WEB_GROUP).gr_gid
    except KeyError:
        return None


def _prepare_with_sudo(path: Path, folders: Sequence[Path]) -> None:
    import sh

    owner = str(os.geteuid()) if _web_group() is None else f"{os.geteuid()}:{WEB_GROUP}"
    names = [str(folder) for folder in folders]
    for words in (["mkdir", "-p", names[-1]], ["chmod", f"{_MODE:o}", *names], ["chown", owner, *names]):
        try:
            if sys.stdin is not None and sys.stdin.isatty():  # a person is there: sudo may ask for the password itself
                sh.Command("sudo")(*words, _fg=True)
            else:
                programs.ask("sudo", "-n", *words, timeout=30.0)
        except (sh.CommandNotFound, sh.ErrorReturnCode, programs.ProgramError) as error:
            raise _not_writable(path, f"`sudo {' '.join(map(shlex.quote, words))}` did not work") from error


def _not_writable(path: Path, why: str) -> AccessError:
    user, group = privileges.User.current().name, os.getegid()
    return AccessError(failure("webroot.not_writable", f"{path}: {why}", webroot=path, user=user, group=group))
