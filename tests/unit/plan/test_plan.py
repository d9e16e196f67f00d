"""Every single difference between what is wanted and what is there, and the step it leads to."""

from __future__ import annotations

import copy
import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

from acmewrap.catalogue import failure
from acmewrap.config import Authority, Certificate, Config, Dns, RenewBefore, Webroot
from acmewrap.plan.fingerprint import REQUEST_KEY, request_of
from acmewrap.plan.planner import CERTIFICATE_KINDS, Kind, Plan, PlanOptions, Step, plan
from acmewrap.secrets import FileReference
from acmewrap.state.ledger import Entry
from acmewrap.state.machine import State
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

UNATTENDED = PlanOptions(CERTIFICATE_KINDS, patient=True, changes=False)
UNKNOWN: Dict[str, Any] = {"sights": {}}  # an unattended run does not look at the wire first


def kinds(found: Plan) -> List[Kind]:
    return [step.kind for step in found.steps]


def certificate(**changes: Any) -> Config:
    return make_config(certificates={"nas": replace(CERTIFICATE, **changes)})


def test_nothing_different_is_nothing_to_do() -> None:
    assert plan(make_config(), make_state(), NOW) == Plan(())
    assert plan(make_config(), make_state(**UNKNOWN), NOW, UNATTENDED) == Plan(())


# --- the machine ---


@pytest.mark.parametrize(
    ("change", "kind", "subject", "reason"),
    [
        (
            {"release": failure("release.missing", "it is not installed")},
            "install",
            "acme.sh 3.1.1",
            "it is not installed",
        ),
        ({"bundles": {Path("/a/ca.crt"): "missing"}}, "bundle", "/a/ca.crt", "it does not exist"),
        ({"bundles": {Path("/a/ca.crt"): "differs"}}, "bundle", "/a/ca.crt", "it is not what the YAML file asks for"),
        ({"webroots": {Path("/srv/web"): "missing"}}, "webroot", "/srv/web", "it has no folder for tokens"),
        ({"webroots": {Path("/srv/web"): "not_writable"}}, "webroot", "/srv/web", "this user cannot write there"),
        ({"wrappers": {Path("/a/acme.sh"): "missing"}}, "render", "/a/acme.sh", "it does not exist"),
        (
            {"wrappers": {Path("/a/acme.sh"): "differs"}},
            "render",
            "/a/acme.sh",
            "it is not what the YAML file asks for",
        ),
        ({"wrappers": {Path("/a/acme.sh"): "foreign"}}, "render", "/a/acme.sh", "it was not written by acmewrap"),
        ({"schedule": "missing"}, "schedule", "crontab", "the entry does not exist"),
        ({"schedule": "differs"}, "schedule", "crontab", "the entry is not what the YAML file asks for"),
    ],
)
def test_a_part_of_the_machine_that_differs_is_one_step_with_its_reason(
    change: Dict[str, Any], kind: str, subject: str, reason: str
) -> None:
    (step,) = plan(make_config(), replace(make_state(), **change), NOW).steps
    assert (step.kind, step.subject, step.reason) == (kind, subject, reason)
    assert step.proof
    assert (step.certificate, step.target) == (None, None)


def test_parts_that_are_as_they_should_be_are_no_steps() -> None:
    ready = {"bundles": {Path("/a"): "same"}, "webroots": {Path("/b"): "ready"}, "wrappers": {Path("/c"): "same"}}
    assert plan(make_config(), replace(make_state(), **ready), NOW) == Plan(())  # type: ignore[arg-type]


def test_the_machine_comes_before_its_certificates_and_the_schedule_after_them() -> None:
    everything = replace(
        make_state(stored=None, sights={}, deliveries={"dsm": Entry()}),
        release=failure("release.missing", "missing"),
        bundles={Path("/a"): "missing"},
        webroots={Path("/b"): "missing"},
        wrappers={Path("/c"): "missing"},
        schedule="missing",
    )
    assert kinds(plan(make_config(), everything, NOW)) == [
        *("install", "bundle", "webroot", "render", "issue", "deploy", "schedule")
    ]


def test_an_unattended_run_does_the_steps_of_certificates_alone() -> None:
    amiss = replace(make_state(stored=None, **UNKNOWN), release=failure("release.missing", ""), schedule="missing")
    assert kinds(plan(make_config(), amiss, NOW, UNATTENDED)) == ["issue", "deploy"]


