"""The scheduled run, when it is known to find nothing to do: done before anything of size, even :mod:`argparse`, is imported."""

from __future__ import annotations

import os
import sys
import time

from ..engine.noop_cache import find_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence, Tuple

    from ..errors import Failure

NOTHING = "Nothing to do."


def finish(words: Sequence[str]) -> Optional[Tuple[Failure, ...]]:
    """Do that run: what it could not report to monitoring; None when *words* ask for another one."""
    left = [word for word in words if word not in ("-q", "--quiet")]
    file = ""
    for place in (0, 1):
        if len(left) == 3 and left[place] in ("-c", "--config"):
            file = left[place + 1]
            del left[place : place + 2]
    started = time.time()
    note = find_note(file, os.environ, started) if left == ["cron"] else None  # for any other word argparse is needed
    failures: Optional[Tuple[Failure, ...]] = None if note is None else ()
    if note:
        from ..monitoring import heartbeat

        failures = heartbeat.beat(note, os.environ, started, time.time)
    if failures is not None and len(left) == len(words) - 2 * bool(file):
        sys.stdout.write(f"{NOTHING}\n")
    return failures
