"""The command line in a process of its own, without the third of a second that an interpreter and its imports take.

One process has imported all of acmewrap and does nothing but fork: a child is what ``python -m acmewrap`` is right after its
imports, with its own environment, working folder, streams and exit code. What an interpreter reads before that (``PYTHON...``,
its locale) is the same for all children; a test of such things starts a process itself.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence

REPOSITORY = Path(__file__).resolve().parents[2]


class Forkserver:
    """Starts when it is made, ends with :meth:`close` or with the process that made it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="acmewrap-forkserver-"))
        measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        environment = {"PATH": os.defpath, "PYTHONWARNINGS": "error", "PYTHONPATH": str(REPOSITORY), **measured}
        argv = [sys.executable, __file__, str(self._folder)]
        self._process = subprocess.Popen(
            argv, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def run(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        cwd: str = "/",
        timeout: float = 120,
        terminal: Optional[str] = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """What is said goes to *terminal*, if there is one (``/dev/pts/3``). Raises OSError (timed out) when it takes longer than
        *timeout* seconds; then it is killed.
        """
        with tempfile.TemporaryDirectory(dir=str(self._folder)) as folder, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(str(self._folder / "socket"))
            with connection.makefile("rw", encoding="utf-8") as stream:
                stream.write(json.dumps([folder, cwd, list(words), dict(environment), terminal]) + "\n")
                stream.flush()
                child = int(stream.readline())
                try:
                    returncode = int(stream.readline())
                except OSError:
                    os.kill(child, signal.SIGKILL)
                    raise
            files = () if terminal else ("stdout", "stderr")
            said = [(Path(folder) / name).read_bytes() for name in files] or [b"", b""]
        return subprocess.CompletedProcess(list(words), returncode, *said)

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()
        shutil.rmtree(str(self._folder))


_STARTING = threading.Lock()  # a cache alone would start one for each thread that comes first


def forkserver() -> Forkserver:
    """That of this process."""
    with _STARTING:
        return _forkserver()


@functools.lru_cache(maxsize=None)
def _forkserver() -> Forkserver:
    return Forkserver()


def acmewrap(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line with these *words*, and *environment* beside that of this process."""
    done = forkserver().run(words, {**os.environ, **environment})
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    )


def close_forkserver() -> None:
    if _forkserver.cache_info().currsize:
        _forkserver().close()
        _forkserver.cache_clear()


def _serve(folder: str) -> None:
    import gc
    import importlib
    import pkgutil

    import jinja2  # noqa: F401  what acmewrap imports where it needs it
    import sh  # noqa: F401

    import acmewrap

    for module in pkgutil.walk_packages(acmewrap.__path__, "acmewrap."):
        if not module.name.startswith(("acmewrap.testing", "acmewrap.__main__", "acmewrap.vendor")):
            importlib.import_module(module.name)
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/socket")
        listening.listen(16)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        parent = os.getppid()
        listening.settimeout(1)
        children: List[int] = []
        while os.getppid() == parent:
            children = [child for child in children if os.waitpid(child, os.WNOHANG) == (0, 0)]
            try:
                connection, _ = listening.accept()
            except socket.timeout:
                continue
            child = os.fork()
            if child == 0:
                listening.close()
                _answer(connection)
            children.append(child)
            connection.close()


def _answer(connection: socket.socket) -> None:
    """In a child: fork acmewrap, wait for it, and tell how it ended."""
    connection.settimeout(None)
    with connection.makefile("rw", encoding="utf-8") as stream:
        folder, cwd, words, environment, terminal = json.loads(stream.readline())
        child = os.fork()
        if child == 0:
            connection.close()
            os.chdir(cwd)
            _become_acmewrap(folder, words, environment, terminal)
        stream.write(f"{child}\n")
        stream.flush()
        _, status = os.waitpid(child, 0)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        stream.write(f"{code}\n")
        stream.flush()
    os._exit(0)


def _become_acmewrap(folder: str, words: List[str], environment: Dict[str, str], terminal: Optional[str]) -> None:
    files = ((os.devnull, os.O_RDONLY), ("stdout", os.O_WRONLY | os.O_CREAT), ("stderr", os.O_WRONLY | os.O_CREAT))
    for number, (name, flags) in enumerate(((terminal, os.O_RDWR | os.O_NOCTTY),) * 3 if terminal else files):
        handle = os.open(os.path.join(folder, name), flags | os.O_APPEND, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.modules["__main__"].__spec__ = ModuleSpec("acmewrap.__main__", None)
    sys.argv = [str(REPOSITORY / "acmewrap" / "__main__.py"), *words]
    code = 70
    try:
        from acmewrap.cli import start

        code = start()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1])
