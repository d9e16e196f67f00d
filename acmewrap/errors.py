"""The exception tree, and the one shape of a failure.

A :class:`Failure` says what went wrong and what to do about it; it travels inside results (where one failed step must not
stop the others) and inside exceptions (where nothing sensible can follow)::

    AcmewrapError                the root; catch this one
    ├── ConfigurationError       the YAML file has problems, all of them listed
    ├── ReleaseError             acme.sh is missing, not pinned, or not what was pinned
    ├── CommandError             a command ended badly; carries it, its exit code and its last lines
    │   ├── IssueError           no certificate came of it
    │   └── DeployError          the target does not serve it, or nobody could tell
    │       ├── UnprovenError    all ended well, and the target does not show it
    │       └── RolledBackError  the server refused the new files, and has the old ones again
    ├── UnreachableError         authority or target cannot be reached or trusted
    ├── BusyError                another run holds the home
    └── AccessError              a file or a tool needs rights that this user lacks

The exit code of an error is that of its failure, which the catalogue says. Of the package this module imports :mod:`.frozen` alone.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any, ClassVar, Dict, Mapping, Optional, Tuple, Type

from .frozen import frozen


class ExitCode(IntEnum):
    """What the command line ends with, and its ``meaning``; 64 to 78 are those of sysexits.h."""

    meaning: str

    def __new__(cls, value: int, meaning: str = "") -> ExitCode:
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    OK = 0, "all is well, also when nothing was due"
    UNEXPECTED = 1, "unexpected; status: the schedule is dead or wrong"
    USAGE = 2, "usage; plan --exit-code: changes pending"
    PENDING = 2
    ISSUE_FAILED = 3, "an issue or renewal failed"
    DEPLOY_FAILED = 4, "a deploy failed or could not be proven"
    PARTLY_FAILED = 5, "some of several certificates failed"
    DRIFT = 6, "acme.sh is not what was pinned"
    UNREACHABLE = 69, "authority or target cannot be reached or trusted"
    REPORT_LOST = 74, "all went well, but the output could not be written"
    BUSY = 75, "another run is at work"
    PERMISSION = 77, "permission"
    CONFIGURATION = 78, "the configuration has problems"
    INTERRUPTED = 130, "interrupted"
    TERMINATED = 143, "terminated"


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, on its way through the code like an interruption from the keyboard."""


class Retry(Enum):
    """Whether the same again may go well."""

    AT_ONCE = "at once"
    LATER = "later, it may pass by itself"
    AFTER_FIX = "when its cause is fixed"


@frozen
class Failure:
    """One thing that went wrong. ``id`` is stable and documented; ``lines`` are the last words, without secrets."""

    id: str
    message: str
    remedy: str
    lines: Tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.UNEXPECTED
    retry: Retry = Retry.AFTER_FIX

    def __str__(self) -> str:
        return f"{self.message} [{self.id}]"

    @property
    def written(self) -> Mapping[str, str]:
        """What is kept of it: ``id``, ``message`` and ``remedy``."""
        return {"id": self.id, "message": self.message, "remedy": self.remedy}

    @classmethod
    def read(cls, written: Optional[Mapping[str, str]]) -> Optional[Failure]:
        """What was kept of one, if anything."""
        return None if written is None else cls(written["id"], written["message"], written["remedy"])


class PortableError(Exception):
    """An exception that goes through :mod:`pickle` and :mod:`copy` as it is, whatever its ``__init__`` takes. One that does not
    hangs the process pool in which it was raised.
    """

    def __reduce__(self) -> Tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: Type[PortableError], args: Tuple[Any, ...], attributes: Dict[str, Any]) -> PortableError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class AcmewrapError(PortableError):
    """Root of everything this package raises on purpose."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure

    @property
    def id(self) -> str:
        return self.failure.id

    @property
    def remedy(self) -> str:
        return self.failure.remedy

    @property
    def exit_code(self) -> ExitCode:
        return self.failure.exit_code


class ReleaseError(AcmewrapError):
    """acme.sh is missing, is not pinned, or is not what was pinned."""


class CommandError(AcmewrapError):
    """A command ended badly. ``command`` is printable (redacted), ``returncode`` None when it was ended by the deadline."""

    def __init__(self, failure: Failure, *, command: str = "", returncode: Optional[int] = None) -> None:
        super().__init__(failure)
        self.command = command
        self.returncode = returncode


class IssueError(CommandError):
    """No certificate came of it."""


class DeployError(CommandError):
    """A target does not serve the certificate, or nobody could tell."""


class UnprovenError(DeployError):
    """The hook ended well, and the target does not show the certificate."""


class RolledBackError(DeployError):
    """A server did not take the certificate, and has the files again that it had before."""


class UnreachableError(AcmewrapError):
    """An authority or a target cannot be reached, or not be trusted. ``verify_code`` is OpenSSL's (``X509_V_ERR_...``), when it was
    the certificate that was refused.
    """

    def __init__(self, failure: Failure, *, verify_code: Optional[int] = None) -> None:
        super().__init__(failure)
        self.verify_code = verify_code


class BusyError(AcmewrapError):
    """Another run holds the home."""


class AccessError(AcmewrapError):
    """A file or a tool needs rights that this user lacks."""


@frozen
class _Placed:
    file: str
    line: int
    column: int
    path: str
    message: str

    _label: ClassVar[str] = ""

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self._label}{f'{self.path}: ' if self.path else ''}{self.message}"


class Problem(_Placed):
    """One problem of a configuration file: 1-based line and column, the dotted path of the key, what is wrong with it."""


class ConfigurationWarning(_Placed):
    """What works and should be thought over, in the shape of a :class:`Problem`. Line 0: it is not about a file, but about the
    process's ``environment``, and ``path`` is the variable.
    """

    _label: ClassVar[str] = "warning: "


class ConfigurationError(AcmewrapError):
    """``problems``: every one of a file at once, in the order of the file; ``warnings``: what else was seen by then."""

    def __init__(
        self,
        failure: Failure,
        problems: Tuple[Problem, ...] = (),
        warnings: Tuple[ConfigurationWarning, ...] = (),
    ) -> None:
        super().__init__(failure)
        self.problems = problems
        self.warnings = warnings
