"""Files that are either the old or the new, never half of each; and the lock that keeps two runs apart.

Knows nothing of acme.sh. Modes: secrets 0600, scripts and folders 0700, certificates 0644.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Tuple, Union

from ..errors import AccessError, BusyError, Failure
from ..failures import failure
from . import reading

PRIVATE = 0o600
SCRIPT = 0o700
FOLDER = 0o700
PUBLIC = 0o644

_IDS = {
    errno.EACCES: "file.denied",
    errno.EPERM: "file.denied",
    errno.ENOSPC: "disk.full",
    errno.EDQUOT: "disk.full",
    errno.EROFS: "file.read_only",
    errno.ENOLCK: "lock.unavailable",
}


def write_atomic(path: Path, content: Union[str, bytes], mode: int = PRIVATE) -> None:
    """Replace *path* by *content* in one step, on disk before it is seen. The mode is set before the content is written."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with _access(path), _laid_beside(path, data, mode) as temporary:
        os.replace(temporary, str(path))
        sync_folder(path.parent)


def rewrite(
    path: Path, content: bytes, *, pretend: bool = False, before: Optional[Callable[[str], None]] = None
) -> None:
    """The same for somebody's own file: its mode, its owner and a link that leads to it stay. *pretend*: do all but the last
    step, to see whether it can be done. *before* is handed the new file's path ahead of that step, and prevents it by raising.
    """
    target = Path(os.path.realpath(str(path)))
    with _access(target):
        found = target.stat()
        owner = found.st_uid, found.st_gid
        with _laid_beside(target, content, stat.S_IMODE(found.st_mode), owner) as temporary:
            if before is not None:
                before(temporary)
            if not pretend:
                os.replace(temporary, str(target))
                sync_folder(target.parent)


@contextlib.contextmanager
def _laid_beside(path: Path, data: bytes, mode: int, owner: Optional[Tuple[int, int]] = None) -> Iterator[str]:
    """A file on disk that holds *data*; it is gone afterwards, unless it has got another name."""
    # Not by tempfile, which takes longer to import than a run with nothing to do.
    temporary = str(path.parent / f".{path.name}.{os.urandom(4).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with os.fdopen(handle, "wb") as stream:
            if owner is not None:
                os.fchown(stream.fileno(), *owner)
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def discard_unfinished(path: Path) -> None:
    """Remove what a :func:`write_atomic` of *path* left behind when it was killed."""
    for left in path.parent.glob(f".{path.name}.*"):
        with contextlib.suppress(OSError):
            left.unlink()


def move(source: Path, target: Path) -> None:
    """Let *source* take the place of *target*, in the same folder, in one step."""
    with _access(target):
        os.replace(str(source), str(target))
        sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside *folder* last through a power cut."""
    handle = os.open(str(folder), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path, mode: int = FOLDER) -> None:
    """Make *path* and its missing parents; the mode holds for what is made, whatever the umask."""
    with _access(path):
        missing = []
        folder = path
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)


def copy_folder(source: Path, target: Path, ignore: Optional[Callable[[str, List[str]], List[str]]] = None) -> None:
    """Copy folders and regular files with their modes, without what *ignore* gives of a folder and its names. Raises the first
    OSError as it is, of which :func:`shutil.copytree` keeps only the text.
    """
    import shutil

    problems: List[OSError] = []

    def copy(one: str, to: str) -> str:
        try:
            return reading.copy(one, to)
        except OSError as error:
            problems.append(error)
            raise

    try:
        shutil.copytree(str(source), str(target), ignore=ignore, copy_function=copy)
    except shutil.Error as error:
        raise (problems or [error])[0] from error


@contextlib.contextmanager
def lock(path: Path, timeout: float = 0.0) -> Iterator[None]:
    """Hold an exclusive lock on *path* (flock: the kernel lets go of it when the process ends, however it ends). Raises
    :class:`BusyError` (``run.busy``) after *timeout* seconds.
    """
    make_folder(path.parent)
    with _access(path):
        handle = os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _in_the_way(path)
        deadline = time.monotonic() + timeout
        while not _is_locked(handle, path):
            if time.monotonic() >= deadline:
                holder = os.pread(handle, 100, 0).decode("ascii", "replace").strip() or "unknown"
                raise BusyError(failure("run.busy", f"another run (process {holder}) is at work in {path.parent}"))
            time.sleep(0.1)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def machine_lock(timeout: float = 30.0) -> Iterator[None]:
    """Keep apart the runs of all users and folders of this machine, for what is read, changed and written back as a whole.

    It is a lock on the folder /etc, which is everywhere and everybody's to open. Whoever holds it for longer than *timeout* seconds
    holds nobody up: then the work is done all the same, and whether it lasted shows when it is read back.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # a file system may have no locks
            handle = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, handle)
            deadline = time.monotonic() + timeout
            while not _is_locked(handle, "/etc") and time.monotonic() < deadline:
                time.sleep(0.05)
        yield


def _is_locked(handle: int, path: object) -> bool:
    """Whether the lock could be taken. Raises OSError for another reason than that somebody has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise OSError(error.errno, error.strerror, str(path)) from error
        return False
    return True


def describe(error: OSError, subject: object) -> Failure:
    """What the operating system refused, as a failure (``disk.full``, ``file.failed``); *subject*: what, if it does not say."""
    named = error.filename or subject
    folder = {"folder": os.path.dirname(str(named))} if os.path.isabs(str(named)) else {}
    return failure(id_of(error), f"{named}: {error.strerror or error}", **folder)


def id_of(error: OSError) -> str:
    """The failure that an error of the operating system is, where nothing more is known of it."""
    return _IDS.get(error.errno or 0, "file.failed")


@contextlib.contextmanager
def _access(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        named = error.filename or path
        raise AccessError(failure("file.not_writable", f"{named}: permission denied", folder=path.parent)) from error
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.EEXIST, errno.ENOTDIR):
            raise _in_the_way(path if error.errno == errno.EISDIR else _first_file(path)) from error
        if error.errno != errno.ELOOP:
            raise
        raise AccessError(failure("trust.planted", f"{error.filename or path} is a link", path=path)) from error


def _first_file(path: Path) -> Path:
    """What lies where a folder on the way to *path* should be."""
    files = (parent for parent in reversed(path.parents) if os.path.lexists(str(parent)) and not parent.is_dir())
    return next(files, path)


def _in_the_way(path: Path) -> AccessError:
    kind = "folder" if path.is_dir() else "file or a link"
    return AccessError(failure("file.foreign", f"{path} is a {kind}, which should not be there", path=path))
