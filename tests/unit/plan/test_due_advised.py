"""When a certificate is due that its authority gives advice on, and how often a schedule has to run for that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Optional, Union

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acmewrap.config import locate
from acmewrap.config.model import RenewAt, RenewBefore, Schedule
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from acmewrap.plan import interval_check
from acmewrap.plan.due import due_at, due_of, end_of, interval_of, slowest_interval
from acmewrap.plan.planner import PlanOptions, plan
from acmewrap.plan.steps import CERTIFICATE_KINDS
from acmewrap.reasons import Due
from acmewrap.state.ledger import Advice, LedgerEntry
from wanted import CERTIFICATE, DAY, ISSUED, LEAF, NOW, make_config, make_leaf, make_state, make_stored

MINUTE, HOUR = 60, 3600
Rule = Union[RenewAt, RenewBefore]
LIFETIME = st.integers(min_value=10 * MINUTE, max_value=398 * DAY)
RULE = st.one_of(
    st.builds(RenewAt, st.floats(min_value=0.05, max_value=0.95)),
    st.builds(RenewBefore, st.integers(min_value=5 * MINUTE, max_value=400 * DAY)),
)
ADVISED = st.one_of(st.none(), st.floats(min_value=-2, max_value=3))
REFUSED = failure("acme.rate_limited", "too many new orders")
UNATTENDED = PlanOptions(CERTIFICATE_KINDS, respect_backoff=True, reissue_on_change=False)


@given(LIFETIME, RULE, ADVISED, st.floats(min_value=0, max_value=1, exclude_max=True))
def test_a_schedule_that_is_fast_enough_never_lets_a_certificate_expire(
    lifetime: int, rule: Rule, advised: Any, phase: float
) -> None:
    interval = max(slowest_interval(lifetime, rule), 1)
    when = None if advised is None else int(advised * lifetime)
    due = due_at(0, lifetime, rule, when, interval)
    first = int(phase * interval)
    run = first + max(-(-(due - first) // interval), 0) * interval
    assert due <= run < lifetime


@given(LIFETIME, RULE)
def test_the_slowest_schedule_is_a_third_of_the_lifetime_or_less(lifetime: int, rule: Rule) -> None:
    assert 0 < slowest_interval(lifetime, rule) <= lifetime // 3


def test_advice_goes_before_the_rule_in_both_directions() -> None:
    assert due_at(0, 90 * DAY, RenewAt(2 / 3), 10 * DAY) == 10 * DAY
    assert due_at(0, 90 * DAY, RenewAt(2 / 3), 70 * DAY) == 70 * DAY


def test_advice_cannot_put_a_renewal_off_until_there_is_no_time_for_a_failure() -> None:
    assert due_at(0, 90 * DAY, RenewAt(2 / 3), 89 * DAY) == 75 * DAY
    assert due_at(0, 90 * DAY, RenewAt(2 / 3), 4000 * DAY, 10 * DAY) == 70 * DAY
    assert due_at(0, DAY, RenewAt(2 / 3), 23 * HOUR, 6 * HOUR) == 16 * HOUR


def test_a_window_that_has_passed_means_now() -> None:
    assert due_at(1000, 1000 + DAY, RenewAt(2 / 3), 5) == 1000


def test_advice_on_another_leaf_is_none() -> None:
    config, old = make_config(schedule=None), Advice("old", "https://ca.test/ari", 0, 0, 1, chosen=1)
    assert due_of(config, CERTIFICATE, make_stored(), old) == ISSUED + DAY * 2 // 3
    assert due_of(config, CERTIFICATE, make_stored(), replace(old, leaf=LEAF)) == ISSUED
    assert due_of(config, CERTIFICATE, None, old) is None


def test_a_certificate_is_renewed_when_its_authority_says_so() -> None:
    advice = Advice(LEAF, "https://ca.test/ari", NOW + HOUR, NOW - HOUR, NOW, chosen=NOW - MINUTE)
    first = plan(make_config(), make_state(advice=advice, observations={}), NOW, UNATTENDED).steps[0]
    assert first.kind == "renew"
    assert first.reason == Due(instant(NOW - MINUTE), ISSUED + DAY - NOW, "authority")


def test_the_authority_is_asked_again_when_the_time_has_come_and_not_before() -> None:
    advice = Advice(LEAF, "https://ca.test/ari", NOW + HOUR)
    state = make_state(advice=advice, observations={})
    assert plan(make_config(), state, NOW, UNATTENDED).steps == ()
    (step,) = plan(make_config(), state, NOW + HOUR, UNATTENDED).steps
    assert (step.kind, step.certificate) == ("renewal_info", "nas")


def test_what_is_done_is_not_planned_again_after_asking() -> None:
    advice = Advice(LEAF, "https://ca.test/ari", NOW)
    asked = plan(make_config(), make_state(advice=advice, observations={}), NOW, UNATTENDED)
    renewing = plan(make_config(), make_state(observations={}), NOW + DAY, UNATTENDED)
    assert [step.kind for step in renewing.steps] == ["renew", "deploy"]
    assert renewing.following(asked) == renewing
    assert renewing.following(renewing).steps == ()


# --- how long to wait after a failure ---


@given(LIFETIME, st.integers(min_value=0, max_value=40), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_after_any_number_of_failures_half_of_what_is_left_is_still_left(
    lifetime: int, attempts: int, passed: float
) -> None:
    now = int(lifetime * passed)
    entry = LedgerEntry(attempts=attempts).fail(REFUSED, now, end=lifetime)
    assert now <= entry.next_try <= now + (lifetime - now) / 2


@given(
    lifetime=LIFETIME,
    rule=RULE,
    often=st.integers(min_value=1, max_value=12),
    attempts=st.integers(min_value=0, max_value=40),
    passed=st.floats(min_value=0, max_value=1, exclude_max=True),
    took=st.floats(min_value=0, max_value=0.9),
)
def test_after_a_failure_the_next_run_tries_again_or_one_before_half_of_what_is_left_has_passed(
    *, lifetime: int, rule: Rule, often: int, attempts: int, passed: float, took: float
) -> None:
    interval = max(slowest_interval(lifetime, rule) // often, 1)
    run = int(lifetime * passed)
    now = int(run + interval * took)  # the failure takes its time, so it is noted later than the run began
    assume(now < lifetime)
    failed = LedgerEntry(attempts=attempts).fail(REFUSED, now, end=lifetime, interval=interval)
    next_try = failed.next_try
    again = run + max(-(-(next_try - run) // interval), 1) * interval
    assert again <= max(run + interval, now + (lifetime - now) / 2)


@pytest.mark.parametrize("ended", [0, 1, DAY, 400 * DAY])
def test_what_has_expired_is_tried_as_the_backoff_has_it(ended: int) -> None:
    waits = [
        LedgerEntry(attempts=tried).fail(REFUSED, NOW, end=NOW - ended, jitter=0).next_try - NOW for tried in range(12)
    ]
    assert waits[:4] == [5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE]
    assert waits[-1] == 23 * HOUR


def test_what_a_target_serves_until_when_is_kept_while_another_leaf_is_owed() -> None:
    entry = LedgerEntry().prove("aa", NOW, NOW + DAY).want("bb").fail(REFUSED, NOW)
    assert (entry.seen, entry.seen_until) == ("aa", NOW + DAY)


@pytest.mark.parametrize(("seen_until", "end"), [(NOW - DAY, NOW - DAY), (None, None), (2**40, None)])
def test_a_deployment_ends_with_what_the_target_serves_or_else_with_what_is_stored(
    seen_until: Optional[int], end: Optional[int]
) -> None:
    leaf = make_leaf()
    assert end_of(LedgerEntry(seen_until=seen_until), leaf) == (leaf.validity[1] if end is None else end)
    assert end_of(LedgerEntry(seen_until=seen_until), None) is None


# --- the schedule against the lifetime ---


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [(None, 0), (Schedule(daily=(4, 55)), DAY), (Schedule(every_seconds=HOUR), HOUR)],
)
def test_intervals(schedule: Any, seconds: int) -> None:
    assert interval_of(schedule) == seconds


@pytest.mark.parametrize(
    ("lifetime", "rule", "every", "works"),
    [
        (DAY, RenewAt(2 / 3), DAY, "8h"),
        (DAY, RenewBefore(2 * HOUR), 6 * HOUR, "2h"),
        (7 * DAY, RenewAt(0.9), DAY, "12h"),
        (HOUR, RenewAt(2 / 3), HOUR, "20m"),
        (10 * MINUTE, RenewAt(2 / 3), HOUR, "3m"),
    ],
)
def test_a_schedule_that_is_too_slow_is_a_problem_with_the_interval_that_works(
    lifetime: int, rule: Rule, every: int, works: str, tmp_path: Path
) -> None:
    file = tmp_path / "acmewrap.yaml"
    file.write_text("# a comment\nauthorities: {}\nschedule: {every: 1h}\n", encoding="utf-8")
    config = make_config(
        file=file,
        schedule=Schedule(every_seconds=every),
        certificates={"nas": replace(CERTIFICATE, renew=rule)},
    )
    state = make_state(stored=make_stored(not_after=ISSUED + lifetime))
    (problem,) = locate.problems(file, interval_check.find_problems(config, state))
    assert (problem.line, problem.column, problem.path) == (3, 1, "schedule")
    assert f"write `every: {works}`" in problem.message


def test_one_certificate_tells_the_lifetime_for_its_whole_authority(tmp_path: Path) -> None:
    other = replace(CERTIFICATE, name="other", domains=("other.internal.test",), renew=RenewBefore(HOUR))
    config = make_config(file=tmp_path / "none.yaml", certificates={"nas": CERTIFICATE, "other": other})
    (problem,) = locate.problems(config.file, interval_check.find_problems(config, make_state()))
    assert "too slow for other" in problem.message
    assert problem.line == 1


def test_a_schedule_that_is_fast_enough_or_unknown_is_no_problem() -> None:
    assert not list(interval_check.find_problems(make_config(schedule=None), make_state()))
    assert not list(interval_check.find_problems(make_config(schedule=Schedule(every_seconds=8 * HOUR)), make_state()))
    assert not list(
        interval_check.find_problems(make_config(), make_state(stored=make_stored(not_after=ISSUED + 3 * DAY)))
    )


@pytest.mark.parametrize(("every", "wish", "hints"), [(DAY, 6 * HOUR, 1), (6 * HOUR, 6 * HOUR, 0), (DAY, None, 0)])
def test_a_schedule_rarer_than_the_authority_asks_to_be_polled_is_hinted_at(
    every: int, wish: Optional[int], hints: int
) -> None:
    config = make_config(schedule=Schedule(every_seconds=every))
    advice = Advice(LEAF, "https://ca.test/ari", NOW, every=wish)
    found = list(interval_check.find_warnings(config, make_state(advice=advice)))
    assert len(found) == hints
    assert all("internal asks to be polled for renewal information every 6 hours" in one.message for one in found)
    assert all("`every: 6h`" in one.message for one in found)


def test_of_an_authority_that_has_issued_nothing_nothing_is_said() -> None:
    assert not list(interval_check.find_problems(make_config(), make_state(stored=None)))
    assert make_leaf().lifetime.total_seconds() == DAY


@pytest.mark.parametrize(
    ("rule", "hints"), [(RenewBefore(30 * DAY), 1), (RenewAt(0.05), 1), (RenewBefore(8 * HOUR), 0)]
)
def test_a_window_that_does_not_fit_a_known_life_is_hinted_at(rule: Rule, hints: int) -> None:
    config = make_config(certificates={"nas": replace(CERTIFICATE, renew=rule)}, schedule=None)
    found = list(interval_check.find_warnings(config, make_state()))
    assert [one.keys for one in found] == [("certificates", "nas", "renew")] * hints
    assert all("that is done 12 hours before its end" in one.message for one in found)


def test_a_life_that_the_file_asks_for_is_known_before_the_first_order(tmp_path: Path) -> None:
    asked = replace(CERTIFICATE, options=("--valid-to", "+12h"), renew=RenewBefore(30 * DAY))
    config = make_config(certificates={"nas": asked}, schedule=Schedule(daily=(4, 0)), file=tmp_path / "none.yaml")
    state = make_state(stored=None)
    assert len(list(interval_check.find_warnings(config, state))) == 1
    (problem,) = interval_check.find_problems(config, state)
    assert "write `every: 4h`" in problem.message
