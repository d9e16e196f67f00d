"""Steps and tables on a terminal, with the optional package ``rich``. Whoever has no terminal gets the lines of :mod:`.screen`."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple, Type

from ..engine.results import StepEnded, StepLine, StepStarted
from . import screen, wording

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

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


def print_status(console: Console, rows: Sequence[Sequence[str]]) -> None:
    """The rows of :func:`.screen.status_rows`, what belongs together below each other, so that 80 columns do."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    longest = max((len(name) for row in rows[1:] for name in row[1].split(", ")), default=0)
    table.add_column("CERTIFICATE", min_width=min(longest + 2, _MOST_OF_THE_WIDTH))
    table.add_column("STATE")
    table.add_column("DELIVERED TO")
    described: List[Tuple[str, str, List[str]]] = []
    for name, names, authority, issuer, state, left, renewal, target, delivery in rows[1:]:
        if name:
            lines = [f"[bold]{escape(name)}[/]", *(f"  {escape(one)}" for one in names.split(", "))]
            lines.append(f"  [dim]{escape(authority if issuer == '-' else f'{authority}: {issuer}')}[/]")
            life = "" if left == "-" else f", {left} left\nrenewal {renewal}"
            described.append(("\n".join(lines), f"{_coloured(state)}{life}", []))
        described[-1][2].append("-" if target == "-" else f"{escape(target)}: {_coloured(delivery)}")
    for certificate, state, targets in described:
        table.add_row(certificate, state, "\n".join(targets))
    console.print(table, soft_wrap=False)


def _coloured(cell: str) -> str:
    from rich.markup import escape

    word = cell.partition(",")[0]
    colour = _COLOURS.get(word) or ("red" if word in ("expired", "broken", "missing", "unreachable") else "")
    return f"[{colour}]{escape(word)}[/]{escape(cell[len(word) :])}" if colour else escape(cell)
