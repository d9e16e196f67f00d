"""Times in the words of people."""

from __future__ import annotations

import time

LATEST = 253_402_300_799  # the end of year 9999, RFC 5280 section 4.1.2.5


def moment(seconds: float) -> str:
    """A point in time for people: UTC, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M UTC", as_utc(seconds))


def as_utc(seconds: float) -> time.struct_time:
    """For whatever was written down as a time: what no calendar holds becomes the first or the last moment of one."""
    return time.gmtime(min(max(seconds, 0), LATEST))


def span(seconds: float) -> str:
    """A length of time for people: its largest unit."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if abs(seconds) >= unit:
            count = int(seconds // unit)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{int(seconds)} seconds"
