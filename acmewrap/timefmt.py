"""Times in the words of people."""

from __future__ import annotations

import time


def moment(seconds: float) -> str:
    """A point in time for people: UTC, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def span(seconds: float) -> str:
    """A length of time for people: its largest unit."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if abs(seconds) >= unit:
            count = int(seconds // unit)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{int(seconds)} seconds"
