"""The words of an entry of a scheduler, and the run of everything when it is known to find nothing to do. All of that is done here,
before anything of size is imported: even :mod:`argparse` takes longer than such a run does.
"""

from __future__ import annotations

import os
import sys
import time

from ..engine.noop_cache import find_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace
    from typing import Optional, Sequence, Tuple

    from ..errors import Failure

NOTHING = "Nothing to do."


def parse(words: Sequence[str]) -> Optional[SimpleNamespace]:
    """What :func:`.parser.parse` makes of ``cron`` with no option but ``--config`` and ``--quiet``; None of any other *words*."""
    from types import SimpleNamespace

    left = [word for word in words if word not in ("-q", "--quiet")]
    quiet, config = len(left) < len(words), None
    for place in (0, 1):
        if len(left) == 3 and left[place] in ("-c", "--config"):
            config = left[place + 1]
            del left[place : place + 2]
    if left != ["cron"] or (config or "").startswith("-"):
        return None
    unset = {"json": False, "only": None, "force": False, "dry_run": False, "timeout": None, "verbose": False}
    return SimpleNamespace(command="cron", config=config, quiet=quiet, no_color=False, **unset)


def finish(options: SimpleNamespace) -> Optional[Tuple[Failure, ...]]:
    """Do that run: what it could not report to monitoring; None when there may be something to do."""
    started = time.time()
    note = find_note(options.config, os.environ, started)
    if note is None:
        return None
    failures: Tuple[Failure, ...] = ()
    if note:
        from ..monitoring import heartbeat

        sent = heartbeat.beat(note, os.environ, started, time.time)
        if sent is None:
            return None
        failures = sent
    if not options.quiet:
        sys.stdout.write(f"{NOTHING}\n")
    return failures