# --- one certificate: what is asked for, against what is there ---

OBTAINED: Dict[str, Tuple[Config, Dict[str, Any], str, str]] = {
    "missing": (make_config(), {"stored": None}, "issue", "there is no certificate yet"),
    "issue failed half way": (
        make_config(),
        {"stored": replace(make_stored(), leaf=None)},
        "issue",
        "there is no certificate yet",
    ),
    "broken": (
        make_config(),
        {"fault": "a.key is not the key of a.cer"},
        "reissue",
        "what is there does not belong together: a.key is not the key of a.cer",
    ),
    "another name": (
        certificate(domains=("nas.internal.test", "files.internal.test"), challenges=CERTIFICATE.challenges * 2),
        {},
        "reissue",
        "the certificate is for nas.internal.test, wanted is nas.internal.test, files.internal.test",
    ),
    "a name less": (
        make_config(),
        {"stored": make_stored(names=("nas.internal.test", "old.internal.test"))},
        "reissue",
        "the certificate is for nas.internal.test, old.internal.test, wanted is nas.internal.test",
    ),
    "key type": (certificate(key="ec-384"), {}, "reissue", "its key is ec-256, wanted is ec-384"),
    "server": (
        make_config(
            authorities={"internal": Authority("internal", "https://new.test/dir", Path("/srv/acme/.acme.sh"))}
        ),
        {},
        "reissue",
        f"it came from {SERVER}, wanted is https://new.test/dir",
    ),
    "webroot": (
        certificate(challenges=(Webroot(Path("/srv/other")),)),
        {},
        "reissue",
        "challenge or options are not those it was issued with",
    ),
    "challenge": (
        certificate(challenges=(Dns("dns_nsupdate"),)),
        {},
        "reissue",
        "challenge or options are not those it was issued with",
    ),
    "options": (
        certificate(options=("--ocsp",)),
        {},
        "reissue",
        "challenge or options are not those it was issued with",
    ),
    "webroot of one that acme.sh issued alone": (
        certificate(challenges=(Webroot(Path("/srv/other")),)),
        {"stored": replace(make_stored(), configuration={"Le_API": SERVER, "Le_Webroot": "/srv/web"})},
        "reissue",
        "its webroot was /srv/web, wanted is /srv/other",
    ),
}


@pytest.mark.parametrize("case", OBTAINED)
def test_a_certificate_that_differs_is_asked_for_and_delivered(case: str) -> None:
    config, change, kind, reason = OBTAINED[case]
    steps = plan(config, make_state(**change), NOW).steps
    assert steps == (
        Step(kind, "nas", reason, steps[0].proof, "nas"),  # type: ignore[arg-type]
        Step("deploy", "nas to dsm", "a new certificate comes", "nas.internal.test:5001 serves the leaf", "nas", "dsm"),
    )
    assert steps[0].proof


def test_a_certificate_that_acme_sh_issued_alone_as_asked_is_left_as_it_is() -> None:
    adopted = replace(make_stored(), configuration={"Le_API": SERVER, "Le_Webroot": "/srv/web"})
    assert plan(make_config(), make_state(stored=adopted), NOW) == Plan(())


def test_the_order_of_the_names_is_no_difference() -> None:
    config = certificate(domains=("nas.internal.test", "b.test", "a.test"), challenges=CERTIFICATE.challenges * 3)
    stored = make_stored(config, names=("a.test", "b.test", "nas.internal.test"))
    assert plan(config, make_state(stored=stored), NOW) == Plan(())


def test_the_secrets_of_a_dns_hook_are_no_part_of_the_request() -> None:
    one = certificate(challenges=(Dns("dns_cf", {"CF_Token": FileReference(Path("/a"))}),))
    other = certificate(challenges=(Dns("dns_cf", {"CF_Token": FileReference(Path("/b"))}),))
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
    assert renewal.kind == "renew"
    assert renewal.reason == "due since 2027-01-16 00:00 UTC, 8 hours of its life left"


def test_an_expired_certificate_is_renewed_and_said_to_be_expired() -> None:
    (renewal, _) = plan(make_config(), make_state(), ISSUED + DAY).steps
    assert renewal.kind == "renew"
    assert renewal.reason.endswith(", expired")


