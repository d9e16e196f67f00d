"""The one-file build, replaced by another in one step: one that is signed, and starts here. The one before it is kept.

Believed is who stands in ``vendor/allowed_signers`` of the build that runs, not of the one that comes. How that one was trusted
when it was fetched for the first time is not known here.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import re
import stat
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Iterator, Mapping, Optional, Tuple

from . import __version__
from .driver.process import Command, ProcessRunner
from .errors import AccessError, AcmewrapError, BusyError, CommandError
from .failures import failure
from .frozen import frozen
from .net.http import Http, HttpError
from .system import files, reading, resources
from .system.programs import ProgramError, ask_text

SUMS = "SHA256SUMS"
SIGNATURE = f"{SUMS}.sig"
NAMESPACE = "acmewrap"
LIMIT = 64 * 2**20  # bytes of a download; a build has less than one million
WAIT = 30.0
"""Seconds to wait for others who run from the file."""

_SUM = re.compile(r"^([0-9a-f]{64}) [ *]\S+\.pyz$", re.MULTILINE)
_VERSION = re.compile(rb'^__version__ = "([0-9][0-9A-Za-z.]*)"\r?$', re.MULTILINE)
_REDIRECTS = 5


@frozen
class Build:
    """A one-file build: its bytes, and the version that it says it is."""

    content: bytes
    version: str

    @property
    def is_older(self) -> bool:
        """Older than what runs. A part that is no number ends the comparison."""
        return _numbers(self.version) < _numbers(__version__)


def own_program() -> Path:
    """The file that runs, whatever links lead to it. Raises :class:`AcmewrapError` (``update.not_one_file``)."""
    started = resources.single_file()
    if started is None:
        raise AcmewrapError(failure("update.not_one_file", f"{os.path.abspath(sys.argv[0])} is not the one-file build"))
    return Path(os.path.realpath(str(started)))


def kept(program: Path) -> Path:
    """Where the build lies that *program* has replaced."""
    return program.with_name(f"{program.name}.old")


def fetch(
    source: str, environ: Mapping[str, str], signers: Optional[Path] = None, sha256: Optional[str] = None
) -> Build:
    """The build at *source* (a path or URL), held against the signed sums beside it, or against *sha256* alone.

    *signers*: the file with those who may sign (None: who stands in this build). Raises :class:`AcmewrapError`: ``update.source``,
    ``update.mismatch``, ``update.signature``, ``update.no_signers``, ``update.ssh_keygen``, ``update.unusable``.
    """
    expected: Tuple[str, ...] = (sha256.lower(),) if sha256 is not None else ()
    if not expected:
        folder = source[: source.rindex("/") + 1] if "/" in source else ""
        sums, signature = (_read(f"{folder}{name}", environ) for name in (SUMS, SIGNATURE))
        _refuse_unsigned(sums, signature, _signers(signers, environ), environ)
        expected = tuple(_SUM.findall(sums.decode("utf-8", "replace")))
    content = _read(source, environ)
    digest = hashlib.sha256(content).hexdigest()
    if digest not in expected:
        wanted = " or ".join(expected) or f"none: {SUMS} names no .pyz"
        message = f"{source} has {len(content)} bytes of SHA-256 {digest}; expected is {wanted}"
        raise AcmewrapError(failure("update.mismatch", message))
    return Build(content, _version_of(content, source))


def replace(program: Path, build: Build) -> None:
    """Let *build* take the place of *program*, which is kept. Mode and owner stay.

    Raises :class:`AcmewrapError` (``update.unusable``), :class:`AccessError` (``file.not_writable``), :class:`BusyError` when
    somebody runs from it for longer than ``WAIT``, and what a full disk gives (``disk.full``); then all is as it was.
    """
    with _alone(program):
        mode = stat.S_IMODE(program.stat().st_mode)

        def keep(new: str) -> None:
            _refuse_unusable(Path(new), build.version)
            files.write_atomic(kept(program), reading.read_bytes(program, reading.LARGE), mode)

        try:
            files.rewrite(program, build.content, before=keep)
        except OSError as error:
            raise AcmewrapError(files.describe(error, program)) from error


def roll_back(program: Path) -> None:
    """Let the kept build take the place of *program*. Raises as :func:`replace`, and ``update.nothing_kept``."""
    old = kept(program)
    with _alone(program):
        _refuse_unusable(old, version_kept(program))
        files.move(old, program)


def version_kept(program: Path) -> str:
    """The version of what is kept. Raises :class:`AcmewrapError` (``update.nothing_kept``)."""
    old = kept(program)
    if not old.is_file():
        raise AcmewrapError(failure("update.nothing_kept", f"{old} is not there"))
    return _version_of(reading.read_bytes(old, reading.LARGE), str(old))


def _read(source: str, environ: Mapping[str, str]) -> bytes:
    try:
        if "://" not in source:
            return reading.read_bytes(source, reading.LARGE)
        client = Http(120.0, LIMIT, wait=30.0, redirects=_REDIRECTS, proxy=environ)
        reply = client.fetch(source)
    except (OSError, HttpError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise AcmewrapError(failure("update.source", f"{source}: {reason or error}")) from error
    if reply.status != 200:
        raise AcmewrapError(failure("update.source", f"{source}: HTTP status {reply.status}"))
    return reply.body


def _signers(file: Optional[Path], environ: Mapping[str, str]) -> str:
    own = file is None
    where = "this build" if own else str(file)
    text = resources.read_text("vendor/allowed_signers") if own else _read(where, environ).decode("utf-8", "replace")
    if not any(line.strip() and not line.startswith("#") for line in text.splitlines()):
        raise AcmewrapError(failure("update.no_signers", f"{where} names nobody who may sign"))
    return text


def _refuse_unsigned(sums: bytes, signature: bytes, signers: str, environ: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="acmewrap-") as folder:
        for name, content in (("signers", signers.encode("utf-8")), (SIGNATURE, signature)):
            Path(folder, name).write_bytes(content)
        words = ("-f", f"{folder}/signers", "-s", f"{folder}/{SIGNATURE}")
        found = _ssh_keygen(environ, "find-principals", *words).splitlines()
        _ssh_keygen(environ, "verify", *words, "-I", found[0] if found else "", "-n", NAMESPACE, stdin=sums)


def _ssh_keygen(environ: Mapping[str, str], action: str, *words: str, stdin: bytes = b"") -> str:
    environment = {"PATH": environ.get("PATH", os.defpath), "LC_ALL": "C"}
    try:
        return ask_text("ssh-keygen", "-Y", action, *words, timeout=30.0, _in=stdin, _env=environment)
    except ProgramError as error:
        said = error.stderr.splitlines()
        # Before 8.1, -Y or its action is unknown, and the answer is how to use it.
        too_old = any(line.startswith("usage:") or "option -- Y" in line for line in said)
        id = "update.ssh_keygen" if error.status is None or too_old else "update.signature"
        raise AcmewrapError(failure(id, f"ssh-keygen: {said[0] if said else error}", said)) from None


def _version_of(content: bytes, source: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = _VERSION.search(archive.read("acmewrap/__init__.py"))
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise AcmewrapError(failure("update.unusable", f"{source} is no build of acmewrap ({error})")) from error
    if found is None:
        raise AcmewrapError(failure("update.unusable", f"{source} does not say which version it is"))
    return found.group(1).decode("ascii")


def _refuse_unusable(file: Path, version: str) -> None:
    words = (sys.executable, "-IB", str(file), "version")
    command = Command("version", words, {"PATH": os.defpath, "LC_ALL": "C"}, Path("/"), timeout=60.0)
    try:
        done = ProcessRunner().run(command)
    except CommandError as error:
        raise AcmewrapError(failure("update.unusable", error.failure.message)) from error
    if done.returncode != 0 or not (done.lines and done.lines[0].startswith(f"acmewrap {version}")):
        message = f"acmewrap {version} does not start with {sys.executable}: it ended with {done.returncode}"
        raise AcmewrapError(failure("update.unusable", message, done.lines[-8:]))


@contextlib.contextmanager
def _alone(program: Path) -> Iterator[None]:
    """While nobody runs from *program*: each run holds it (``.ci/pyz.py``), for Python reads modules from it until the end."""
    deadline = time.monotonic() + WAIT
    try:
        held = os.open(str(program), os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError as error:
        denied = failure("file.not_writable", f"{program}: permission denied", folder=program.parent)
        raise AccessError(denied) from error
    try:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise BusyError(failure("run.busy", f"another run of {program} has not ended")) from None
            time.sleep(0.1)
        files.discard_unfinished(program)
        yield
    finally:
        os.close(held)


def _numbers(version: str) -> Tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found.group().split("."))) if found else ()
