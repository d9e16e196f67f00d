"""Running a function as a user without rights, also when the tests are run by root, whom no mode keeps out."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Callable, Iterator

NOBODY = 65534


@contextlib.contextmanager
def folder_of_nobody() -> Iterator[Path]:
    """A folder that the unprivileged user owns, outside of pytest's, which only its own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="acmewrap-unprivileged-"))
    if os.geteuid() == 0:
        os.chown(str(folder), NOBODY, NOBODY)
    try:
        yield folder
    finally:
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(str(folder))


def run_unprivileged(work: Callable[[], int], output: Path, user: int = NOBODY) -> int:
    """What *work* returned in a process of its own, of *user*; both its streams go to *output*."""
    with open(str(output), "wb") as stream:
        child = os.fork()
        if child == 0:
            code = 250
            try:
                os.dup2(stream.fileno(), 1)
                os.dup2(stream.fileno(), 2)
                sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(user)
                    os.setuid(user)
                code = work()
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status)
    return os.WEXITSTATUS(status)
