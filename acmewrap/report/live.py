"""Steps and tables on a terminal, with the optional package ``rich``. Whoever has no terminal gets the lines of :mod:`.screen`.

What is shown is data: it goes to rich as :class:`rich.text.Text`, made visible, and never as markup, in which ``[link=…]`` and
``:name:`` mean something.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Dict, Mapping, Optional, Tuple

from ..engine.results import StepEnded, StepLine, StepStarted
from ..engine.verbs.status import CertificateStatus
from ..formats.text import visible
from ..formats.timefmt import span
from . import screen, wording

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID
    from rich.text import Text

# Every other state is red.
_COLOURS = {"valid": "green", "deployed": "green", "due": "yellow", "unverified": "yellow", "pending": "yellow"}
_MOST_OF_THE_WIDTH = 44
_MARKS = {
    "done": ("✓", "green"),
    "skipped": ("-", "yellow"),
    "failed": ("✗", "red"),
    "unproven": ("?", "red"),
    "rolled_back": ("↶", "red"),
}


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
        self._running: Dict[int, TaskID] = {}  # by the identity of the step

    def start(self) -> None:
        self._progress.start()

    def stop(self) -> None:
        self._progress.stop()

    def __call__(self, notice: object) -> None:
        if isinstance(notice, StepStarted):
            step = notice.step
            text = _line((wording.title_of(step), "bold"), (f" {wording.reason_of(step)}", "dim"))
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
            self._console.print(_line(_MARKS[result.outcome], (f" {first}", "")))
            for line in rest:
                self._console.print(_line((line, "")))


def print_status(console: Console, statuses: Mapping[str, CertificateStatus], now: datetime) -> None:
    """The table of :func:`.screen.status_rows`, what belongs together below each other, so that 80 columns do."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    longest = max((len(domain) for status in statuses.values() for domain in status.certificate.domains), default=0)
    table.add_column("CERTIFICATE", min_width=min(longest + 2, _MOST_OF_THE_WIDTH))
    table.add_column("STATE")
    table.add_column("DELIVERED TO")
    for name, status in statuses.items():
        certificate, leaf = status.certificate, status.leaf
        issuer = (
            f"{certificate.authority}: {leaf.issuer}" if leaf is not None and leaf.issuer else certificate.authority
        )
        names = [_line((name, "bold")), *(_line((f"  {domain}", "")) for domain in certificate.domains)]
        state = [_line((status.state, _COLOURS.get(status.state, "red")))]
        if leaf is not None:
            state[0].append(f", {span(leaf.not_after - now)} left")
            state.append(_line((f"renewal {screen.renewal(status, now)}", "")))
        targets = [
            _line((f"{to}: ", ""), (target.state, _COLOURS.get(target.state, "red")), (screen.since(target, now), ""))
            for to, target in status.targets.items()
        ]
        cells = ([*names, _line((f"  {issuer}", "dim"))], state, targets or [_line(("-", ""))])
        table.add_row(*(Text("\n").join(cell) for cell in cells))
    console.print(table, soft_wrap=False)


def _line(*parts: _Part) -> Text:
    """One line of parts with their styles, whatever is in them."""
    from rich.text import Text

    return Text.assemble(*((visible(text), style) for text, style in parts))
