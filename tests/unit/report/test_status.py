"""The state that a certificate is said to be in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Mapping, Optional

import pytest

from acmewrap.engine.verbs.status import CertificateStatus, TargetStatus, assess
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from acmewrap.report import screen
from acmewrap.state.ledger import LedgerEntry
from acmewrap.verify.tls_probe import Observation
from wanted import CERTIFICATE, DAY, ISSUED, LEAF, NOW, OTHER, TARGET, make_config, make_state, make_stored

REFUSED = failure("dsm.login_refused", "the NAS refused the login", user="certupdater")


def status(now: float = NOW, **changes: Any) -> CertificateStatus:
    return assess(make_config(), make_state(**changes), now)["nas"]


def test_a_certificate_that_is_there_and_served_is_valid_and_healthy() -> None:
    found = status()
    assert (found.state, found.is_healthy, found.failure) == ("valid", True, None)
    assert found.due_at == instant(ISSUED + DAY * 2 // 3)
    served, entry = Observation(served=LEAF), LedgerEntry(wanted=LEAF, seen=LEAF, seen_at=ISSUED)
    assert found.targets == {"dsm": TargetStatus(TARGET, "deployed", LEAF, served, entry)}
    assert found.targets["dsm"].proven_at == instant(ISSUED)


@pytest.mark.parametrize(
    ("now", "changes", "state", "healthy"),
    [
        (ISSUED + DAY * 2 // 3 - 1, {}, "valid", True),
        (ISSUED + DAY * 2 // 3, {}, "due", True),
        (ISSUED + DAY - 1, {}, "due", True),
        (ISSUED + DAY, {}, "expired", False),
        (NOW, {"fault": "no key"}, "broken", False),
        (ISSUED + DAY, {"fault": "no key"}, "broken", False),
        (NOW, {"stored": None}, "missing", False),
        (NOW, {"stored": replace(make_stored(), leaf=None)}, "missing", False),
    ],
)
def test_the_state_of_a_certificate_on_disk(now: float, changes: Mapping[str, Any], state: str, healthy: bool) -> None:
    found = status(now, **changes)
    assert (found.state, found.is_healthy) == (state, healthy)


@pytest.mark.parametrize(
    ("now", "changes", "code"),
    [
        (NOW, {}, 0),
        (ISSUED + DAY, {}, 3),
        (NOW, {"attempts": LedgerEntry(error={"id": "ca.timeout", "message": "late", "remedy": "wait"})}, 3),
        (NOW, {"observations": {"dsm": Observation(served=OTHER)}}, 4),
        (NOW, {"observations": {"dsm": Observation(error="refused")}}, 4),
        (NOW, {"stored": None, "unread": failure("file.denied", "nas.conf")}, 77),
    ],
)
def test_the_exit_code_tells_a_failed_certificate_from_a_pending_deployment(
    now: float, changes: Mapping[str, Any], code: int
) -> None:
    assert status(now, **changes).exit_code == code


def test_what_a_target_should_show_and_what_it_shows_stand_below_the_table() -> None:
    notes = screen.status_notes({"nas": status(observations={"dsm": Observation(served=OTHER)})}, None)
    assert list(notes) == [f"nas to dsm: expected {LEAF[:16]}…, found {OTHER[:16]}…"]


@pytest.mark.parametrize(
    ("entry", "observed", "state"),
    [
        (LedgerEntry(seen=LEAF), Observation(served=LEAF), "deployed"),
        (LedgerEntry(), Observation(served=LEAF), "deployed"),
        (LedgerEntry(seen=LEAF), Observation(served=OTHER), "pending"),
        (LedgerEntry(seen=LEAF), Observation(error="Connection refused"), "unreachable"),
        (LedgerEntry(seen=LEAF), None, "deployed"),
        (LedgerEntry(seen=OTHER), None, "pending"),
        (LedgerEntry(), None, "pending"),
    ],
)
def test_the_state_of_a_target_is_what_was_seen_there(
    entry: LedgerEntry, observed: Optional[Observation], state: str
) -> None:
    observations: Dict[str, Observation] = {} if observed is None else {"dsm": observed}
    found = status(deliveries={"dsm": entry}, observations=observations)
    assert found.targets["dsm"].state == state
    assert found.is_healthy == (state == "deployed")


def test_files_that_are_not_there_yet_are_pending_not_unreachable() -> None:
    config = make_config(certificates={"nas": replace(CERTIFICATE, targets=(replace(TARGET, verify=None),))})
    gone = make_state(stored=None, observations={"dsm": Observation(error="www.pem: No such file or directory")})
    assert assess(config, gone, NOW)["nas"].targets["dsm"].state == "pending"


def test_what_only_the_hook_vouches_for_is_called_unverified() -> None:
    blind = replace(TARGET, verify=None)
    config = make_config(certificates={"nas": replace(CERTIFICATE, targets=(blind,))})
    found = assess(config, make_state(observations={}), NOW)["nas"]
    assert (found.targets["dsm"].state, found.is_healthy) == ("unverified", True)


def test_an_outstanding_failure_is_told_and_is_not_healthy() -> None:
    found = status(attempts=LedgerEntry().fail(REFUSED, NOW))
    assert not found.is_healthy
    assert found.failure is not None
    assert found.failure.id == "dsm.login_refused"


def test_failures_of_a_target_are_told_with_the_next_try() -> None:
    entry = LedgerEntry().want(LEAF).fail(REFUSED, NOW, jitter=0)
    target = status(deliveries={"dsm": entry}, observations={}).targets["dsm"]
    assert (target.state, target.entry.attempts, target.next_try_at) == ("pending", 1, instant(NOW + 300))
    assert target.failure is not None
    assert target.failure.id == "dsm.login_refused"


def test_a_next_try_that_the_next_run_does_not_wait_for_is_not_shown() -> None:
    entry = replace(LedgerEntry().want(LEAF).fail(REFUSED, NOW, jitter=0), next_try=NOW + 365 * DAY)
    found = status(attempts=entry, deliveries={"dsm": entry}, observations={})
    assert found.next_try_at == found.targets["dsm"].next_try_at == instant(NOW)
    assert screen.since(found.targets["dsm"], instant(NOW)) == ""
    assert screen.renewal(found, instant(NOW)) == "in 4 hours"


def test_a_next_try_of_a_certificate_is_shown_beside_its_renewal() -> None:
    found = status(attempts=LedgerEntry().fail(REFUSED, NOW, jitter=0))
    assert screen.renewal(found, instant(NOW)) == "in 4 hours, next try in 5 minutes"


def test_a_proof_of_an_older_leaf_is_no_proof() -> None:
    assert (
        status(deliveries={"dsm": LedgerEntry(seen=OTHER, seen_at=NOW)}, observations={}).targets["dsm"].proven_at
        is None
    )
