"""What acme.sh leaves behind when it is ended in the middle of an order: its clean-up is then never reached."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, Sequence, Set

from ...config.arguments import CHALLENGE_FOLDER
from ...errors import CommandError
from ...frozen import replace

_TXT = re.compile(r"(Adding TXT value|Removing txt): (\S+) for domain: (\S+)$")  # acme.sh 3.0.2 to 3.1.5


@contextlib.contextmanager
def leftovers_named(webroots: Sequence[str]) -> Iterator[None]:
    """A :class:`CommandError` from inside names the TXT records and challenge files that are left."""
    before = _files(webroots)
    try:
        yield
    except CommandError as error:
        left = [*_records(error.failure.lines), *sorted(_files(webroots) - before)]
        message = error.failure.message + (f"; left behind: {', '.join(left)}" if left else "")
        raise CommandError(replace(error.failure, message=message), command=error.command) from error


def _files(webroots: Sequence[str]) -> FrozenSet[str]:
    found: Set[str] = set()
    for webroot in dict.fromkeys(webroots):
        folder = Path(webroot, CHALLENGE_FOLDER)
        with contextlib.suppress(OSError):
            found.update(str(folder / name) for name in os.listdir(folder))
    return frozenset(found)


def _records(lines: Sequence[str]) -> Iterator[str]:
    records: Dict[str, str] = {}
    for found in filter(None, map(_TXT.search, lines)):
        if found[1].startswith("Adding"):
            records[found[2]] = found[3]
        else:
            records.pop(found[2], None)
    yield from (f"the TXT record {domain}" for domain in records.values())
