"""Every single difference between what is wanted and what is there, and the step it leads to."""

from __future__ import annotations

import copy
import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Type

import pytest

from acmewrap.config import Config
from acmewrap.config.challenges import Dns, Webroot
from acmewrap.config.model import Authority, Certificate, DsmCertificate, RenewBefore
from acmewrap.driver.wrapper_script import Wrapper
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from acmewrap.plan.fingerprint import REQUEST_KEY, request_of
from acmewrap.plan.machine_steps import (
    InstallRelease,
    PrepareWebroot,
    RemoveCertificate,
    RemoveScheduleEntry,
    RenderWrapper,
    SetSchedule,
    WriteBundle,
)
from acmewrap.plan.planner import Plan, PlanOptions, plan
from acmewrap.plan.steps import (
    CERTIFICATE_KINDS,
    OBTAINING_KINDS,
    DeployCertificate,
    IssueCertificate,
    Kind,
    ObtainCertificate,
    ReissueCertificate,
    RenewCertificate,
    Step,
)
from acmewrap.reasons import (
    Blocked,
    Changed,
    Due,
    Expired,
    NotAsPinned,
    NotObserved,
    NotServed,
    Plain,
    Reason,
    SetBroken,
)
from acmewrap.schedule.others import OtherEntry
from acmewrap.secrets import FileReference
from acmewrap.state.ledger import LedgerEntry
from acmewrap.state.model import State
from acmewrap.state.nas import NasState
from acmewrap.verify.tls_probe import Observation
from wanted import (
    CERTIFICATE,
    DAY,
    ISSUED,
    LEAF,
    NOW,
    OTHER,
    SERVER,
    TARGET,
    make_config,
    make_leaf,
    make_state,
    make_stored,
)

UNATTENDED = PlanOptions(CERTIFICATE_KINDS, respect_backoff=True, reissue_on_change=False)
UNKNOWN: Dict[str, Any] = {"observations": {}}  # an unattended run does not look at the wire first


def kinds(found: Plan) -> List[Kind]:
    return [step.kind for step in found.steps]


def certificate(**changes: Any) -> Config:
    return make_config(certificates={"nas": replace(CERTIFICATE, **changes)})


def test_nothing_different_is_nothing_to_do() -> None:
    assert plan(make_config(), make_state(), NOW) == Plan(())
    assert plan(make_config(), make_state(**UNKNOWN), NOW, UNATTENDED) == Plan(())


# --- the machine ---


CONFIG = make_config()
BUNDLE = Path("/a/ca.crt")
AUTHORITY = replace(CONFIG.authorities["internal"], ca_bundle=BUNDLE)
WRITTEN = replace(AUTHORITY, pem="-----BEGIN CERTIFICATE-----")
SCRIPT = Wrapper(Path("/a/acme.sh"), CONFIG.file, Path("/a"), Path("/a/src"), "3.1.1", AUTHORITY.home, SERVER)
NO_RELEASE = failure("release.missing", "it is not installed")
PROGRAM = Path("/srv/acme/src/acme.sh")
assert CONFIG.schedule is not None


@pytest.mark.parametrize(
    ("change", "kind", "step"),
    [
        ({"release": NO_RELEASE}, "install", InstallRelease(NotAsPinned(NO_RELEASE), CONFIG.acme_sh, PROGRAM)),
        ({"bundles": {BUNDLE: (WRITTEN, "missing")}}, "bundle", WriteBundle(Plain.MISSING, WRITTEN, BUNDLE)),
        ({"bundles": {BUNDLE: (WRITTEN, "differs")}}, "bundle", WriteBundle(Plain.DIFFERS, WRITTEN, BUNDLE)),
        ({"webroots": {Path("/web"): "missing"}}, "webroot", PrepareWebroot(Plain.NO_CHALLENGE_FOLDER, Path("/web"))),
        ({"webroots": {Path("/web"): "not_writable"}}, "webroot", PrepareWebroot(Plain.NOT_WRITABLE, Path("/web"))),
        ({"wrappers": ((SCRIPT, "missing"),)}, "render", RenderWrapper(Plain.MISSING, SCRIPT)),
        ({"wrappers": ((SCRIPT, "differs"),)}, "render", RenderWrapper(Plain.DIFFERS, SCRIPT)),
        ({"wrappers": ((SCRIPT, "foreign"),)}, "render", RenderWrapper(Plain.FOREIGN, SCRIPT)),
        ({"schedule": "missing"}, "schedule", SetSchedule(Plain.MISSING, CONFIG, CONFIG.schedule)),
        ({"schedule": "differs"}, "schedule", SetSchedule(Plain.DIFFERS, CONFIG, CONFIG.schedule)),
    ],
)
def test_a_part_of_the_machine_that_differs_is_one_step_with_its_reason(
    change: Dict[str, Any], kind: str, step: Step
) -> None:
    assert plan(CONFIG, replace(make_state(), **change), NOW).steps == (step,)
    assert (step.kind, step.certificate, step.target) == (kind, None, None)


