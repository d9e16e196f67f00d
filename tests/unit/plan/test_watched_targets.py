"""What a scheduled run makes of what it sees at a target that was proven before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional

import pytest

from acmewrap.backoff import MOST_REDELIVERIES
from acmewrap.config.endpoint import Endpoint
from acmewrap.config.install import Install
from acmewrap.engine import watch
from acmewrap.engine.convergence import SCOPES
from acmewrap.plan.due import look_at, retry_look
from acmewrap.plan.planner import plan
from acmewrap.reasons import NotServed, Plain, Reason, Reverted
from acmewrap.state.ledger import LedgerEntry
from acmewrap.state.model import State
from acmewrap.verify.tls_probe import Observation
from wanted import CERTIFICATE, DAY, LEAF, NOW, OTHER, TARGET, make_config, make_state

PROVEN = LedgerEntry(wanted=LEAF, seen=LEAF, seen_at=NOW - DAY)
SILENT = Observation(error="nobody answers", obstacle="server")
UNREADABLE = Observation(error="the file is gone")


def seen(entry: LedgerEntry, observed: Optional[Observation]) -> State:
    state = make_state()
    (name,) = state.certificates
    found = {} if observed is None else {TARGET.name: observed}
    one = replace(state.certificates[name], deliveries={TARGET.name: entry}, observations=found)
    return replace(state, certificates={name: one}, nas=None)


@pytest.mark.parametrize(
    ("entry", "observed", "reason"),
    [
        (PROVEN, Observation(served=LEAF), None),
        (PROVEN, Observation(served=OTHER), NotServed(OTHER)),
        (PROVEN, SILENT, None),
        (PROVEN, UNREADABLE, NotServed(None, "the file is gone")),
        (PROVEN, None, None),
        (replace(PROVEN, redelivered=MOST_REDELIVERIES), Observation(served=OTHER), Reverted(OTHER, 3)),
        (replace(PROVEN, redelivered=MOST_REDELIVERIES), Observation(served=LEAF), None),
        (replace(PROVEN, next_try=NOW + 60), Observation(served=OTHER), None),
        (replace(PROVEN, seen=OTHER), SILENT, NotServed(None, "nobody answers")),
        (LedgerEntry(), Observation(served=LEAF), Plain.NOT_RECORDED),
    ],
)
def test_what_is_seen_decides(entry: LedgerEntry, observed: Optional[Observation], reason: Optional[Reason]) -> None:
    found = plan(make_config(), seen(entry, observed), NOW, SCOPES["cron"])
    assert [step.reason for step in found.steps] == ([] if reason is None else [reason])


def test_somebody_who_asks_gets_one_more_delivery() -> None:
    entry = replace(PROVEN, redelivered=MOST_REDELIVERIES)
    found = plan(make_config(), seen(entry, Observation(served=OTHER)), NOW, SCOPES["deploy"])
    assert [step.reason for step in found.steps] == [NotServed(OTHER)]


@pytest.mark.parametrize(
    ("entry", "every", "due"),
    [
        (PROVEN, DAY, True),
        (replace(PROVEN, seen_at=NOW - DAY + 1800), DAY, True),  # a daily run comes a little early
        (replace(PROVEN, seen_at=NOW - DAY + 7200), DAY, False),
        (replace(PROVEN, seen_at=NOW - 3600), 1800, True),
        (replace(PROVEN, next_look=NOW + 60), DAY, False),
        (replace(PROVEN, seen_at=NOW + 9 * DAY), DAY, True),  # the clock was wrong then
        (LedgerEntry(), DAY, False),
    ],
)
def test_a_look_is_due_once_in_a_while(entry: LedgerEntry, every: int, due: bool) -> None:
    endpoint = Endpoint("nas.internal.test", 5001, "nas.internal.test", every=every)
    target = replace(TARGET, verify=endpoint)
    config = make_config(certificates={"nas": replace(CERTIFICATE, targets=(target,))})
    assert watch.is_due(config, seen(entry, None), NOW) is due


def test_nobody_looks_where_nothing_can_be_seen() -> None:
    assert look_at(replace(TARGET, verify=None), PROVEN) is None


def test_a_target_that_did_not_answer_is_looked_at_again_after_an_hour_or_sooner_where_looks_are_more_frequent() -> (
    None
):
    endpoint = Endpoint("nas.internal.test", 5001, "nas.internal.test", every=DAY)
    assert retry_look(replace(TARGET, verify=endpoint), NOW + 0.5) == NOW + 3600
    assert retry_look(replace(TARGET, verify=replace(endpoint, every=600)), NOW) == NOW + 600


@pytest.mark.parametrize(("wanted", "reason"), [(LEAF, None), (OTHER, Plain.NOT_RELOADED)])
def test_a_reload_that_failed_for_this_certificate_waits_for_its_next_try(
    wanted: str, reason: Optional[Reason]
) -> None:
    install = Install(fullchain_file=Path("/etc/nginx/nas.pem"), reload="nginx -s reload")
    target = replace(TARGET, verify=None, install=install)
    error = {"id": "reload.failed", "message": "", "remedy": ""}
    entry = replace(PROVEN, wanted=wanted, attempts=1, next_try=NOW + 60, error=error)
    config = make_config(certificates={"nas": replace(CERTIFICATE, targets=(target,))})
    planned = plan(config, seen(entry, Observation(LEAF)), NOW, SCOPES["cron"])
    assert [step.reason for step in planned.steps] == ([] if reason is None else [reason])
