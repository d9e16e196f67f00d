"""Steps and tables on a terminal, with the optional package ``rich``. Whoever has no terminal gets the lines of :mod:`.screen`."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Dict, Mapping, Optional, Type

from ..engine.results import StepEnded, StepLine, StepStarted
from ..timefmt import span
from . import screen, wording
from .status import CertificateStatus

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

# Every other state is red.
_COLOURS = {"valid": "green", "deployed": "green", "due": "yellow", "unverified": "yellow", "pending": "yellow"}
_MOST_OF_THE_WIDTH = 44
_MARKS = {"done": "[green]✓[/]", "skipped": "[yellow]-[/]", "failed": "[red]✗[/]", "unproven": "[red]?[/]"}


def open_console() -> Optional[Console]:
    """The terminal on standard output, None where rich is not installed or it can do too little."""
    try:
        from rich.console import Console
    except ImportError:
        return None
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal and not console.is_dumb_terminal else None


class LiveSteps:
    """The listener of an engine: running steps at the bottom with a spinner and their time, finished ones above for good."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._console = console
        self._verbose = verbose
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._running: Dict[int, TaskID] = {}  # by the identity of the step

    def __enter__(self) -> LiveSteps:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._progress.stop()

    def __call__(self, notice: object) -> None:
        from rich.markup import escape

        if isinstance(notice, StepStarted):
            step = notice.step
            text = f"[bold]{escape(wording.title_of(step))}[/] [dim]{escape(wording.reason_of(step))}[/]"
            self._running[id(step)] = self._progress.add_task(text, total=None)
        elif isinstance(notice, StepLine) and self._verbose:
            self._console.print(f"[dim]  | {escape(notice.line)}[/]")
        elif isinstance(notice, StepEnded):
            result = notice.result
            task = self._running.pop(id(result.step), None)
            if task is not None:
                self._progress.remove_task(task)
            first, *rest = screen.result_lines(result, verbose=self._verbose)
            self._console.print(f"{_MARKS[result.outcome]} {escape(first)}")
            for line in rest:
                self._console.print(escape(line))


def print_status(console: Console, statuses: Mapping[str, CertificateStatus], now: float) -> None:
    """The table of :func:`.screen.status_rows`, what belongs together below each other, so that 80 columns do."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    longest = max((len(domain) for one in statuses.values() for domain in one.certificate.domains), default=0)
    table.add_column("CERTIFICATE", min_width=min(longest + 2, _MOST_OF_THE_WIDTH))
    table.add_column("STATE")
    table.add_column("DELIVERED TO")
    for name, status in statuses.items():
        certificate, leaf = status.certificate, status.leaf
        issuer = (
            f"{certificate.authority}: {leaf.issuer}" if leaf is not None and leaf.issuer else certificate.authority
        )
        names = [f"[bold]{escape(name)}[/]", *(f"  {escape(domain)}" for domain in certificate.domains)]
        life = "" if leaf is None else f", {span(leaf.not_after - now)} left\nrenewal {screen.renewal(status, now)}"
        targets = [
            f"{escape(to)}: {_coloured(one.state)}{screen.since(one, now)}" for to, one in status.targets.items()
        ]
        head = "\n".join((*names, f"  [dim]{escape(issuer)}[/]"))
        table.add_row(head, f"{_coloured(status.state)}{life}", "\n".join(targets or "-"))
    console.print(table, soft_wrap=False)


def _coloured(state: str) -> str:
    return f"[{_COLOURS.get(state, 'red')}]{state}[/]"