# --- what can only fail ---

NO_HOOK = failure("hook.unknown", "no such hook")


def test_a_missing_bundle_that_the_file_does_not_hold_can_only_fail() -> None:
    (step,) = plan(CONFIG, replace(make_state(), bundles={BUNDLE: (AUTHORITY, "missing")}), NOW).blocked
    assert isinstance(step.reason, Blocked)
    assert step.reason.failure.id == "bundle.missing"


def test_an_order_that_can_only_fail_is_blocked_and_brings_nothing_to_deploy() -> None:
    planned = plan(CONFIG, replace(make_state(stored=None, **UNKNOWN), obstacles={"nas": NO_HOOK}), NOW)
    assert kinds(planned) == ["issue"]
    assert planned.blocked == planned.steps
    assert planned.failures == (NO_HOOK,)


def test_a_renewal_that_can_only_fail_keeps_no_pending_deployment_back() -> None:
    late = replace(make_state(observations={"dsm": Observation(served=OTHER)}), obstacles={"nas": NO_HOOK})
    planned = plan(CONFIG, late, ISSUED + DAY - 1)
    assert [(step.kind, step in planned.blocked) for step in planned.steps] == [("renew", True), ("deploy", False)]


def test_a_deployment_that_can_only_fail_is_blocked_while_the_order_is_not() -> None:
    planned = plan(CONFIG, replace(make_state(stored=None, **UNKNOWN), obstacles={"nas/dsm": NO_HOOK}), NOW)
    assert [(step.kind, step in planned.blocked) for step in planned.steps] == [("issue", False), ("deploy", True)]


def test_a_schedule_without_its_scheduler_is_blocked_alone() -> None:
    no_crontab = failure("schedule.no_crontab", "no crontab command")
    planned = plan(CONFIG, replace(make_state(), schedule="missing", schedule_failure=no_crontab), NOW)
    assert (kinds(planned), planned.failures) == (["schedule"], (no_crontab,))


def test_nothing_is_planned_for_a_certificate_that_cannot_be_read() -> None:
    denied = failure("file.denied", "nas.conf: Permission denied")
    unread = replace(make_state(stored=None, unread=denied, **UNKNOWN), unread=(denied,))
    planned = plan(CONFIG, unread, NOW)
    assert (planned.steps, planned.failures) == ((), (denied,))


def test_parts_that_are_as_they_should_be_are_no_steps() -> None:
    ready = {
        "bundles": {BUNDLE: (AUTHORITY, "same")},
        "webroots": {Path("/b"): "ready"},
        "wrappers": ((SCRIPT, "same"),),
    }
    assert plan(make_config(), replace(make_state(), **ready), NOW) == Plan(())  # type: ignore[arg-type]


def test_the_machine_comes_before_its_certificates_and_the_schedule_after_them() -> None:
    everything = replace(
        make_state(stored=None, observations={}, deliveries={"dsm": LedgerEntry()}),
        release=failure("release.missing", "missing"),
        bundles={BUNDLE: (AUTHORITY, "missing")},
        webroots={Path("/b"): "missing"},
        wrappers=((SCRIPT, "missing"),),
        schedule="missing",
    )
    assert kinds(plan(make_config(), everything, NOW)) == [
        *("install", "bundle", "webroot", "render", "issue", "deploy", "schedule")
    ]


def test_an_unattended_run_does_the_steps_of_certificates_alone() -> None:
    amiss = replace(make_state(stored=None, **UNKNOWN), release=failure("release.missing", ""), schedule="missing")
    assert kinds(plan(make_config(), amiss, NOW, UNATTENDED)) == ["issue", "deploy"]


# --- one certificate: what is asked for, against what is there ---

