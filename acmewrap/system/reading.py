"""Reading files that may be anything by now: only regular ones, no more than a limit, and without ever waiting.

What was put in the place of a file (a FIFO, a device, an endless file) is an OSError like any other, so callers say nothing more.
A run with nothing to do comes here, so nothing is imported that takes time.
"""

from __future__ import annotations

import errno
import io
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Union

    Name = Union[str, os.PathLike[str]]

LIMIT = 4 * 2**20
"""Bytes of anything that is read whole: a thousand times what certificates, configurations and scripts have."""

LARGE = 64 * 2**20
"""The same of what grows with the number of certificates, and of the single file that this package may be."""


def open_regular(path: Name) -> BinaryIO:
    """*path* for reading. Raises OSError, also for whatever is no regular file (EINVAL)."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        return io.open(handle, "rb")  # noqa: UP020 - the builtin is what a test keeps to this module
    except BaseException:
        os.close(handle)
        raise


def read_bytes(path: Name, limit: int = LIMIT) -> bytes:
    """The content of *path*. Raises what :func:`open_regular` raises, and OSError (EFBIG) for more than *limit* bytes."""
    with open_regular(path) as stream:
        size = min(os.fstat(stream.fileno()).st_size, limit)
        data = stream.read(size + 1)
        if len(data) > size:  # it grows, or is of those in /proc, which have no size
            data += stream.read(limit + 1 - len(data))
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit} bytes", os.fspath(path))
    return data


def read_text(path: Name, errors: str = "strict", limit: int = LIMIT) -> str:
    """The same as text. Raises UnicodeDecodeError for what is none, unless *errors* says otherwise."""
    return read_bytes(path, limit).decode("utf-8", errors)


def copy(source: str, destination: str) -> str:
    """For :func:`shutil.copytree`: a regular file with its mode, or OSError."""
    data, mode = read_bytes(source), os.stat(source).st_mode
    handle = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, stat.S_IMODE(mode))
    with io.open(handle, "wb") as stream:  # noqa: UP020
        stream.write(data)
    return destination
