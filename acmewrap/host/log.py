"""The log of unattended runs, kept from growing for ever."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_LIMIT = 1024 * 1024
_KEPT = 3


def rotate(path: Path, limit: int = _LIMIT) -> None:
    """Rename *path* to ``NAME.1`` when it is larger than *limit* bytes, older ones to ``.2`` and so on; three of them stay.

    Whoever has it open goes on writing to the renamed file; the next run makes a new one. Failing is no harm: it is tried again.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_size > limit:
            for number in range(_KEPT - 1, 0, -1):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(f"{path}.{number}", f"{path}.{number + 1}")
            os.replace(str(path), f"{path}.1")
