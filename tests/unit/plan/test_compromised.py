"""Others know a key: another certificate with another key first, and the old one is revoked when nothing else is left to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List

import pytest

from acmewrap.engine.convergence import SCOPES
from acmewrap.plan.planner import PlanOptions, plan
from acmewrap.plan.steps import ReissueCertificate, RevokeCertificate
from acmewrap.reasons import Plain
from acmewrap.state.ledger import LedgerEntry
from acmewrap.state.model import Revocation, State
from wanted import DAY, LEAF, NOW, OTHER, make_config, make_state, make_stored

CONFIG = make_config()
OLD = Revocation("nas", CONFIG.authorities["internal"], make_stored(sha256=OTHER, serial="0B"))
FAILED = LedgerEntry(attempts=1, next_try=NOW + 60, error={"id": "ca.down", "message": "no", "remedy": "wait"})
UNDELIVERED: Dict[str, Any] = {"deliveries": {"dsm": replace(FAILED, wanted=LEAF)}, "observations": {}}


def state(one: Revocation = OLD, **changes: Any) -> State:
    return replace(make_state(**changes), revocations=(one,))


def kinds(found: State, options: PlanOptions = PlanOptions()) -> List[str]:  # noqa: B008
    return [step.kind for step in plan(CONFIG, found, NOW, options).steps]


@pytest.mark.parametrize("command", ["apply", "cron", "replace"])
@pytest.mark.parametrize(
    ("found", "steps"),
    [
        (state(compromised=True), ["reissue", "deploy", "revoke"]),
        (state(compromised=True, stored=None), ["reissue", "deploy", "revoke"]),
        (state(), ["revoke"]),
        (state(replace(OLD, name="gone")), ["revoke"]),
    ],
    ids=["same-key", "same-key-and-no-certificate", "other-key", "not-in-the-file"],
)
def test_it_is_revoked_last(command: Any, found: State, steps: List[str]) -> None:
    assert kinds(found, SCOPES[command]) == steps


@pytest.mark.parametrize(
    ("found", "at_once"),
    [
        (state(replace(OLD, attempts=FAILED)), ["revoke"]),
        (state(**UNDELIVERED), ["deploy", "revoke"]),
        (state(compromised=True, attempts=FAILED), ["reissue", "deploy", "revoke"]),
    ],
    ids=["refused", "not-proven", "not-issued"],
)
def test_unattended_it_waits_with_what_it_waits_for(found: State, at_once: List[str]) -> None:
    assert kinds(found) == at_once
    assert kinds(found, SCOPES["cron"]) == []


def test_what_has_been_renewed_since_with_the_same_key_is_no_replacement() -> None:
    first, *_, last = plan(CONFIG, state(compromised=True), NOW + 2 * DAY).steps
    assert isinstance(first, ReissueCertificate)
    assert isinstance(last, RevokeCertificate)
    assert first.reason is last.reason is Plain.COMPROMISED
    assert (last.certificate, last.revocation.leaf.serial) == ("nas", "0B")
