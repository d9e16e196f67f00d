"""Points in time: aware datetimes in what is public, seconds since 1970 UTC in what only calculates, and in the words of people."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Union

from .text import counted

LATEST = 253_402_300_799  # the end of year 9999, RFC 5280 section 4.1.2.5


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def instant(seconds: float) -> datetime:
    """*seconds* since 1970 UTC; what no calendar holds becomes the first or the last moment of one."""
    return _EPOCH + timedelta(seconds=min(max(seconds, 0), LATEST))


def moment(when: datetime) -> str:
    """A point in time for people: UTC, to the minute."""
    return f"{when.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def clock_off(ahead: float, whose: str) -> str:
    """That the clock of this machine is *ahead* seconds ahead of *whose*, or behind when they are negative."""
    return f"the clock of this machine is {span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} {whose}"


def span(length: Union[float, timedelta]) -> str:
    """A length of time (in seconds if it is a number) for people: its largest unit."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if abs(seconds) >= unit:
            return counted(int(seconds // unit), name)
    return counted(int(seconds), "second")
