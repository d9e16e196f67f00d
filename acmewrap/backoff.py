"""How long anything may be put off: the one rule for every time that comes from outside, and for every time that was written down.

A time from outside (``Retry-After``, RFC 9773, a server's clock) or of an earlier run (whose clock may have been wrong) is honoured
only as long as it leaves enough of the certificate's life: half of what is left, and one run of the schedule. What lies further
away than the longest wait is not believed. None of this makes failed work come more often than the backoff has it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

_MINUTE, _HOUR, _DAY = 60, 60 * 60, 24 * 60 * 60

FIRST_WAIT = 5 * _MINUTE
# A failure is noted a while after its run began, and the run of the next day is to try again.
LONGEST_WAIT = 23 * _HOUR
LONGEST_RETRY_AFTER = 7 * _DAY
"""The longest that a rate limit in use today counts over; more is a mistake of the authority."""
SHORTEST_LOOK, DEFAULT_LOOK, LONGEST_LOOK = _MINUTE, 6 * _HOUR, _DAY
"""Between two looks at an authority's renewal information; the default is that of RFC 9773 section 4.3.2."""
MOST_REDELIVERIES = 3
"""Of one leaf to a target that shows another again and again: somebody else brings that there."""
LONGEST_QUIET = 7 * _DAY
"""For which a run that found nothing to do may be taken for the next ones; a daily run would always come too late for a day."""
CLOCK_TOLERANCE = 5 * _MINUTE
"""By which clocks may differ before a certificate counts as not yet valid."""

_DOUBLINGS = 9  # past the longest wait, and far from what a float can hold


def backoff(attempts: int, jitter: float = 0.2) -> float:
    """Seconds to wait after a failure that *attempts* others came before: twice as long each time."""
    import random

    doubled = FIRST_WAIT * 2.0 ** min(max(attempts, 0), _DOUBLINGS)
    return min(doubled * (1 + random.uniform(-jitter, jitter)), LONGEST_WAIT)  # noqa: S311 - spreads load, protects nothing


def latest_try(now: float, end: int, interval: int = 0) -> float:
    """Until when to wait at most, after a failure, with what expires at *end*: the run after that, which a schedule with this
    *interval* brings, comes while half of what is left is still left, if it can. Never at once: a tenth of the *interval*
    passes, which no scheduled run notices. When nothing is left there is no such moment, and the backoff decides.
    """
    return now + max((end - now) / 2 - interval, min(FIRST_WAIT, interval / 10)) if now < end else now + LONGEST_WAIT


def wait(
    attempts: int,
    now: float,
    *,
    end: Optional[int] = None,
    interval: int = 0,
    retry_after: Optional[float] = None,
    jitter: float = 0.2,
) -> float:
    """Seconds to wait after one more failure, with what expires at *end* (None: nothing is there yet).

    Longer than the backoff where the authority asks for that (*retry_after*), as far as there is time; what has expired is
    tried as the backoff alone has it, which grows.
    """
    alone = backoff(attempts, jitter)
    if end is None:
        return max(alone, min(retry_after or 0, LONGEST_RETRY_AFTER))
    if end <= now:
        return alone
    longest = latest_try(now, end, interval) - now
    return max(min(alone, longest), min(retry_after or 0, LONGEST_RETRY_AFTER, longest))


def is_look_due(next_look: int, now: float) -> bool:
    """Whether to ask an authority again: *next_look* has come, or is further away than any look is put off."""
    return not now < next_look <= now + LONGEST_LOOK


def is_believed(when: float, now: float, end: Optional[int] = None, interval: int = 0) -> bool:
    """Whether *when*, noted by an earlier run as the next try, still holds: nobody would put it off so far now."""
    longest = float(LONGEST_RETRY_AFTER) if end is None else latest_try(now, end, interval) - now
    return when - now <= min(longest, LONGEST_RETRY_AFTER) + 1  # both were rounded
