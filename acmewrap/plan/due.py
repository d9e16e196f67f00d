"""When a certificate is to be renewed, in seconds, from its own dates and from what its authority advises.

acme.sh counts whole days from the day of issue (60, and 30 since 3.1.3), whatever the certificate's lifetime: one that lives
a day is dead for weeks before it looks again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Optional, Union

from .. import backoff
from ..config.model import DEFAULT_RENEW, Certificate, Config, RenewAt, RenewBefore, Schedule, Target

if TYPE_CHECKING:
    from ..driver.homes.home import Stored
    from ..pki.x509 import X509
    from ..state.ledger import Advice, LedgerEntry

Renew = Union[RenewAt, RenewBefore]
_HOUR, _DAY = 60 * 60, 24 * 60 * 60
_MOST_EARLY = 30


def due_at(not_before: int, not_after: int, renew: Renew, advised: Optional[int] = None, interval: int = 0) -> int:
    """Seconds since 1970 UTC; strictly before *not_after*, and after *not_before* unless *advised* otherwise.

    *advised* is the authority's word (RFC 9773) and goes before *renew*, but it cannot put the renewal off so far that a
    failure would leave no time: half of what *renew* leaves stays, and two runs of a schedule with this *interval*.
    """
    lifetime = max(not_after - not_before, 1)
    due = not_before + min(_age_at_renewal(lifetime, renew), lifetime - 1)
    if advised is None:
        return due
    latest = not_after - max((not_after - due) // 2, 2 * interval)
    return max(min(advised, max(latest, due)), not_before)


def _age_at_renewal(lifetime: int, renew: Renew) -> int:
    """Where *renew* does not fit the *lifetime*, the default: else each run would renew what the last one brought."""
    return int(_age(renew if fits(renew, lifetime) else DEFAULT_RENEW, lifetime))


def fits(renew: Renew, lifetime: int) -> bool:
    """Whether *renew* leaves a tenth of the *lifetime* before the renewal."""
    return _age(renew, lifetime) >= lifetime / 10


def _age(renew: Renew, lifetime: int) -> float:
    return lifetime * renew.of(lifetime) if isinstance(renew, RenewAt) else lifetime - renew.seconds


def due_of(
    config: Config, certificate: Certificate, stored: Optional[Stored], advice: Optional[Advice]
) -> Optional[int]:
    """When *certificate* is due (seconds since 1970 UTC); None while there is none."""
    if stored is None or stored.leaf is None:
        return None
    leaf, interval = stored.leaf, interval_of(config.schedule)
    not_before, not_after = leaf.validity
    own = due_at(not_before, not_after, certificate.renew)
    if advice is None or advice.leaf != leaf.sha256 or advice.chosen is None:
        return own
    # An authority whose windows have always passed would have every run order: each time in a row it may take off half as much.
    earliest = own - (own - not_before) // 2 ** min(advice.early, _MOST_EARLY)
    return due_at(not_before, not_after, certificate.renew, max(advice.chosen, earliest), interval)


def interval_of(schedule: Optional[Schedule]) -> int:
    """Seconds between two runs; 0 when nothing is scheduled."""
    if schedule is None:
        return 0
    return schedule.every_seconds or _DAY


def next_run(schedule: Optional[Schedule], last: float) -> Optional[float]:
    """When the run after one at *last* is to come, in the time zone of this process; None when nothing is scheduled."""
    if schedule is None or schedule.daily is None:
        return None if schedule is None else last + interval_of(schedule)
    year, month, day, *_ = time.localtime(last)
    today, tomorrow = (time.mktime((year, month, day + more, *schedule.daily, 0, 0, 0, -1)) for more in (0, 1))
    return today if today > last else tomorrow


def is_waiting(entry: LedgerEntry, leaf: Optional[X509], now: float, interval: int) -> bool:
    """Whether what an earlier run wrote down keeps *entry* from being tried at *now*; *leaf* is what is stored, and may expire."""
    return now < entry.next_try and backoff.is_believed(entry.next_try, now, end_of(entry, leaf), interval)


def end_of(entry: LedgerEntry, leaf: Optional[X509]) -> Optional[int]:
    """When what *entry* is about expires: what a target serves, or the certificate itself (*leaf*); None while there is none."""
    if leaf is None:
        return None
    return min(entry.seen_until or leaf.validity[1], leaf.validity[1])


def look_at(target: Target, entry: LedgerEntry) -> Optional[int]:
    """When unattended runs are to look at *target* again, where what *entry* says was seen; None: nobody can look, or has seen it.

    A little early, for a daily run comes a little earlier than the last look of the day before.
    """
    if entry.seen_at is None or (target.verify is None and target.install is None):
        return None
    every = _every(target)
    return entry.next_look or entry.seen_at + every - min(every // 24, _HOUR)


def is_look_due(target: Target, entry: LedgerEntry, now: float) -> bool:
    """Whether that time has come, or is further away than any look is put off."""
    when = look_at(target, entry)
    return when is not None and not now < when <= now + _every(target)


def retry_look(target: Target, now: float) -> int:
    """When to look again at a target that did not answer."""
    return int(now) + min(_every(target), _HOUR)


def _every(target: Target) -> int:
    return _DAY if target.verify is None else target.verify.every


def slowest_interval(lifetime: int, renew: Renew) -> int:
    """The longest time between two runs with which a certificate of this *lifetime* is always renewed in time.

    At most a third of it, and no more than *renew* leaves: a run that comes just before the certificate is due must not be
    the last one of its life.
    """
    return min(lifetime // 3, lifetime - due_at(0, lifetime, renew))
