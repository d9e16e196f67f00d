"""Printing: plain lines as things happen, or one JSON document at the end."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, Optional, Sequence, Tuple

from .. import __version__
from ..errors import AcmewrapError, ConfigurationError, ExitCode

if TYPE_CHECKING:
    from rich.console import Console

LOOKING = "Looking at the machine, the authority's files and the targets"

_SILENCE = 0.8
"""Seconds that a person is left without a word."""


class Printer:
    """Prints for one command. With ``--json`` standard output holds the document and nothing else."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.as_json: bool = options.json
        self.verbose: bool = options.verbose
        self._command: str = options.command
        self._quiet: bool = options.quiet
        self._plain: bool = options.no_color or bool(os.environ.get("NO_COLOR"))
        self._lock = threading.Lock()

    def lines(self, lines: Iterable[str], *, always: bool = False) -> None:
        """Print *lines* for people; ``always``: also with ``--quiet``."""
        if self.as_json or (self._quiet and not always):
            return
        with self._lock:
            for line in lines:
                print(line, flush=True)

    def status(self, rows: Sequence[Tuple[str, ...]]) -> None:
        """Print the table of certificates; also with ``--quiet``."""
        from ..report import live, screen

        console = self._console()
        if console is None:
            self.lines(screen.table_lines(rows), always=True)
        else:
            live.print_status(console, rows)

    @contextlib.contextmanager
    def following(self) -> Iterator[Callable[[object], None]]:
        """The listener of an engine: steps live on a terminal, else as lines."""
        console = None if self._quiet else self._console()
        with contextlib.ExitStack() as stack:
            listener: Callable[[object], None] = self.notice
            if console is not None:
                from ..report import live

                listener = stack.enter_context(live.LiveSteps(console, verbose=self.verbose))
            # Only now: on a terminal it goes by way of rich, which keeps it out of the running steps.
            stack.enter_context(self._telling())
            planned = stack.enter_context(self.waiting(LOOKING))

            def listen(notice: object) -> None:
                planned()
                listener(notice)

            yield listen

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Pass on what the package logs (that sudo is asked, which source is tried) to standard error, for the length of a run."""
        import logging

        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("  %(message)s"))
        logger = logging.getLogger(__package__.partition(".")[0])
        level = logger.level
        logger.setLevel(logging.WARNING if self._quiet else logging.DEBUG if self.verbose else logging.INFO)
        logger.addHandler(handler)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)

    @contextlib.contextmanager
    def waiting(self, what: str) -> Iterator[Callable[[], None]]:
        """Say on the terminal what takes so long, if it does; logs and pipes need no such comfort. What is yielded ends it."""
        timer = threading.Timer(_SILENCE, print, (f"{what} …",), {"file": sys.stderr, "flush": True})
        if sys.stderr.isatty() and not self._quiet:
            timer.start()
        try:
            yield timer.cancel
        finally:
            timer.cancel()

    def _console(self) -> Optional[Console]:
        if self.as_json or self._plain or not sys.stdout.isatty():
            return None
        from ..report import live

        return live.open_console()

    def document(self, exit_code: ExitCode, **parts: Any) -> None:
        """Print the JSON document of the command, if one was asked for."""
        if self.as_json:
            import json

            from ..report import document

            print(json.dumps(document.envelope(self._command, exit_code, __version__, **parts), indent=2))

    def notice(self, notice: object) -> None:
        """Tell of a step as it happens; the listener of an engine."""
        from ..engine.results import StepEnded, StepLine, StepStarted
        from ..report import screen

        if isinstance(notice, StepStarted):
            self.lines([f"{notice.step.kind} {notice.step.subject}: {notice.step.reason}"])
        elif isinstance(notice, StepLine):
            self.lines([f"  | {notice.line}"] if self.verbose else [])
        elif isinstance(notice, StepEnded):
            bad = notice.result.outcome != "done"
            self.lines(screen.result_lines(notice.result, verbose=self.verbose), always=bad)

    def interrupted(self, exit_code: ExitCode) -> None:
        """Print the document of a run that a signal ended."""
        if self.as_json:
            from ..catalogue import failure
            from ..report import document

            told = failure("run.interrupted", "the run was ended by a signal; what was done until then is kept")
            self.document(exit_code, error=document.describe_failure(told))

    def error(self, error: AcmewrapError) -> None:
        """Print an error with its remedy on the last line, to standard error, or as the document."""
        if self.as_json:
            from ..report import document

            self.document(error.exit_code, error=document.describe_error(error))
            return
        if isinstance(error, ConfigurationError) and error.problems:
            shown: Dict[str, None] = dict.fromkeys(str(problem) for problem in error.problems)
            text = "\n".join(shown) or error.failure.message
        else:
            text = f"acmewrap: {error.failure.message} [{error.id}]"
        print(text, *(f"  | {line}" for line in error.failure.lines[-8:]), sep="\n", file=sys.stderr)
        print(f"What to do: {error.remedy}", file=sys.stderr)
