"""Failures as lines of text; apart from the other results, as a run with nothing to do has no others to tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Iterator

from ..errors import Failure
from ..failures import SHOWN_LINES
from ..formats.timefmt import span

if TYPE_CHECKING:
    from ..state.model import State


def failure_lines(failure: Failure, *, verbose: bool = False) -> Iterator[str]:
    """A failure, the last words of the command behind it, and the remedy on the last line."""
    yield f"  {failure}"
    yield from (f"  | {line}" for line in (failure.lines if verbose else failure.lines[-SHOWN_LINES:]))
    yield f"  What to do: {failure.remedy}"


def pause_lines(state: State, now: float) -> Iterator[str]:
    """What is tried again later, because it failed before."""
    for name, found in state.certificates.items():
        deliveries = {f"{name} to {target}": entry for target, entry in found.deliveries.items()}
        for place, entry in {name: found.attempts, **deliveries}.items():
            failed = Failure.read(entry.error)
            if failed is not None and entry.next_try > now:
                yield f"{place}: next try in {span(entry.next_try - now)}; {failed}"


def monitoring_lines(failures: Iterable[Failure]) -> Iterator[str]:
    """Warnings of what the section `monitoring` could not do."""
    for one in failures:
        yield "Warning: could not report this run to monitoring:"
        yield from failure_lines(one)
