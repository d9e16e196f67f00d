"""The file that node_exporter reads: the old or the new, public whatever the umask, and our own.

It is also what keeps the sums of its counters from run to run. A run with nothing to do comes here, hence no :mod:`tempfile`.
"""

from __future__ import annotations

import errno
import os

from ..system.reading import LARGE, read_text
from . import exposition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Tuple

    from .exposition import Samples

_MODE = 0o644


def load(path: str, source: str) -> Tuple[Samples, str]:
    """What an earlier run for the configuration *source* wrote: samples of runs, and the text about certificates.

    Raises OSError; EEXIST for a file of somebody else, or of another configuration: it would lose one by the other.
    """
    try:
        text = read_text(path, "replace", limit=LARGE)
    except FileNotFoundError:
        return {}, ""
    if not text.startswith(_identity(source)):
        raise FileExistsError(errno.EEXIST, f"was not written by acmewrap for {source}", path)
    head, certificates = exposition.split(text)
    return exposition.parse(head), certificates


def store(path: str, source: str, samples: Samples, certificates: str) -> None:
    """Replace it in one step. Raises OSError. The folder itself may be no link: root writes where others own what is above."""
    data = f"{_identity(source)}{exposition.render(samples)}{certificates}".encode("utf-8", "replace")
    parent, name = os.path.split(path)
    temporary = f".{name}.{os.getpid()}"  # does not end with .prom, or node_exporter would read half of it
    folder = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:  # noqa: SIM105 - contextlib takes longer to import than all of this
            os.unlink(temporary, dir_fd=folder)
        except FileNotFoundError:
            pass
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                os.fchmod(handle, _MODE)
                stream.write(data)
                stream.flush()
                os.fsync(handle)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(temporary, dir_fd=folder)
            raise
    finally:
        os.close(folder)


def _identity(source: str) -> str:
    return f"# Written by acmewrap for {source}\n"
