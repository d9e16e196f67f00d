"""Steps and tables on a terminal, with the optional package ``rich``. Whoever has no terminal gets the lines of :mod:`.screen`.

What is shown is data: it goes to rich as :class:`rich.text.Text`, made visible, and never as markup, in which ``[link=…]`` and
``:name:`` mean something.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Dict, Mapping, Optional

from ..engine.results import StepEnded, StepLine, StepStarted
from ..engine.verbs.status import CertificateStatus
from ..formats.layout import Part, fold, folded
from ..formats.text import visible
from . import screen, wording

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID
    from rich.text import Text

_MARKS = {
    "done": ("✓", "green"),
    "skipped": ("-", "yellow"),
    "failed": ("✗", "red"),
    "unproven": ("?", "red"),
    "rolled_back": ("↶", "red"),
}


def open_console(*, colours: bool = True) -> Optional[Console]:
    """The terminal on standard output, None where rich is not installed or it can do too little."""
    try:
        from rich.console import Console
    except ImportError:
        return None
    console = Console(highlight=False, soft_wrap=True, no_color=not colours or None)
    return console if console.is_terminal and not console.is_dumb_terminal else None


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
        self._running: Dict[int, TaskID] = {}  # by the identity of the step

    def start(self) -> None:
        self._progress.start()

    def stop(self) -> None:
        self._progress.stop()

    def __call__(self, notice: object) -> None:
        if isinstance(notice, StepStarted):
            step = notice.step
            text = _line((wording.title_of(step), "bold"), (f": {wording.reason_of(step)}", "dim"))
            self._running[id(step)] = self._progress.add_task("", total=None, text=text)
        elif isinstance(notice, StepLine):
            line = f"| {notice.line}" if self._verbose else wording.waiting_of(notice.line)
            if line:
                self._console.print(_line((f"  {line}", "dim")))
        elif isinstance(notice, StepEnded):
            result = notice.result
            task = self._running.pop(id(result.step), None)
            if task is not None:
                self._progress.remove_task(task)
            first, *rest = screen.result_lines(result, verbose=self._verbose)
            self._console.print(_line(*folded((_MARKS[result.outcome], (f" {first}", "")), self._console.width)))
            for line in rest:
                self._console.print(_line((fold(line, self._console.width), "")))


def print_status(console: Console, statuses: Mapping[str, CertificateStatus], now: datetime) -> None:
    """The table of :func:`.screen.status_table`, in colours."""
    for line in screen.status_table(statuses, now, console.width):
        console.print(_line(*line))


def _line(*parts: Part) -> Text:
    """One line of parts with their styles, whatever is in them."""
    from rich.text import Text

    return Text.assemble(*((visible(text), style) for text, style in parts))
