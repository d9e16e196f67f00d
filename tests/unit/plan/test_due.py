"""When a certificate is due, whatever its lifetime."""

from __future__ import annotations

import time
from typing import Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acmewrap.config.model import DEFAULT_RENEW, RenewAt, RenewBefore, Schedule
from acmewrap.plan.due import due_at, next_run, slowest_interval

MINUTE, HOUR, DAY = 60, 3600, 86400
BEGIN = st.integers(min_value=0, max_value=4_000_000_000)
LIFETIME = st.integers(min_value=10 * MINUTE, max_value=398 * DAY)
RULE = st.one_of(
    st.builds(RenewAt, st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True)),
    st.builds(RenewBefore, st.integers(min_value=1, max_value=1000 * DAY)),
)


@given(BEGIN, LIFETIME, RULE)
def test_it_is_always_due_within_its_life_and_strictly_before_its_end(
    begin: int, lifetime: int, rule: Union[RenewAt, RenewBefore]
) -> None:
    due = due_at(begin, begin + lifetime, rule)
    assert begin <= due < begin + lifetime


@given(BEGIN, LIFETIME)
def test_two_thirds_leave_a_third_to_the_second(begin: int, lifetime: int) -> None:
    due = due_at(begin, begin + lifetime, RenewAt(2 / 3))
    assert abs((due - begin) - lifetime * 2 / 3) <= 1


@given(BEGIN, LIFETIME, st.integers(min_value=1, max_value=9 * MINUTE))
def test_a_time_before_the_end_is_kept_to_the_second(begin: int, lifetime: int, seconds: int) -> None:
    assert due_at(begin, begin + lifetime, RenewBefore(seconds)) == begin + lifetime - seconds


@pytest.mark.parametrize("renew", [RenewBefore(90 * DAY), RenewBefore(DAY), RenewBefore(23 * HOUR), RenewAt(0.01)])
def test_a_window_that_would_have_each_run_renew_gives_way_to_the_default(renew: Union[RenewAt, RenewBefore]) -> None:
    assert due_at(1000, 1000 + DAY, renew) == 1000 + DAY // 2


def test_dates_that_make_no_sense_are_due() -> None:
    assert due_at(5000, 5000, RenewAt(2 / 3)) <= 5000


@pytest.mark.parametrize(
    ("lifetime", "due"),
    [
        (12 * HOUR, 6 * HOUR),
        (6 * DAY, 3 * DAY),
        (10 * DAY - 2, 5 * DAY - 1),
        (10 * DAY, int(10 * DAY * 2 / 3)),
        (90 * DAY, 60 * DAY),
    ],
)
def test_by_default_a_short_life_is_renewed_at_its_half_and_any_other_at_two_thirds(lifetime: int, due: int) -> None:
    assert due_at(0, lifetime, DEFAULT_RENEW) == due
    assert slowest_interval(lifetime, DEFAULT_RENEW) == lifetime // 3  # a rarer schedule is reported by check


def test_a_daily_run_comes_at_its_time_of_that_day_or_else_of_the_next() -> None:
    at = [time.mktime((2026, 3, 10 + day, 4, 55, 0, 0, 0, -1)) for day in (0, 1)]
    schedule = Schedule(daily=(4, 55))
    assert next_run(schedule, at[0] - 1) == at[0]
    assert next_run(schedule, at[0]) == at[1]
    assert next_run(schedule, at[0] + 1) == at[1]


def test_a_run_of_an_interval_comes_that_much_later_and_none_where_nothing_is_scheduled() -> None:
    assert next_run(Schedule(every_seconds=6 * HOUR), 1000) == 1000 + 6 * HOUR
    assert next_run(None, 1000) is None
