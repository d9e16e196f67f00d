"""Every failure this package can tell of: a stable id, its exit code, why it usually happens, what to do, when to try again.

One module per family, one entry per failure; to add one, write its entry there. Nothing else knows of an id's meaning: code
that decides reads a property of the entry. ``docs/errors.md`` is generated from here.
"""

from __future__ import annotations

from typing import Dict, Iterable, Sequence, Tuple

from ..errors import ConfigurationError, ConfigurationWarning, ExitCode, Failure, Problem, Terminated
from ..formats.text import Lines, visible
from ..frozen import replace

KEPT_LINES, SHOWN_LINES = 20, 8  # the last of a command: in a failure, and on the screen without --verbose
_LONGEST = 1000  # characters of a sentence or line: an authority, a NAS or a hook may say as much as it likes


def failure(id: str, message: str, lines: Sequence[str] = (), **values: object) -> Failure:
    """The failure *id* of the catalogue as it happened now. *values* fill in its remedy, where each stands in braces.

    A value that a remedy names and nobody gave stays there in capitals, as in a manual page. All of it is made visible, since much
    of it comes from outside. Raises KeyError for an unknown id.
    """
    from .catalogue import CATALOGUE

    entry = CATALOGUE[id]
    remedy = visible(entry.remedy.format_map(_Values(values)))
    return Failure(id, _shown(message), remedy, tuple(map(_shown, lines)), entry.exit_code, entry.retry)


def interruption(error: KeyboardInterrupt) -> Failure:
    """That a signal ended the run (``run.interrupted``), with the exit code of that signal."""
    code = ExitCode.TERMINATED if isinstance(error, Terminated) else ExitCode.INTERRUPTED
    ended = failure("run.interrupted", f"{code.meaning} by a signal; what was done until then is kept")
    return replace(ended, exit_code=code)


def invalid(problems: Iterable[Problem], warnings: Tuple[ConfigurationWarning, ...] = ()) -> ConfigurationError:
    """The error that tells of all *problems* of a configuration file (``config.invalid``), in its order."""
    ordered = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    message = Lines("\n".join(visible(str(problem)) for problem in ordered))
    return ConfigurationError(replace(failure("config.invalid", ""), message=message), ordered, warnings)


def _shown(text: str) -> str:
    return visible(text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ...")


class _Values(Dict[str, object]):
    def __missing__(self, name: str) -> str:
        return name.upper()
