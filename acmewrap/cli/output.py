"""Printing: plain lines as things happen, or one JSON document at the end. Nothing else in the package prints or asks.

Everything that is written here is made visible first (:mod:`acmewrap.formats.text`), whoever it comes from.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, ContextManager, Dict, Iterable, Iterator, Mapping, Optional, TextIO

from ..errors import AcmewrapError, ConfigurationError, ExitCode
from ..formats.layout import fold, text_of
from ..formats.text import visible, visible_lines
from .scheduled import NOTHING
from .streams import width_of
from .ticker import Ticker

if TYPE_CHECKING:
    from types import SimpleNamespace

    from rich.console import Console

    from ..engine.verbs.status import CertificateStatus
    from .streams import Stream

LOOKING = "Looking at the machine, the authority's files and the targets"


class Printer:
    """Prints for one command. With ``--json`` standard output holds the document and nothing else."""

    def __init__(self, options: SimpleNamespace) -> None:
        self.as_json: bool = options.json
        self.verbose: bool = options.verbose
        self._command: str = options.command
        self._quiet: bool = options.quiet
        self._plain: bool = options.no_color or bool(os.environ.get("NO_COLOR"))
        self._lock = threading.Lock()
        self._ticker: Optional[Ticker] = None
        self._remedy = ""  # of the step that failed last
        self.lost: Optional[AcmewrapError] = None

    def lines(self, lines: Iterable[str], *, always: bool = False) -> None:
        """Print *lines* for people; ``always``: also with ``--quiet``."""
        lines = list(lines)
        if not lines or self.as_json or (self._quiet and not always):
            return
        with self._lock, self._aside():
            write_lines(sys.stdout, lines)

    def raw(self, text: str) -> None:
        """Print a text for another program, in which no command is for anybody to run."""
        if not self.as_json:
            print(visible_lines(text))

    @property
    def width(self) -> int:
        """The columns of the terminal on standard output; 0: there is none."""
        return width_of(sys.stdout)

    def nothing(self) -> None:
        """Say that there was nothing to do."""
        self.lines([NOTHING])

    def warn(self, lines: Iterable[str]) -> None:
        """Print *lines* to standard error, unless there is a document to hold them, or only failures are wanted."""
        if not self.as_json and not self._quiet:
            write_lines(sys.stderr, lines)

    def can_ask(self) -> bool:
        """Whether there is somebody at a terminal, who is not to be spared questions by ``--json``."""
        return not self.as_json and sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()

    def ask(self, question: str) -> str:
        """What is typed in answer to *question*. Raises EOFError when nobody types any more."""
        return input(visible_lines(question)).strip()

    def status(self, statuses: Mapping[str, CertificateStatus], now: datetime) -> None:
        """Print the table of certificates; also with ``--quiet``."""
        from ..report import live, screen

        console = self._console()
        if console is None:
            self.lines(map(text_of, screen.status_table(statuses, now, self.width)), always=True)
        else:
            self._show(live.print_status, console, statuses, now)

    @contextlib.contextmanager
    def following(self) -> Iterator[Callable[[object], None]]:
        """The listener of an engine: steps live on a terminal, else as lines."""
        from ..engine.results import StepEnded

        console = None if self._quiet else self._console()
        with contextlib.ExitStack() as stack:
            listener: Callable[[object], None] = self.notice
            if console is not None:
                from ..report import live

                listener = steps = live.LiveSteps(console, verbose=self.verbose)
                self._show(steps.start)
                stack.callback(self._show, steps.stop)
            else:
                stack.enter_context(self._ticking())
            planned = stack.enter_context(self.waiting(LOOKING))
            attached = False

            def attach_log() -> None:
                nonlocal attached
                if not attached:
                    from . import records

                    # A program that reads the document asked for no more than warnings.
                    attached, few = True, self._quiet or (self.as_json and not self.verbose)
                    stack.enter_context(records.attach(sys.stderr, self._aside, few=few, all=self.verbose))

            # Only now: on a terminal records go by way of rich, which keeps them out of the running steps.
            if self._command != "cron":  # which looks at files alone before the first notice
                attach_log()

            def listen(notice: object) -> None:
                planned()
                attach_log()
                self._show(listener, notice)
                failure = notice.result.failure if isinstance(notice, StepEnded) else None
                self._remedy = failure.remedy if failure is not None else self._remedy

            yield listen

    def _show(self, show: Callable[..., None], *what: object) -> None:
        """What is shown must not end what is done."""
        try:
            show(*what)
        except Exception as error:
            from .. import unexpected
            from ..system.privileges import cache_folder

            found = unexpected.explain(error, cache_folder(os.environ), "printing")
            if self.lost is None:
                self.lost = found
                write_lines(sys.stderr, [f"acmewrap: {found.failure}", f"What to do: {found.remedy}"])

    @contextlib.contextmanager
    def waiting(self, what: str) -> Iterator[Callable[[], None]]:
        """Say on the terminal what takes so long, if it does; logs and pipes need no such comfort. What is yielded ends it."""
        with self._ticking() as ticker:
            if ticker is None:
                yield lambda: None
                return
            ticker.begin(0, f"{what} …")
            try:
                yield lambda: ticker.end(0)
            finally:
                ticker.end(0)

    @contextlib.contextmanager
    def _ticking(self) -> Iterator[Optional[Ticker]]:
        if self._ticker is not None or self._quiet or not sys.stderr.isatty():
            yield self._ticker
            return
        with Ticker(sys.stderr) as ticker:
            self._ticker = ticker
            try:
                yield ticker
            finally:
                self._ticker = None

    def _aside(self) -> ContextManager[None]:
        return contextlib.nullcontext() if self._ticker is None else self._ticker.aside()

    def _console(self) -> Optional[Console]:
        if self.as_json or not sys.stdout.isatty():
            return None
        from ..report import live

        return live.open_console(colours=not self._plain)

    def document(self, exit_code: ExitCode, **parts: Any) -> None:
        """Print the JSON document of the command, if one was asked for."""
        if self.as_json:
            from ..report import document

            print(document.as_text(self._command, exit_code, **parts))

    def notice(self, notice: object) -> None:
        """Print a step as it happens; the listener of an engine."""
        from ..engine.results import StepEnded, StepLine, StepStarted
        from ..report import screen, wording

        ticker = self._ticker
        if isinstance(notice, StepStarted):
            self.lines([f"{wording.title_of(notice.step)}: {wording.reason_of(notice.step)}"])
            if ticker is not None:
                ticker.begin(id(notice.step), wording.title_of(notice.step))
        elif isinstance(notice, StepLine):
            waiting = wording.waiting_of(notice.line)
            self.lines([f"  | {notice.line}"] if self.verbose else [f"  {waiting}"] if waiting else [])
        elif isinstance(notice, StepEnded):
            if ticker is not None:
                ticker.end(id(notice.result.step))
            lines = screen.result_lines(notice.result, verbose=self.verbose)
            self.lines(lines, always=notice.result.outcome != "done")

    def error(self, error: AcmewrapError) -> None:
        """Print an error with its remedy on the last line, to standard error, or as the document."""
        from ..failures import SHOWN_LINES

        if self.as_json:
            self.document(error.exit_code, error=error)
            return
        if isinstance(error, ConfigurationError) and error.problems:
            self.warn(map(str, error.warnings))
            shown: Dict[str, None] = dict.fromkeys(str(problem) for problem in error.problems)
        else:
            shown = {f"acmewrap: {error.failure}": None}
        remedy = [f"What to do: {error.remedy}"] if error.remedy != self._remedy else []
        write_lines(sys.stderr, (*shown, *(f"  | {line}" for line in error.failure.lines[-SHOWN_LINES:]), *remedy))


def tell_loss(stream: Stream) -> int:
    """Say on whatever stream is left that *stream* did not take all; the exit code of that."""
    from ..failures import failure

    lost = failure("output.lost", f"{stream.name}: {getattr(stream.lost, 'strerror', None) or stream.lost}")
    write_lines(sys.stderr, [f"acmewrap: {lost}", f"What to do: {lost.remedy}"])
    return int(lost.exit_code)


def show_traceback() -> None:
    """Print the exception that is being handled, as the interpreter would, but made visible."""
    import traceback

    write_lines(sys.stderr, traceback.format_exc().rstrip("\n").split("\n"))


def write_lines(stream: TextIO, lines: Iterable[str]) -> None:
    for line in lines:
        if "acmewrap " in line:
            from ..report.started import as_started

            line = as_started(line)  # noqa: PLW2901
        print(fold(visible(line), width_of(stream)), file=stream, flush=True)
