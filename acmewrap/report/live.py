"""Steps and tables on a terminal, with the optional package ``rich``. Whoever has no terminal gets the lines of :mod:`.screen`.

What is shown is data: it goes to rich as :class:`rich.text.Text`, made visible, and never as markup, in which ``[link=…]`` and
``:name:`` mean something.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple, Type

from ..engine.results import StepEnded, StepLine, StepStarted
from ..plan.planner import Step
from ..text import visible
from . import screen

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID
    from rich.text import Text

_COLOURS = {"valid": "green", "deployed": "green", "due": "yellow", "unverified": "yellow", "pending": "yellow"}
_MOST_OF_THE_WIDTH = 44
_MARKS = {"done": ("✓", "green"), "skipped": ("-", "yellow"), "failed": ("✗", "red"), "unproven": ("?", "red")}


def open_console() -> Optional[Console]:
    """The terminal on standard output, None where rich is not installed or it can do too little."""
    try:
        from rich.console import Console
    except ImportError:
        return None
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal and not console.is_dumb_terminal else None


_Part = Tuple[str, str]  # what is shown, and in which style


class LiveSteps:
    """The listener of an engine: running steps at the bottom with a spinner and their time, finished ones above for good."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TimeElapsedColumn

        class Description(ProgressColumn):
            """The text of a task as it is; rich's own column takes markup."""

            def render(self, task: Task) -> Text:
                text: Text = task.fields["text"]
                return text

        self._console = console
        self._verbose = verbose
        columns = (SpinnerColumn(), Description(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._running: Dict[Step, TaskID] = {}

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
        if isinstance(notice, StepStarted):
            step = notice.step
            text = _line((f"{step.kind} {step.subject}", "bold"), (f" {step.reason}", "dim"))
            self._running[step] = self._progress.add_task("", total=None, text=text)
        elif isinstance(notice, StepLine) and self._verbose:
            self._console.print(_line((f"  | {notice.line}", "dim")))
        elif isinstance(notice, StepEnded):
            result = notice.result
            task = self._running.pop(result.step, None)
            if task is not None:
                self._progress.remove_task(task)
            first, *rest = screen.result_lines(result, verbose=self._verbose)
            self._console.print(_line(_MARKS[result.outcome], (f" {first}", "")))
            for line in rest:
                self._console.print(_line((line, "")))


def print_status(console: Console, rows: Sequence[Sequence[str]]) -> None:
    """The rows of :func:`.screen.status_rows`, what belongs together below each other, so that 80 columns do."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    longest = max((len(name) for row in rows[1:] for name in row[1].split(", ")), default=0)
    table.add_column("CERTIFICATE", min_width=min(longest + 2, _MOST_OF_THE_WIDTH))
    table.add_column("STATE")
    table.add_column("DELIVERED TO")
    described: List[Tuple[Text, Text, List[_Part]]] = []
    for name, names, authority, issuer, state, left, renewal, target, delivery in (
        [visible(cell) for cell in row] for row in rows[1:]
    ):
        if name:
            lines = "".join(f"\n  {one}" for one in names.split(", "))
            whose = f"\n  {authority if issuer == '-' else f'{authority}: {issuer}'}"
            life = "" if left == "-" else f", {left} left\nrenewal {renewal}"
            described.append(
                (
                    Text.assemble((name, "bold"), (lines, ""), (whose, "dim")),
                    Text.assemble(*_coloured(state), (life, "")),
                    [],
                )
            )
        parts = described[-1][2]
        if parts:
            parts.append(("\n", ""))
        parts += [("-", "")] if target == "-" else [(f"{target}: ", ""), *_coloured(delivery)]
    for certificate, state_text, targets in described:
        table.add_row(certificate, state_text, Text.assemble(*targets))
    console.print(table, soft_wrap=False)


def _line(*parts: _Part) -> Text:
    """One line of parts with their styles, whatever is in them."""
    from rich.text import Text

    return Text.assemble(*((visible(text), style) for text, style in parts))


def _coloured(cell: str) -> List[_Part]:
    word = cell.partition(",")[0]
    colour = _COLOURS.get(word) or ("red" if word in ("expired", "broken", "missing", "unreachable") else "")
    return [(word, colour), (cell[len(word) :], "")]
