"""No time from outside, and none that was written down, outranks what is left of a certificate; and none makes failed work come
more often than the backoff has it. The table below walks through every place that a time is taken from.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Optional

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from acmewrap import backoff
from acmewrap.acme import retry_after
from acmewrap.config.model import Schedule
from acmewrap.engine import noop_cache
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant, moment
from acmewrap.net.http import parse_date
from acmewrap.plan.due import due_of, end_of
from acmewrap.plan.planner import PlanOptions, plan
from acmewrap.plan.steps import CERTIFICATE_KINDS
from acmewrap.report.fields import moment as rfc_3339
from acmewrap.state.ledger import Advice, LedgerEntry
from acmewrap.verify.tls_probe import Observation
from wanted import CERTIFICATE, DAY, ISSUED, LEAF, OTHER, make_config, make_leaf, make_state, make_stored

MINUTE, HOUR, YEAR = 60, 3600, 365 * DAY
SOURCE = "https://ca.test/ari"
LIMITED = failure("acme.rate_limited", "too many new orders")
UNATTENDED = PlanOptions(CERTIFICATE_KINDS, respect_backoff=True, reissue_on_change=False)
HOURLY = make_config(schedule=Schedule(every_seconds=HOUR))
END = ISSUED + DAY
LATE = END - 3 * HOUR  # three hours are left, and by its own date it has been due for five
REFUSAL = "responseHeaders='HTTP/1.1 429\nDate: Fri, 15 Jan 2027 08:00:00 GMT\nRetry-After: {}\n'\n"


def kinds(now: float, **state: Any) -> Dict[str, str]:
    """The steps of an unattended run at *now*, by kind."""
    state.setdefault("observations", {})
    return {step.kind: step.reason.kind for step in plan(HOURLY, make_state(**state), now, UNATTENDED).steps}


def refused(value: str) -> bool:
    """Whether a run orders while there is time, after a refusal with this Retry-After."""
    asked = retry_after.from_protocol(REFUSAL.format(value))
    entry = LedgerEntry().fail(LIMITED, LATE, end=END, interval=HOUR, retry_after=asked)
    return "renew" in kinds(END - HOUR, attempts=entry) and "renew" not in kinds(LATE + 1, attempts=entry)


def noted(next_try: int) -> bool:
    return "renew" in kinds(LATE, attempts=LedgerEntry(attempts=3, next_try=next_try))


def pending(next_try: int, seen_until: Optional[int] = None) -> bool:
    entry = LedgerEntry(wanted=LEAF, seen=OTHER, seen_until=seen_until, attempts=3, next_try=next_try)
    return "deploy" in kinds(ISSUED + HOUR, deliveries={"dsm": entry})


def served_for_ever(seen_until: int) -> bool:
    entry = LedgerEntry(wanted=LEAF, seen=OTHER, seen_until=seen_until, attempts=30)
    failed = entry.fail(LIMITED, LATE, end=end_of(entry, make_leaf()), interval=HOUR)
    return failed.next_try <= LATE + 90 * MINUTE


def advised(chosen: int, next_look: int = LATE + HOUR) -> Advice:
    return Advice(LEAF, SOURCE, next_look, chosen - 1, chosen + 1, chosen=chosen)


def record(tmp_path: Path, since: int, until: int) -> bool:
    """Whether a run looks at the machine, with such a record of an earlier one."""
    environ = {"HOME": str(tmp_path)}
    place = Path(noop_cache._place("/srv/a.yaml", environ))
    place.parent.mkdir(parents=True)
    place.touch(0o600)
    place.write_text(f"{noop_cache._header(environ)}\n{since} {until}\nend", encoding="utf-8")
    return noop_cache.find_note("/srv/a.yaml", environ, LATE) is None


SOURCES: Dict[str, Callable[[Path], bool]] = {
    "Retry-After of a refusal, in seconds": lambda _: refused(str(YEAR)),
    "Retry-After of a refusal, as a date": lambda _: refused("Sat, 15 Jan 2028 08:00:00 GMT"),
    "Retry-After of a refusal, in digits of another script": lambda _: retry_after.waiting_time("²", None) is None,
    "Date of an answer that no calendar has": lambda _: parse_date("Mon, 01 Jan 1900 00:00:00 +2359") is None,
    "ledger: the next order, noted by a clock a year ahead": lambda _: noted(LATE + YEAR),
    "ledger: the next order, beyond half of what is left": lambda _: noted(LATE + 2 * HOUR),
    "ledger: the next order, in no calendar": lambda _: noted(10**30),
    "ledger: the next deployment, noted by a clock a year ahead": lambda _: pending(ISSUED + YEAR),
    "ledger: the next deployment, beside an end in no calendar": lambda _: pending(10**30, 10**40),
    "ledger: what is served is said to last for ever": lambda _: served_for_ever(10**12),
    "ledger: the next look at renewal information": lambda _: (
        "renewal_info" in kinds(ISSUED + HOUR, advice=Advice(LEAF, SOURCE, ISSUED + YEAR))
    ),
    "renewal information: a window after the end": lambda _: "renew" in kinds(LATE, advice=advised(END + YEAR)),
    "no-op record: until next year": lambda tmp: record(tmp, LATE - HOUR, LATE + YEAR),
    "no-op record: of a clock a year ahead": lambda tmp: record(tmp, LATE + YEAR, LATE + YEAR + DAY),
    "acme.sh's Le_NextRenewTime": lambda _: (
        "renew" in kinds(LATE, stored=make_stored(configuration={"Le_NextRenewTime": str(END + YEAR)}))
    ),
    "acme.sh's Le_NextRenewTime, in no calendar": lambda _: (
        make_stored(configuration={"Le_NextRenewTime": "9" * 5000}).next_renewal is None
    ),
}


@pytest.mark.parametrize("source", SOURCES)
def test_no_time_outranks_what_is_left_of_a_certificate(source: str, tmp_path: Path) -> None:
    assert SOURCES[source](tmp_path)


def test_what_a_right_clock_noted_is_waited_out() -> None:
    assert not noted(LATE + 20 * MINUTE)
    assert not pending(ISSUED + 2 * HOUR)
    assert "renewal_info" not in kinds(ISSUED + HOUR, advice=Advice(LEAF, SOURCE, ISSUED + 2 * HOUR))


LIFE = st.integers(min_value=10 * MINUTE, max_value=398 * DAY)


@example(lifetime=16777215, passed=0.03406981174702584, attempts=0, asked=604800, interval=0, later=0.0)
@given(
    lifetime=LIFE,
    passed=st.floats(min_value=0, max_value=1.5),
    attempts=st.integers(min_value=0, max_value=40),
    asked=st.one_of(st.none(), st.integers(min_value=0, max_value=10**12)),
    interval=st.integers(min_value=0, max_value=DAY),
    later=st.floats(min_value=0, max_value=1),
)
def test_what_was_noted_by_a_right_clock_is_believed_at_every_moment_until_it_comes(
    *, lifetime: int, passed: float, attempts: int, asked: Optional[int], interval: int, later: float
) -> None:
    now = lifetime * passed
    waited = backoff.wait(attempts, now, end=lifetime, interval=interval, retry_after=asked)
    assert backoff.is_believed(now + waited, now + waited * later, lifetime, interval)


@given(
    lifetime=LIFE,
    left=st.floats(min_value=0, max_value=1, exclude_min=True),
    attempts=st.integers(min_value=0, max_value=40),
    asked=st.integers(min_value=0, max_value=10**12),
)
def test_however_long_an_authority_asks_to_wait_half_of_what_is_left_stays(
    lifetime: int, left: float, attempts: int, asked: int
) -> None:
    now = lifetime * (1 - left)
    assume(now < lifetime)
    waited = backoff.wait(attempts, now, end=lifetime, retry_after=asked)
    assert waited <= (lifetime - now) / 2 + 1


@pytest.mark.parametrize("asked", [None, 0, HOUR, 2 * DAY, YEAR])
@pytest.mark.parametrize("left", [-DAY, -1, 60, 3 * HOUR, 10 * DAY])
def test_a_cap_never_has_an_authority_asked_more_often_than_the_backoff_alone(left: int, asked: Optional[int]) -> None:
    for attempts in range(12):
        how: Dict[str, Any] = {"end": ISSUED + left, "interval": DAY, "jitter": 0}
        waited = backoff.wait(attempts, ISSUED, retry_after=asked, **how)
        assert waited >= backoff.wait(attempts, ISSUED, **how) >= backoff.FIRST_WAIT
        if left < 0:
            assert waited == backoff.backoff(attempts, 0)


def test_while_nothing_is_stored_an_authority_is_left_alone_for_as_long_as_rate_limits_last() -> None:
    assert backoff.wait(0, ISSUED, retry_after=2 * DAY) == 2 * DAY
    assert backoff.wait(0, ISSUED, retry_after=YEAR) == 7 * DAY


def test_windows_that_have_always_passed_bring_fewer_renewals_each_time() -> None:
    """A year of runs, one an hour, at an authority whose every window lies in the past."""
    config = make_config(schedule=Schedule(every_seconds=HOUR))
    now, orders, early, issued = ISSUED, 0, 0, ISSUED
    while now < ISSUED + YEAR:
        stored = make_stored(not_before=issued, not_after=issued + 90 * DAY)
        own = due_of(config, CERTIFICATE, stored, None)
        due = due_of(config, CERTIFICATE, stored, replace(advised(1), early=early))
        assert own is not None
        assert due is not None
        if due <= now:
            orders, early, issued = orders + 1, early + 1 if now < own else 0, now
        now += HOUR
    assert orders <= 10


@pytest.mark.parametrize("absurd", [10**30, -(10**30), 0, 1e300])
def test_a_time_of_no_calendar_is_shown_as_one(absurd: float) -> None:
    assert moment(instant(absurd)).endswith(" UTC")
    assert rfc_3339(instant(absurd)).endswith("Z")


# --- dates of what is stored ---


@pytest.mark.parametrize(
    ("dates", "chain_until", "kind"),
    [
        ({"not_before": LATE + DAY, "not_after": LATE + 2 * DAY}, None, "reissue"),
        ({}, LATE - 1, "reissue"),
        ({"not_before": LATE + MINUTE, "not_after": LATE + DAY}, LATE + DAY, None),
        ({"not_after": LATE - 1}, None, "renew"),
    ],
    ids=["of tomorrow", "with an expired chain", "of a clock a minute ahead", "expired"],
)
def test_what_nobody_would_accept_now_is_replaced(
    dates: Dict[str, Any], chain_until: Optional[int], kind: Optional[str]
) -> None:
    stored = replace(make_stored(**dates), chain_until=None if chain_until is None else instant(chain_until))
    found = kinds(LATE, stored=stored, observations={"dsm": Observation(served=LEAF)})
    assert next(iter(found), None) == kind
