"""When a certificate is to be renewed, in seconds, from its own dates and from what its authority advises.

acme.sh counts whole days from the day of issue (60, and 30 since 3.1.3), whatever the certificate's lifetime: one that lives
a day is dead for weeks before it looks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Union

from ..config.model import Certificate, Config, RenewAt, RenewBefore, Schedule

if TYPE_CHECKING:
    from ..driver.home import Stored
    from ..state.ledger import Advice

_HOUR = 60 * 60
_DAY = 24 * _HOUR


def due_at(
    not_before: int,
    not_after: int,
    renew: Union[RenewAt, RenewBefore],
    advised: Optional[int] = None,
    interval: int = 0,
) -> int:
    """Seconds since 1970 UTC; strictly before *not_after*, and not before *not_before*.

    *advised* is the authority's word (RFC 9773) and goes before *renew*, but it cannot put the renewal off so far that a
    failure would leave no time: half of what *renew* leaves stays, and two runs of a schedule with this *interval*.
    """
    lifetime = max(not_after - not_before, 1)
    due = not_before + int(lifetime * renew.fraction) if isinstance(renew, RenewAt) else not_after - renew.seconds
    due = min(max(due, not_before), not_after - 1)
    if advised is None:
        return due
    latest = not_after - max((not_after - due) // 2, 2 * interval)
    return max(min(advised, max(latest, due)), not_before)


def due_of(
    config: Config, certificate: Certificate, stored: Optional[Stored], advice: Optional[Advice]
) -> Optional[int]:
    """When *certificate* is due (seconds since 1970 UTC); None while there is none."""
    if stored is None or stored.leaf is None:
        return None
    chosen = advice.chosen if advice is not None and advice.leaf == stored.leaf.sha256 else None
    advised = None if chosen is None else int(chosen.timestamp())
    interval = interval_of(config.schedule)
    return due_at(*stored.leaf.validity, certificate.renew, advised, interval)


def interval_of(schedule: Optional[Schedule]) -> int:
    """Seconds between two runs; 0 when nothing is scheduled."""
    if schedule is None:
        return 0
    return schedule.every_seconds or _DAY


def latest_try(now: float, end: float, lifetime: float, interval: int = 0) -> float:
    """Until when to wait at most, after a failure, with what expires at *end*: the run after that, which a schedule with this
    *interval* brings, comes while half of what is left is still left, if it can.

    When nothing is left somebody feels it: then it comes after a twelfth of the *lifetime*, and an hour at most.
    """
    left = end - now
    wait = left / 2 if left > 0 else min(lifetime / 12, _HOUR)
    return now + max(wait - interval, 0)


def slowest_interval(lifetime: int, renew: Union[RenewAt, RenewBefore]) -> int:
    """The longest time between two runs with which a certificate of this *lifetime* is always renewed in time.

    At most a third of it, and no more than *renew* leaves: a run that comes just before the certificate is due must not be
    the last one of its life.
    """
    return min(lifetime // 3, lifetime - due_at(0, lifetime, renew))
