"""What all counterparts share: a real program found, started, waited for until it answers, and ended with its group, or with us."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Callable, ClassVar, Dict, List, Optional, Sequence, Type

from ..errors import AcmewrapError
from ..failures import failure
from ..system.files import make_folder

if TYPE_CHECKING:
    from typing_extensions import Self

START_SECONDS = 30.0
END_SECONDS = 5.0
ATTEMPTS = 3
_WITH_US = 'exec 3<&0 </dev/null; { read -r _ <&3; kill -TERM 0; } & exec "$@" 3<&-'
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"  # where servers lie; not in the PATH of an ordinary user


class Counterpart:
    """A program as a context manager: entering starts it and returns when it answers, leaving ends its process group.

    Its output goes to ``log``, a file in *folder*. Entering raises :class:`AcmewrapError`: ``demo.tool_missing`` when the
    program is not there (the remedy names the Debian package), ``demo.not_started`` when it ends early or stays silent.
    """

    program: ClassVar[str]
    package: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / f"{self.program}.log"
        self._process: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> Self:
        program = find_program(self.program, self.package)
        make_folder(self.folder)
        for _ in range(ATTEMPTS):
            self._prepare()
            self._start([program, *self._arguments()])
            if self._wait():
                return self
            self._end()  # a port that was free when it was chosen may have been taken since: choose again
        raise self._not_started()

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._end()

    def _prepare(self) -> None:
        """Choose ports and write the files that the program reads."""
        raise NotImplementedError

    def _arguments(self) -> List[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        """Whether the program does its work yet; an OSError counts as no."""
        raise NotImplementedError

    def _environment(self) -> Dict[str, str]:
        return {}

    def _start(self, argv: List[str]) -> None:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                with_us(argv),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": os.defpath, **self._environment()},
                cwd=str(self.folder),
                start_new_session=True,
            )

    def _wait(self) -> bool:
        """Whether it came to answer; False when it ended instead. Raises when it does neither in time."""
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        try:
            while self._process.poll() is None:
                with contextlib.suppress(OSError):
                    if self._answers():
                        return True
                if time.monotonic() > deadline:
                    raise self._not_started()
                time.sleep(0.02)
        except BaseException:
            self._end()
            raise
        return False

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=END_SECONDS)

    def _not_started(self) -> AcmewrapError:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
        message = f"{self.program} was started but never answered"
        return AcmewrapError(failure("demo.not_started", message, lines, log=self.log))


def with_us(argv: Sequence[str]) -> List[str]:
    """*argv*, and with it what ends its process group when its standard input ends, which is to be a pipe that nobody else holds:
    however we come to an end. PR_SET_PDEATHSIG would be about the thread that starts it.
    """
    return ["/bin/sh", "-c", _WITH_US, "sh", *argv]


def find_program(name: str, package: str) -> str:
    """The full path of *name*. Raises :class:`AcmewrapError` (``demo.tool_missing``) naming the Debian *package* it is in."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_FOLDERS}")
    if path is None:
        raise AcmewrapError(failure("demo.tool_missing", f"the program {name} is not on this machine", package=package))
    return path


def free_port() -> int:
    """A port of 127.0.0.1 that nobody holds right now, for TCP and for UDP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", 0))
            port: int = stream.getsockname()[1]
            with contextlib.suppress(OSError):
                datagram.bind(("127.0.0.1", port))
                return port


def fetch(url: str, *, data: Optional[bytes] = None, ca_bundle: Optional[Path] = None) -> bytes:
    """The body behind *url*, POSTed to when there is *data*; no proxy of the environment is asked. Raises OSError."""
    handlers: List[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if ca_bundle is not None:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca_bundle))))
    open_url: Callable[..., contextlib.AbstractContextManager[object]] = urllib.request.build_opener(*handlers).open
    with open_url(url, data=data, timeout=10) as response:
        body: bytes = response.read()  # type: ignore[attr-defined]
        return body
