"""The last catch: whatever nobody has thought of becomes a failure of the one step or thing it happened in, with a report to send.

A report holds the way through the code and no values: messages of exceptions may quote what was read, so of them only
those stay that the interpreter itself words, without what stands in quotes.
"""

from __future__ import annotations

import builtins
import contextlib
import hashlib
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator, List, Match, Optional, TypeVar

from . import __version__
from .errors import AccessError, AcmewrapError, Failure
from .failures import failure
from .formats.text import visible
from .system import files

if TYPE_CHECKING:
    from traceback import FrameSummary

KEPT = 10
_ID = "internal.unexpected"
_NAME = r"unexpected-[0-9a-f]{12}\.txt"
_WORDED_BY_PYTHON = (ArithmeticError, AttributeError, IndexError, NameError, RecursionError, TypeError)
_PACKAGE = Path(os.path.abspath(__file__)).parent
_Seen = TypeVar("_Seen")
_QUOTED = r"'([^']*)'|\"([^\"]*)\""


def explain(error: Exception, folder: Path, subject: str) -> AcmewrapError:
    """*error*, which happened to *subject*, as one of this package; what nobody has thought of is reported in *folder*."""
    if isinstance(error, AcmewrapError):
        return error
    if isinstance(error, OSError):
        kind = AccessError if isinstance(error, PermissionError) else AcmewrapError
        return kind(files.describe(error, subject))
    message, report = f"{subject}: {type(error).__name__}, which was not expected", _write(error, folder, subject)
    if report is not None:
        return AcmewrapError(failure(_ID, f"{message}; the report is in {report}", report=report))
    way, shown = tuple(_way(error)), "the lines that are shown with it"
    return AcmewrapError(failure(_ID, f"{message}, and no report could be written to {folder}", way, report=shown))


class Guard:
    """Reads one thing after another: what goes wrong with one becomes a failure, and keeps nobody from looking at the others."""

    def __init__(self, reports: Path) -> None:
        self.reports = reports
        self.failures: List[Failure] = []

    def read(self, what: str, look: Callable[[], _Seen], otherwise: _Seen) -> _Seen:
        try:
            return look()
        except Exception as error:
            self.failures.append(explain(error, self.reports, what).failure)
            return otherwise


def _write(error: Exception, folder: Path, subject: str) -> Optional[Path]:
    """The same fault has the same file, however often it comes; of different ones the last :data:`KEPT` stay."""
    import platform

    try:
        way = "\n".join(_way(error))
        folder = Path(os.path.realpath(str(folder)))
        path = folder / f"unexpected-{hashlib.sha256(way.encode()).hexdigest()[:12]}.txt"
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        python = f"{platform.python_implementation()} {platform.python_version()}"
        head = f"acmewrap {__version__}, {python}, {platform.system()} {platform.release()} {platform.machine()}"
        files.make_folder(folder)
        files.write_atomic(path, f"{head}\n{moment}, {visible(subject)}\n\n{way}\n")
        found = (file for file in folder.iterdir() if re.fullmatch(_NAME, file.name))
        for old in sorted(found, key=lambda one: one.stat().st_mtime, reverse=True)[KEPT:]:
            with contextlib.suppress(OSError):
                old.unlink()
    except Exception:  # a full disk, another user's folder: what matters is the failure itself
        return None
    return path


def _way(error: Optional[BaseException]) -> Iterator[str]:
    """The traceback of *error*, and those of the errors it came from, without values."""
    import traceback

    while error is not None:
        yield _words(error)
        yield from (line for part in traceback.format_list(_frames(error)) for line in part.rstrip("\n").split("\n"))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _frames(error: BaseException) -> List[FrameSummary]:
    """Of code that is not ours, only its place: a line of a caller's program may hold a password."""
    import traceback

    found = traceback.extract_tb(error.__traceback__)
    return [
        traceback.FrameSummary(
            os.path.relpath(one.filename, _PACKAGE.parent) if ours else os.path.basename(one.filename),
            one.lineno,
            one.name,
            lookup_line=False,
            line=one.line if ours else "",
        )
        for one in found
        for ours in [one.filename.startswith(f"{_PACKAGE}{os.sep}")]
    ]


def _words(error: BaseException) -> str:
    name = type(error).__name__
    return f"{name}: {re.sub(_QUOTED, _masked, str(error))}" if isinstance(error, _WORDED_BY_PYTHON) else name


def _masked(match: Match[str]) -> str:
    """The names of types say what went wrong; any other name may have come from outside."""
    name = match[1] or match[2] or ""
    return match[0] if name == "NoneType" or isinstance(getattr(builtins, name, None), type) else "'***'"
