"""The exception tree, and the one shape in which a failure is told.

A :class:`Failure` says what went wrong and what to do about it; it travels inside results (where one failed step must not
stop the others) and inside exceptions (where nothing sensible can follow)::

    AcmewrapError                    the root; catch this one
    ├── ConfigurationError     78    the YAML file has problems, all of them listed
    ├── ReleaseError            6    acme.sh is missing, not pinned, or not what was pinned
    ├── CommandError            1    a command ended badly; carries it, its exit code and its last lines
    │   ├── IssueError          3    no certificate came of it
    │   └── DeployError         4    the target does not serve it, or nobody could tell
    ├── UnreachableError       69    authority or target cannot be reached or trusted
    ├── BusyError              75    another run holds the home
    └── AccessError            77    a file or a tool needs rights that this user lacks

This module imports nothing of the package but how text is made visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Optional, Tuple

from .text import Lines, visible


class ExitCode(IntEnum):
    """What the command line ends with; 64 to 78 are those of sysexits.h."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    PENDING = 2
    ISSUE_FAILED = 3
    DEPLOY_FAILED = 4
    PARTLY_FAILED = 5
    DRIFT = 6
    UNREACHABLE = 69
    BUSY = 75
    PERMISSION = 77
    CONFIGURATION = 78
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True)
class Failure:
    """One thing that went wrong. ``id`` is stable and documented; ``lines`` are the last words, without secrets."""

    id: str
    message: str
    remedy: str
    lines: Tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.message} [{self.id}]"


class AcmewrapError(Exception):
    """Root of everything this package raises on purpose."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure

    @property
    def id(self) -> str:
        return self.failure.id

    @property
    def remedy(self) -> str:
        return self.failure.remedy


class ReleaseError(AcmewrapError):
    """acme.sh is missing, is not pinned, or is not what was pinned."""

    exit_code = ExitCode.DRIFT


class CommandError(AcmewrapError):
    """A command ended badly. ``command`` is printable (redacted), ``returncode`` None when it was ended by the deadline."""

    def __init__(self, failure: Failure, *, command: str = "", returncode: Optional[int] = None) -> None:
        super().__init__(failure)
        self.command = command
        self.returncode = returncode


class IssueError(CommandError):
    """No certificate came of it."""

    exit_code = ExitCode.ISSUE_FAILED


class DeployError(CommandError):
    """A target does not serve the certificate, or nobody could tell."""

    exit_code = ExitCode.DEPLOY_FAILED


class UnreachableError(AcmewrapError):
    """An authority or a target cannot be reached, or not be trusted. ``verify_code`` is OpenSSL's (X509_V_ERR_...), when it was
    the certificate that was refused.
    """

    exit_code = ExitCode.UNREACHABLE

    def __init__(self, failure: Failure, *, verify_code: Optional[int] = None) -> None:
        super().__init__(failure)
        self.verify_code = verify_code


class BusyError(AcmewrapError):
    """Another run holds the home."""

    exit_code = ExitCode.BUSY


class AccessError(AcmewrapError):
    """A file or a tool needs rights that this user lacks."""

    exit_code = ExitCode.PERMISSION


@dataclass(frozen=True)
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
    """Every problem of a file at once, in the order of the file."""

    exit_code = ExitCode.CONFIGURATION

    def __init__(self, problems: Tuple[Problem, ...]) -> None:
        super().__init__(
            Failure(
                id="config.invalid",
                message=Lines("\n".join(visible(str(problem)) for problem in problems)),
                remedy="Mend the lines named above; `acmewrap check` tells when all is well. Nothing was changed.",
            )
        )
        self.problems = problems
