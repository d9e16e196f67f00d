"""Files that are either the old or the new, never half of each; and the lock that keeps two runs apart.

Knows nothing of acme.sh. Modes are those of the design: secrets 0600, scripts and folders 0700, certificates 0644.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import Iterator, Union

from .catalogue import failure
from .errors import AccessError, BusyError

PRIVATE = 0o600
SCRIPT = 0o700
FOLDER = 0o700
PUBLIC = 0o644


def write_atomic(path: Path, content: Union[str, bytes], mode: int = PRIVATE) -> None:
    """Replace *path* by *content* in one step, on disk before it is seen. The mode is set before the content is written."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with _access(path):
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=str(path.parent))
        try:
            with os.fdopen(handle, "wb") as stream:
                os.fchmod(stream.fileno(), mode)
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, str(path))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(path.parent)


def discard_unfinished(path: Path) -> None:
    """Remove what a :func:`write_atomic` of *path* left behind when it was killed."""
    for left in path.parent.glob(f".{path.name}.*"):
        with contextlib.suppress(OSError):
            left.unlink()


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


@contextlib.contextmanager
def lock(path: Path, timeout: float = 0.0) -> Iterator[None]:
    """Hold an exclusive lock on *path* (flock: the kernel lets go of it when the process ends, however it ends).

    Waits up to *timeout* seconds, then raises :class:`BusyError` (``run.busy``).
    """
    make_folder(path.parent)
    with _access(path):
        handle = os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
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
def _access(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        named = error.filename or path
        raise AccessError(failure("file.not_writable", f"{named}: permission denied", folder=path.parent)) from error
