"""Reading one thing after another, so that what is wrong with one keeps nobody from seeing the others."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, List, TypeVar

from .. import unexpected
from ..errors import Failure

_Seen = TypeVar("_Seen")


class Guard:
    """The last catch of each thing that is read: whatever goes wrong with one must not keep from looking at the others."""

    def __init__(self, reports: Path) -> None:
        self.reports = reports
        self.failures: List[Failure] = []

    def read(self, what: str, look: Callable[[], _Seen], otherwise: _Seen) -> _Seen:
        try:
            return look()
        except Exception as error:
            self.failures.append(unexpected.explain(error, self.reports, what).failure)
            return otherwise
