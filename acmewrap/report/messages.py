"""A run, or what kept it from its end, as a short message for a phone."""

from __future__ import annotations

import socket
from typing import Iterator, Union

from ..engine.results import Run
from ..errors import AcmewrapError
from . import failures, screen
from .started import as_started

Ending = Union[Run, AcmewrapError, None]
"""None: nothing ran, this is a test."""


def title(ending: Ending) -> str:
    bad = isinstance(ending, AcmewrapError) or (ending is not None and not ending.ok)
    what = "test" if ending is None else "failed" if bad else "done"
    return f"acmewrap on {socket.gethostname()}: {what}"


def text(ending: Ending) -> str:
    return as_started("\n".join(_lines(ending)))


def _lines(ending: Ending) -> Iterator[str]:
    if isinstance(ending, AcmewrapError):
        yield from failures.failure_lines(ending.failure)
        return
    if ending is None:
        yield "Sent by: acmewrap monitoring test"
        return
    for result in ending.results:
        yield from screen.result_lines(result)
    yield from screen.run_lines(ending)