Obtaining = Type[ObtainCertificate]
ANOTHER = Authority("internal", "https://new.test/dir", Path("/srv/acme/.acme.sh"))
TWO_NAMES = ("nas.internal.test", "files.internal.test")
ONE_NAME = ("nas.internal.test",)

OBTAINED: Dict[str, Tuple[Config, Dict[str, Any], Obtaining, Reason]] = {
    "missing": (make_config(), {"stored": None}, IssueCertificate, Plain.NOT_YET_ISSUED),
    "issue failed half way": (
        make_config(),
        {"stored": replace(make_stored(), leaf=None)},
        IssueCertificate,
        Plain.NOT_YET_ISSUED,
    ),
    "broken": (
        make_config(),
        {"fault": "a.key is not the key of a.cer"},
        ReissueCertificate,
        SetBroken("a.key is not the key of a.cer"),
    ),
    "another name": (
        certificate(domains=TWO_NAMES, challenges=CERTIFICATE.challenges * 2),
        {},
        ReissueCertificate,
        Changed("names", ONE_NAME, TWO_NAMES),
    ),
    "a name less": (
        make_config(),
        {"stored": make_stored(names=TWO_NAMES)},
        ReissueCertificate,
        Changed("names", TWO_NAMES, ONE_NAME),
    ),
    "key type": (certificate(key="ec-384"), {}, ReissueCertificate, Changed("key type", ("ec-256",), ("ec-384",))),
    "server": (
        make_config(authorities={"internal": ANOTHER}),
        {},
        ReissueCertificate,
        Changed("authority", (SERVER,), (ANOTHER.server,)),
    ),
    "webroot": (certificate(challenges=(Webroot(Path("/srv/other")),)), {}, ReissueCertificate, Plain.REQUEST_DIFFERS),
    "challenge": (certificate(challenges=(Dns("dns_nsupdate"),)), {}, ReissueCertificate, Plain.REQUEST_DIFFERS),
    "options": (certificate(options=("--ocsp",)), {}, ReissueCertificate, Plain.REQUEST_DIFFERS),
    "webroot of one that acme.sh issued alone": (
        certificate(challenges=(Webroot(Path("/srv/other")),)),
        {"stored": replace(make_stored(), configuration={"Le_API": SERVER, "Le_Webroot": "/srv/web"})},
        ReissueCertificate,
        Changed("webroot", ("/srv/web",), ("/srv/other",)),
    ),
}


@pytest.mark.parametrize("case", OBTAINED)
def test_a_certificate_that_differs_is_ordered_and_deployed(case: str) -> None:
    config, change, kind, reason = OBTAINED[case]
    request, authority = config.certificates["nas"], config.authorities["internal"]
    assert plan(config, make_state(**change), NOW).steps == (
        kind(reason, request, authority),
        DeployCertificate(Plain.NEW_CERTIFICATE, request, authority, TARGET),
    )


def test_a_certificate_that_acme_sh_issued_alone_as_asked_is_left_as_it_is() -> None:
    adopted = replace(make_stored(), configuration={"Le_API": SERVER, "Le_Webroot": "/srv/web"})
    assert plan(make_config(), make_state(stored=adopted), NOW) == Plan(())


def test_the_order_of_the_names_is_no_difference() -> None:
    config = certificate(domains=("nas.internal.test", "b.test", "a.test"), challenges=CERTIFICATE.challenges * 3)
    stored = make_stored(config, names=("a.test", "b.test", "nas.internal.test"))
    assert plan(config, make_state(stored=stored), NOW) == Plan(())


def test_the_secrets_and_the_wait_of_a_dns_hook_are_no_part_of_the_request() -> None:
    one = certificate(challenges=(Dns("dns_cf", {"CF_Token": FileReference(Path("/a"))}),))
    other = certificate(challenges=(Dns("dns_cf", {"CF_Token": FileReference(Path("/b"))}, wait=60),))
    assert request_of(one, one.certificates["nas"]) == request_of(other, other.certificates["nas"])


def test_an_unattended_run_leaves_a_change_of_the_file_to_apply() -> None:
    for config in (certificate(options=("--ocsp",)), certificate(key="2048")):
        assert plan(config, make_state(), NOW, UNATTENDED) == Plan(())


def test_a_change_of_the_file_is_taken_up_when_the_certificate_is_due_anyway() -> None:
    found = plan(certificate(key="2048"), make_state(**UNKNOWN), ISSUED + DAY, UNATTENDED)
    assert kinds(found) == ["reissue", "deploy"]


