"""What a person reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from acmewrap.engine.results import Run, StepResult
from acmewrap.engine.verbs.schedule_status import ScheduleStatus
from acmewrap.failures import failure
from acmewrap.formats.layout import text_of
from acmewrap.plan.planner import Plan
from acmewrap.plan.steps import DeployCertificate
from acmewrap.reasons import Plain
from acmewrap.report.failures import failure_lines, pause_lines
from acmewrap.report.screen import (
    plan_lines,
    result_lines,
    run_lines,
    status_notes,
    status_table,
)
from acmewrap.state.ledger import LedgerEntry
from results import GOOD, NOT_ISSUED, NOT_PROVEN, NOW, REFUSED, SEEN, STATUSES, TARGET, VALID
from wanted import CERTIFICATE, make_config, make_state


def test_a_plan_is_a_table_of_steps_with_their_reasons() -> None:
    lines = list(plan_lines(GOOD.plan))
    assert [line.split()[0] for line in lines[:4]] == ["install", "renewal_info", "renew", "deploy"]
    assert lines[2].endswith("due since 2027-01-14 08:00 UTC as the authority advises, 1 hour left")
    assert lines[4].startswith("4 steps")


def test_an_empty_plan_says_so() -> None:
    assert next(plan_lines(Plan())).startswith("Nothing to do")


def test_a_step_that_is_done_takes_one_line() -> None:
    assert list(result_lines(GOOD.results[0])) == ["install acme.sh 3.1.1: done in 1.2 s"]


def test_an_unproven_deploy_is_never_called_done() -> None:
    lines = list(result_lines(NOT_PROVEN.results[0]))
    assert "NOT PROVEN" in lines[0]
    assert "done" not in lines[0]


def test_a_failure_ends_with_its_remedy() -> None:
    lines = list(result_lines(NOT_ISSUED.results[0]))
    assert lines[0] == "renew nas: FAILED after 4.0 s"
    assert lines[1] == f"  {REFUSED.message} [{REFUSED.id}]"
    assert lines[-1] == f"  What to do: {REFUSED.remedy}"


def test_of_many_lines_the_last_are_shown_and_all_of_them_on_request() -> None:
    short = [line for line in failure_lines(REFUSED) if line.startswith("  | ")]
    long = [line for line in failure_lines(REFUSED, verbose=True) if line.startswith("  | ")]
    assert short[-1] == long[-1] == "  | line 19"
    assert len(short) < len(long) == 20


def test_a_skipped_step_is_said_to_be_skipped() -> None:
    assert list(result_lines(NOT_ISSUED.results[1])) == ["deploy nas to dsm: skipped, a step before it failed"]


def test_a_run_is_summed_up_with_its_exit_code() -> None:
    assert list(run_lines(GOOD)) == ["4 steps done in 7.5 s, each deployment proven."]
    assert list(run_lines(NOT_ISSUED)) == ["1 of 2 steps failed, 1 skipped (exit code 3)."]
    one = Run(Plan(), GOOD.results[:1], NOW, NOW + timedelta(seconds=1))
    assert next(run_lines(one)).startswith("1 step done")


def test_a_deployment_that_nobody_looked_at_is_not_called_proven() -> None:
    unseen = replace(TARGET, verify=None, synology=None)
    step = DeployCertificate(Plain.NEW_CERTIFICATE, CERTIFICATE, make_config().authorities["internal"], unseen)
    run = Run(Plan((step,)), (StepResult(step, "done"),), NOW, NOW)
    assert list(run_lines(run)) == [
        "1 step done in 0.0 s.",
        "Not verified, as the file says (`verify: no`): nas to dsm.",
    ]


def test_a_step_that_failed_at_once_has_no_duration() -> None:
    result = replace(NOT_ISSUED.results[0], seconds=0.0)
    assert next(result_lines(result)) == "renew nas: FAILED"


def test_the_status_has_a_row_per_certificate_and_a_line_per_target() -> None:
    second = replace(SEEN, state="unverified", target=replace(TARGET, verify=None))
    nas = replace(VALID, targets={**VALID.targets, "mail": second})
    lines = list(map(text_of, status_table({"nas": nas, "bare": STATUSES["bare"]}, NOW)))
    assert lines[0].split("  ")[0] == "CERTIFICATE"
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["CERTIFICATE", "nas", "bare"]
    column = lines[0].index("DEPLOYED TO")
    assert [line[column:].partition(",")[0] for line in lines[:3]] == [
        "DEPLOYED TO",
        "dsm: deployed",
        "mail: unverified",
    ]
    assert lines[2].startswith("  nas.test ")
    assert "missing" in next(line for line in lines if line.startswith("bare"))


def test_a_certificate_that_has_expired_did_so_some_time_ago() -> None:
    assert VALID.leaf is not None
    ended = replace(VALID, state="expired", leaf=replace(VALID.leaf, not_after=NOW - timedelta(days=10)))
    assert "  expired, 10 days ago  " in text_of(list(status_table({"nas": ended}, NOW))[1])


def test_what_is_wrong_stands_below_the_table_with_what_to_do() -> None:
    notes = list(status_notes(STATUSES, NOW))
    assert notes[0] == "Last run: 2027-01-15 08:00 UTC"
    assert notes[1].startswith("nas to dsm: ")
    assert notes[1].endswith("[deploy.not_proven]")
    assert notes[2].startswith("  What to do: ")
    assert notes[3].startswith("bare: ")
    assert list(status_notes({"nas": VALID}, None)) == []


def test_names_that_the_authority_added_stand_below_the_table() -> None:
    assert VALID.leaf is not None
    more = replace(VALID, leaf=replace(VALID.leaf, names=(*VALID.certificate.domains, "added.internal.test")))
    assert list(status_notes({"nas": more}, None)) == ["nas: holds names that were not asked for: added.internal.test"]


def test_what_waits_for_its_next_try_is_said_when_nothing_else_is_to_do() -> None:
    failed = LedgerEntry().fail(failure("acme.rate_limited", "too many"), 1000.0, retry_after=7200)
    state = make_state(attempts=failed)
    (line,) = pause_lines(state, 1000.0)
    assert line == "nas: next try in 2 hours; too many [acme.rate_limited]"
    assert list(pause_lines(state, 1000.0 + 7200)) == []


def test_a_step_that_was_ended_did_not_fail() -> None:
    ended = replace(GOOD.results[0], outcome="failed", failure=failure("run.interrupted", "interrupted"), seconds=7.0)
    first, *rest = result_lines(ended)
    assert first.endswith(": interrupted after 7.0 s")
    assert "FAILED" not in " ".join(rest)


def test_status_says_what_is_wrong_with_the_schedule_and_what_to_do() -> None:
    late = failure("doctor.schedule_dead", "crontab: expected a run every 6 hours, found the last one 2 days ago")
    for state, lines in (("dead", 2), ("active", 0)):
        schedule = ScheduleStatus("crontab", state, late if state == "dead" else None)  # type: ignore[arg-type]
        shown = list(status_notes({}, None, schedule))
        assert len(shown) == lines
        assert not lines or (shown[0], shown[1].strip()) == (f"the schedule: {late}", f"What to do: {late.remedy}")
