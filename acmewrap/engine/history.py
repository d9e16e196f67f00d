"""The last runs that did anything, for those who look later. One JSON file in the home of the first authority that the run holds,
written atomically by the run itself; bounded in count and in bytes.

Of each run the same is kept that its document says, as far as it is one: kinds, outcomes, times, and each failure with its remedy.
No output of a program is, as that may hold anything. A run with nothing to do is not written down.
"""

from __future__ import annotations

import itertools
import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any, Container, Iterable, Iterator, List, Optional, Tuple, TypeVar

from .. import paths, unexpected
from ..config.model import Config
from ..driver.homes import recovery
from ..driver.homes.home import Home
from ..errors import AcmewrapError, Failure
from ..failures import interruption
from ..formats import jsontext, records
from ..formats.text import visible
from ..frozen import frozen, replace
from ..system import files, reading
from .results import Outcome, Run, StepResult

logger = logging.getLogger(__name__)

MOST_RUNS, MOST_STEPS, MOST_BYTES = 100, 50, 512 * 1024
_LONGEST_TEXT = 400
_VERSION = 1
Barred = Container[str]  # authorities, by name
_Text = TypeVar("_Text", str, Optional[str])


@frozen
class PastStep:
    """A step that was done; ``reason`` is the kind of its reason, ``error`` the failure with ``id``, ``message`` and ``remedy``."""

    kind: str
    reason: str
    outcome: Outcome
    changed: bool
    seconds: float
    certificate: Optional[str] = None
    target: Optional[str] = None
    path: Optional[str] = None
    error: Optional[records.Error] = None

    @property
    def failure(self) -> Optional[Failure]:
        return Failure.read(self.error)


@frozen
class PastRun:
    """``steps``: at most 50, failed ones first, of ``total``; ``failed``: their count; ``errors``: failures beside the steps."""

    command: str
    exit_code: int
    changed: bool
    started: datetime
    finished: datetime
    total: int
    failed: int
    steps: Tuple[PastStep, ...] = ()
    errors: Tuple[records.Error, ...] = ()

    @property
    def failures(self) -> Tuple[Failure, ...]:
        return tuple(filter(None, map(Failure.read, self.errors)))


def read(config: Config) -> Tuple[PastRun, ...]:
    """The runs that were written down, newest first, whichever authority was the first of the file at the time."""
    found: List[PastRun] = []
    for authority in config.authorities.values():
        try:
            found += _load(paths.history_path(authority.home))
        except (OSError, ValueError) as error:
            logger.warning("the history of runs: %s", error)
    return tuple(sorted(found, key=lambda run: run.started, reverse=True)[:MOST_RUNS])


def note(config: Config, command: str, run: Run, barred: Barred = (), error: Optional[BaseException] = None) -> None:
    """:func:`add` the *run* of *command*, unless it had nothing to do; *error* is what ended it before its end."""
    if error is not None or run.results:
        add(config, _ended(past(command, run), config, error), barred)


def add(config: Config, run: PastRun, barred: Barred = ()) -> None:
    """Write *run* down, in a home that is not *barred*. What is there and damaged is set aside; failing is no harm to the run."""
    home = next((one.home for one in config.authorities.values() if one.name not in barred), None)
    if home is None:
        return
    path = paths.history_path(home)
    try:
        try:
            before = _load(path)
        except ValueError as error:
            recovery.set_aside(Home(home), path, f"is damaged ({error})")
            before = ()
        files.write_atomic(path, _text((run, *before)))
    except (OSError, AcmewrapError) as error:
        logger.warning("this run is not in the history: %s", error)


def _text(runs: Iterable[PastRun]) -> str:
    """As many of *runs*, newest first, as there is room for."""
    lines: List[str] = []
    left = MOST_BYTES
    for run in itertools.islice(runs, MOST_RUNS):
        line = json.dumps(run, ensure_ascii=False, default=_written)
        left -= len(line.encode("utf-8")) + 2
        if left < 0:
            break
        lines.append(line)
    return f'{{"version": {_VERSION}, "runs": [\n' + ",\n".join(lines) + "\n]}\n"


def _load(path: Path) -> Tuple[PastRun, ...]:
    """Raises ValueError for a file that is damaged as a whole; a run of it that is none is left out."""
    try:
        document = jsontext.parse(reading.read_bytes(path))
    except FileNotFoundError:
        return ()
    runs = document.get("runs") if isinstance(document, dict) else None
    if not isinstance(runs, list) or document.get("version") != _VERSION:
        raise ValueError("it is no history")
    return tuple(_read(runs))


def _read(runs: List[Any]) -> Iterator[PastRun]:
    for found in runs:
        try:
            steps = tuple(records.build(PastStep, step) for step in found.pop("steps"))
            errors = tuple(error for error in found.pop("errors") if records.fits(error, records.Error))
            yield replace(records.build(PastRun, found), steps=steps, errors=errors)
        except (AttributeError, LookupError, TypeError, ValueError):
            continue


def past(command: str, run: Run) -> PastRun:
    """What is kept of *run*, which *command* made."""
    failures = (*run.plan.state.unread, *(one.failure for one in run.commands if one.failure is not None))
    return PastRun(
        command=command,
        exit_code=int(run.exit_code),
        changed=run.changed,
        started=run.started.replace(microsecond=0),
        finished=run.finished.replace(microsecond=0),
        total=len(run.results),
        failed=sum(not result.ok for result in run.results),
        steps=tuple(map(_step, sorted(run.results, key=_rank)[:MOST_STEPS])),
        errors=tuple(map(cut, failures[:MOST_STEPS])),
    )


def _ended(run: PastRun, config: Config, error: Optional[BaseException]) -> PastRun:
    if isinstance(error, KeyboardInterrupt):
        found = interruption(error)
    elif isinstance(error, Exception):
        found = unexpected.explain(error, paths.reports_folder(config), run.command).failure
    else:
        return run
    return replace(run, exit_code=int(found.exit_code), errors=(cut(found), *run.errors))


def _rank(result: StepResult) -> int:
    """What is kept first, where there is no room for all: failures, then what was skipped because of them."""
    return {"done": 2, "skipped": 1}.get(result.outcome, 0)


def _step(result: StepResult) -> PastStep:
    step = result.step
    path = getattr(step, "path", None)
    return PastStep(
        kind=step.kind,
        reason=step.reason.kind,
        outcome=result.outcome,
        changed=result.changed,
        seconds=round(float(result.seconds), 3),
        certificate=_cut(step.certificate),
        target=_cut(step.target),
        path=_cut(None if path is None else str(path)),
        error=None if result.failure is None else cut(result.failure),
    )


def cut(failure: Failure) -> records.Error:
    """What is kept of *failure*."""
    return {name: _cut(text) for name, text in failure.written.items()}


def _cut(text: _Text) -> _Text:
    """*text* as it may be shown and encoded, and no longer than there is room for."""
    shown = text and visible(text)
    return f"{shown[: _LONGEST_TEXT - 1]}…" if shown and len(shown) > _LONGEST_TEXT else shown


def _written(value: Any) -> Any:
    return int(value.timestamp()) if isinstance(value, datetime) else vars(value)