# --- due ---


def test_it_is_renewed_from_the_second_on_at_which_it_is_due() -> None:
    due = ISSUED + DAY * 2 // 3
    assert plan(make_config(), make_state(), due - 1) == Plan(())
    (renewal, _) = plan(make_config(), make_state(), due).steps
    assert isinstance(renewal, RenewCertificate)
    assert renewal.reason == Due(instant(due), DAY // 3, "configuration")


def test_an_expired_certificate_is_renewed_and_said_to_be_expired() -> None:
    (renewal, _) = plan(make_config(), make_state(), ISSUED + DAY).steps
    assert isinstance(renewal, RenewCertificate)
    assert renewal.reason == Expired(instant(ISSUED + DAY))


def test_it_can_be_due_a_time_before_its_end() -> None:
    config = certificate(renew=RenewBefore(3600))
    assert plan(config, make_state(), ISSUED + DAY - 3601) == Plan(())
    assert kinds(plan(config, make_state(), ISSUED + DAY - 3600)) == ["renew", "deploy"]


@pytest.mark.parametrize("options", [PlanOptions(force=True), PlanOptions(OBTAINING_KINDS, force=True)])
def test_force_renews_what_is_not_due(options: PlanOptions) -> None:
    step = plan(make_config(), make_state(), NOW, options).steps[0]
    assert (step.kind, step.reason) == ("renew", Plain.FORCED)


# --- backoff ---


def failed(when: int) -> LedgerEntry:
    return LedgerEntry(attempts=3, next_try=when)


def test_an_unattended_run_waits_out_the_time_after_a_failure() -> None:
    for moment in (ISSUED + DAY * 2 // 3, ISSUED + 2 * DAY):
        due = make_state(attempts=failed(moment + 1), **UNKNOWN)
        assert plan(make_config(), due, moment, UNATTENDED) == Plan(())
        assert kinds(plan(make_config(), due, moment + 1, UNATTENDED)) == ["renew", "deploy"]
        assert kinds(plan(make_config(), due, moment)) == ["renew", "deploy"]  # a person does not wait


def test_an_unattended_run_waits_before_it_delivers_again() -> None:
    pending = {"dsm": LedgerEntry(wanted=LEAF, attempts=1, next_try=NOW + 1)}
    assert plan(make_config(), make_state(deliveries=pending, **UNKNOWN), NOW, UNATTENDED) == Plan(())
    assert kinds(plan(make_config(), make_state(deliveries=pending, **UNKNOWN), NOW + 1, UNATTENDED)) == ["deploy"]


def test_a_new_certificate_does_not_wait_for_what_failed_with_the_old_one() -> None:
    pending = {"dsm": LedgerEntry(wanted=OTHER, seen=OTHER, attempts=5, next_try=NOW + DAY)}
    assert kinds(plan(make_config(), make_state(deliveries=pending, **UNKNOWN), NOW, UNATTENDED)) == ["deploy"]


# --- deliveries ---

SERVED = Observation(served=LEAF)
PROVEN = LedgerEntry(wanted=LEAF, seen=LEAF, seen_at=ISSUED)


@pytest.mark.parametrize(
    ("entry", "observed", "reason"),
    [
        (PROVEN, SERVED, None),
        (PROVEN, None, None),
        (LedgerEntry(), None, Plain.NOT_PROVEN),
        (LedgerEntry(wanted=OTHER, seen=OTHER), None, Plain.SUPERSEDED),
        (PROVEN, Observation(served=OTHER), NotServed(OTHER)),
        (PROVEN, Observation(error="nas:5001: Connection refused"), NotServed(error="nas:5001: Connection refused")),
        (LedgerEntry(), SERVED, Plain.NOT_RECORDED),
    ],
)
def test_a_deployment_is_pending_until_the_leaf_was_seen(
    entry: LedgerEntry, observed: Optional[Observation], reason: Optional[Reason]
) -> None:
    observations = {} if observed is None else {"dsm": observed}
    found = plan(make_config(), make_state(deliveries={"dsm": entry}, observations=observations), NOW)
    assert [step.reason for step in found.steps] == ([] if reason is None else [reason])
    assert all((step.kind, step.certificate, step.target) == ("deploy", "nas", "dsm") for step in found.steps)


def test_what_the_nas_serves_is_delivered_again_when_it_is_not_in_use_as_the_file_says() -> None:
    drift = NotObserved(failure("dsm.unreachable", "nas:5000: Connection refused"))
    nas = NasState(assignments={DsmCertificate().description: drift})
    (step,) = plan(make_config(), replace(make_state(), nas=nas), NOW).steps
    assert (step.kind, step.reason) == ("deploy", drift)
    elsewhere = make_config(certificates={"nas": replace(CERTIFICATE, targets=(replace(TARGET, synology=None),))})
    assert plan(elsewhere, replace(make_state(elsewhere), nas=nas), NOW) == Plan(())


def test_deploy_with_force_delivers_what_is_served_already() -> None:
    (step,) = plan(make_config(), make_state(), NOW, PlanOptions(("deploy",), force=True)).steps
    assert (step.kind, step.reason) == ("deploy", Plain.FORCED)


def test_a_broken_certificate_is_not_delivered() -> None:
    broken = make_state(fault="a.key is not the key of a.cer", observations={"dsm": Observation(served=OTHER)})
    assert plan(make_config(), broken, NOW, PlanOptions(("deploy",))) == Plan(())


@pytest.mark.parametrize("served", [LEAF, OTHER])
def test_of_a_backup_with_an_expired_certificate_it_is_renewed_and_it_never_takes_the_place_of_another(
    served: str,
) -> None:
    now = ISSUED + 30 * DAY
    restored = make_state(observations={"dsm": Observation(served=served)})
    assert kinds(plan(make_config(), restored, now, UNATTENDED)) == ["renew", "deploy"]
    failing = make_state(
        attempts=LedgerEntry().fail(failure("ca.timeout", "late"), now),
        observations=restored.certificates["nas"].observations,
    )
    assert plan(make_config(), failing, now + 1, UNATTENDED) == Plan(())
    assert plan(make_config(), restored, now, PlanOptions(("deploy",))) == Plan(())


# --- what the file no longer names ---


def test_only_what_is_agreed_to_is_removed() -> None:
    entry = OtherEntry("crontab", "/srv/old.yaml", Plain.FILE_GONE)
    stored = make_stored()
    state = replace(make_state(), leftovers=(stored, entry))
    found = plan(make_config(), state, NOW)
    assert (found.steps, kinds(Plan(found.leftovers))) == ((), ["remove", "remove"])
    certificate, scheduled = found.leftovers
    assert isinstance(certificate, RemoveCertificate)
    assert certificate.stored is stored
    assert isinstance(scheduled, RemoveScheduleEntry)
    assert scheduled.entry is entry
    for agreed, removed in ((None, found.leftovers), ((), ()), ((scheduled,), (scheduled,))):
        pruned = plan(make_config(), state, NOW, PlanOptions(prune=True, agreed=agreed))
        assert pruned.steps == removed
        assert pruned.leftovers == tuple(step for step in found.leftovers if step not in removed)
    assert plan(make_config(), state, NOW, UNATTENDED) == Plan(())


def test_certificates_that_were_not_read_are_left_alone() -> None:
    two: Dict[str, Certificate] = {"nas": CERTIFICATE, "other": replace(CERTIFICATE, name="other", domains=("o.test",))}
    assert plan(make_config(certificates=two), make_state(), NOW) == Plan(())
    assert plan(make_config(certificates=two), State(), NOW) == Plan(())


def test_planning_looks_at_nothing_but_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("planning looked at the machine")

    cases = [
        (make_config(), make_state()),
        *((config, make_state(**change)) for config, change, *_ in OBTAINED.values()),
    ]
    before = copy.deepcopy(cases)
    monkeypatch.setattr(time, "time", forbidden)
    monkeypatch.setattr(os, "stat", forbidden)
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr("builtins.open", forbidden)
    monkeypatch.setattr(socket, "socket", forbidden)
    first = [plan(config, state, NOW) for config, state in cases]
    second = [plan(config, state, NOW) for config, state in cases]
    monkeypatch.undo()
    assert first == second
    assert cases == before


def test_the_fingerprint_of_a_request_does_not_stand_for_who_delivers_it() -> None:
    config = make_config()
    assert request_of(config, CERTIFICATE) == request_of(config, replace(CERTIFICATE, targets=()))
    assert make_stored().configuration[REQUEST_KEY] == request_of(config, CERTIFICATE)
    assert make_leaf().lifetime.total_seconds() == DAY