def test_it_can_be_due_a_time_before_its_end() -> None:
    config = certificate(renew=RenewBefore(3600))
    assert plan(config, make_state(), ISSUED + DAY - 3601) == Plan(())
    assert kinds(plan(config, make_state(), ISSUED + DAY - 3600)) == ["renew", "deploy"]


@pytest.mark.parametrize("wish", [PlanOptions(force=True), PlanOptions(("issue", "reissue", "renew"), force=True)])
def test_force_renews_what_is_not_due(wish: PlanOptions) -> None:
    step = plan(make_config(), make_state(), NOW, wish).steps[0]
    assert (step.kind, step.reason) == ("renew", "asked for, although it is not due")


# --- patience ---


def failed(when: int) -> Entry:
    return Entry(attempts=3, next_try=when)


def test_an_unattended_run_waits_out_the_time_after_a_failure() -> None:
    for moment in (ISSUED + DAY * 2 // 3, ISSUED + 2 * DAY):
        due = make_state(attempts=failed(moment + 1), **UNKNOWN)
        assert plan(make_config(), due, moment, UNATTENDED) == Plan(())
        assert kinds(plan(make_config(), due, moment + 1, UNATTENDED)) == ["renew", "deploy"]
        assert kinds(plan(make_config(), due, moment)) == ["renew", "deploy"]  # a person does not wait


def test_an_unattended_run_waits_before_it_delivers_again() -> None:
    owed = {"dsm": Entry(wanted=LEAF, attempts=1, next_try=NOW + 1)}
    assert plan(make_config(), make_state(deliveries=owed, **UNKNOWN), NOW, UNATTENDED) == Plan(())
    assert kinds(plan(make_config(), make_state(deliveries=owed, **UNKNOWN), NOW + 1, UNATTENDED)) == ["deploy"]


def test_a_new_certificate_does_not_wait_for_what_failed_with_the_old_one() -> None:
    owed = {"dsm": Entry(wanted=OTHER, seen=OTHER, attempts=5, next_try=NOW + DAY)}
    assert kinds(plan(make_config(), make_state(deliveries=owed, **UNKNOWN), NOW, UNATTENDED)) == ["deploy"]


# --- deliveries ---

SIGHT = Observation(served=LEAF)
PROVEN = Entry(wanted=LEAF, seen=LEAF, seen_at=ISSUED)


@pytest.mark.parametrize(
    ("entry", "sight", "reason"),
    [
        (PROVEN, SIGHT, None),
        (PROVEN, None, None),
        (Entry(), None, "not proven yet"),
        (Entry(wanted=OTHER, seen=OTHER), None, "the certificate is newer than the one seen there"),
        (PROVEN, Observation(served=OTHER), "another certificate is served"),
        (PROVEN, Observation(error="nas:5001: Connection refused"), "nas:5001: Connection refused"),
        (Entry(), SIGHT, "it is served, and that has not been written down yet"),
    ],
)
def test_a_delivery_is_owed_until_the_leaf_was_seen(
    entry: Entry, sight: Optional[Observation], reason: Optional[str]
) -> None:
    sights = {} if sight is None else {"dsm": sight}
    found = plan(make_config(), make_state(deliveries={"dsm": entry}, sights=sights), NOW)
    assert [step.reason for step in found.steps] == ([] if reason is None else [reason])
    assert all((step.kind, step.certificate, step.target) == ("deploy", "nas", "dsm") for step in found.steps)


def test_deploy_with_force_delivers_what_is_served_already() -> None:
    (step,) = plan(make_config(), make_state(), NOW, PlanOptions(("deploy",), force=True)).steps
    assert (step.kind, step.reason) == ("deploy", "asked for")


def test_a_broken_certificate_is_not_delivered() -> None:
    broken = make_state(fault="a.key is not the key of a.cer", sights={"dsm": Observation(served=OTHER)})
    assert plan(make_config(), broken, NOW, PlanOptions(("deploy",))) == Plan(())


def test_a_target_nobody_can_look_at_says_that_its_proof_is_the_hook_alone() -> None:
    config = certificate(targets=(replace(TARGET, name="mail", hook="exim4", verify=None, synology=False),))
    (step,) = plan(config, make_state(deliveries={"mail": Entry()}, sights={}), NOW).steps
    assert step.proof == "none: only the hook's exit code"


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
    assert make_leaf().lifetime == DAY
