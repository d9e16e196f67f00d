"""Whether the schedule runs often enough for the lifetimes that are known: one certificate may tell for its whole authority."""

from __future__ import annotations

import re
from typing import Dict, Iterator, Optional

from ..config.locate import Found
from ..config.model import LIFETIME, Certificate, Config
from ..formats.timefmt import span
from ..frozen import frozen
from ..state.model import State
from .due import due_at, fits, interval_of, slowest_interval

_HOUR, _MINUTE = 3600, 60
# What divides a day or an hour, so that every scheduler can keep to it.
_INTERVALS = (*(n * _HOUR for n in (24, 12, 8, 6, 4, 3, 2, 1)), *(n * _MINUTE for n in (30, 20, 15, 10, 5, 4, 3, 2)))


@frozen
class TooSlow:
    """Why a schedule is too slow, and the longest interval in seconds that works for all certificates."""

    message: str
    seconds: int

    @property
    def every(self) -> str:
        """That interval as the file writes it."""
        return _written(self.seconds)


ADJUST = "acmewrap schedule adjust --yes"  # which writes what :func:`find_needed` says


def find_problems(config: Config, state: State) -> Iterator[Found]:
    """What is wrong with the section ``schedule``: at most one problem."""
    slow = find_too_slow(config, state)
    if slow is not None:
        yield Found(("schedule",), f"{slow.message}; write `every: {slow.every}`, or run: {ADJUST}")


def find_warnings(config: Config, state: State) -> Iterator[Found]:
    """What is renewed at another time than the file says, and who asks to be polled more often (RFC 9773, 4.3) than runs are."""
    for name, lifetime in _lifetimes(config, state).items():
        renew = config.certificates[name].renew
        if not fits(renew, lifetime):
            misfit = f"does not fit a certificate that is valid for {span(lifetime)}: each run would renew it"
            instead = f"so that is done {span(lifetime - due_at(0, lifetime, renew))} before its end"
            remedy = "leave `renew` out, or write a shorter time"
            yield Found(("certificates", name, "renew"), f"{misfit}, {instead}; {remedy}")
    for name, every in _polled(config, state).items():
        asked = f"the authority {name} asks to be polled for renewal information every {span(every)}"
        rare = f"a run takes place every {span(interval_of(config.schedule))}"
        yield Found(("schedule",), f"{asked}, and {rare}; write `every: {_written(every)}`, or run: {ADJUST}")


def find_needed(config: Config, state: State) -> Optional[str]:
    """The interval that suits every certificate and authority, as the file writes it; None: the present one does."""
    slow, polled = find_too_slow(config, state), tuple(_polled(config, state).values())
    needed = polled if slow is None else (*polled, slow.seconds)
    return _written(min(needed)) if needed else None


def _polled(config: Config, state: State) -> Dict[str, int]:
    """Seconds by authority, of those that ask to be polled more often than runs take place."""
    found: Dict[str, int] = {}
    for name, certificate in state.certificates.items():
        every = None if certificate.advice is None else certificate.advice.every
        authority = config.certificates[name].authority
        if every is not None and every < interval_of(config.schedule):
            found[authority] = min(every, found.get(authority, every))
    return found


def find_too_slow(config: Config, state: State) -> Optional[TooSlow]:
    """None when all are renewed in time, or nothing is known: nothing is issued, and no lifetime is asked for."""
    interval, lifetimes = interval_of(config.schedule), _lifetimes(config, state)
    slowest = {name: slowest_interval(life, config.certificates[name].renew) for name, life in lifetimes.items()}
    if not interval or not slowest or min(slowest.values()) >= interval:
        return None
    name = min(slowest, key=lambda one: slowest[one])
    lifetime = lifetimes[name]
    left = lifetime - due_at(0, lifetime, config.certificates[name].renew)
    message = (
        f"a run every {span(interval)} is too slow for {name}: its certificate is valid for {span(lifetime)} and is due "
        f"{span(left)} before its end, so it can expire between two runs"
    )
    return TooSlow(message, slowest[name])


def _written(seconds: int) -> str:
    """The longest interval that is no longer than *seconds* and that every scheduler can keep to, as the file writes it."""
    works = next((one for one in _INTERVALS if one <= seconds), _MINUTE)
    return f"{works // _HOUR}h" if works % _HOUR == 0 else f"{works // _MINUTE}m"


def _lifetimes(config: Config, state: State) -> Dict[str, int]:
    """How long each certificate is known to live: what it asks for, else the shortest that its authority is known to give."""
    asked = {name: _asked(certificate) for name, certificate in config.certificates.items()}
    given: Dict[str, int] = {}
    for name, found in state.certificates.items():
        if found.leaf is not None and asked[name] is None:
            authority = config.certificates[name].authority
            lifetime = int(found.leaf.lifetime.total_seconds())
            given[authority] = min(given.get(authority, lifetime), lifetime)
    known = {name: asked[name] or given.get(one.authority) for name, one in config.certificates.items()}
    return {name: lifetime for name, lifetime in known.items() if lifetime is not None}


def _asked(certificate: Certificate) -> Optional[int]:
    found = re.fullmatch(r"\+([0-9]{1,9})h", certificate.value_of(LIFETIME) or "")
    return int(found[1]) * _HOUR if found else None
