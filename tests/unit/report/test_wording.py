"""Sentences about steps: there is one for every reason, and each is a single line."""

from __future__ import annotations

from typing import get_args

import pytest

from acmewrap import reasons
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from acmewrap.plan.machine_steps import ChangeMode
from acmewrap.reasons import Deviation, Mode, Plain, Reason, TooOpen
from acmewrap.report.wording import describe, reason_of, title_of
from acmewrap.state.file_modes import Excess
from results import ASK, AUTHORITY, CERTIFICATE, DEPLOY, INSTALL, RENEW

REFUSED = failure("dsm.unreachable", "nobody there")
SAMPLES = (
    reasons.NotAsPinned(REFUSED),
    TooOpen(Mode(0o644), Mode(0o600)),
    reasons.AccountDiffers((Deviation("disabled"), Deviation("open_shares", ("photo", "video")))),
    reasons.NotObserved(REFUSED),
    reasons.AccountNotManaged("certupdater"),
    reasons.NotOurs(REFUSED),
    reasons.SetBroken("a.key is not the key of a.cer"),
    reasons.Changed("names", ("a.test",), ("a.test", "b.test")),
    reasons.Due(instant(1_800_000_000), 3600, "configuration"),
    reasons.Expired(instant(1_800_000_000)),
    reasons.NotServed(error="nas:5001: Connection refused"),
    reasons.Reverted("1f" * 32, 3),
    reasons.NotAssigned(("default", "FTPS")),
    reasons.NotImported("acme"),
    reasons.Blocked(REFUSED),
    reasons.AccessDiffers("root:root 0600", "root:ssl-cert 0640"),
)


@pytest.mark.parametrize("reason", [*Plain, *SAMPLES], ids=lambda reason: str(reason.kind))
def test_every_reason_has_its_words_on_one_line(reason: Reason) -> None:
    words = describe(reason)
    assert words
    assert "\n" not in words
    assert "{" not in words


def test_no_reason_is_left_out() -> None:
    assert {type(sample) for sample in SAMPLES} == set(get_args(Reason)) - {Plain}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (SAMPLES[2], "disabled; open shares (photo, video)"),
        (SAMPLES[7], "other names: have a.test; want a.test, b.test"),
        (reasons.NotServed(served="1f" * 32), "serves another certificate"),
        (reasons.NotServed(error="nas:5001: Connection refused"), "nas:5001: Connection refused"),
        (SAMPLES[8], "due since 2027-01-15 08:00 UTC, 1 hour left"),
        (TooOpen(Mode(0o644), Mode(0o600)), "overly permissive: mode 0644, should be 0600"),
    ],
)
def test_words_hold_the_values_of_the_reason(reason: Reason, words: str) -> None:
    assert describe(reason) == words


def test_a_step_is_called_by_its_kind_and_what_it_is_about() -> None:
    titles = ["install acme.sh 3.1.1", "renewal_info nas", "renew nas", "deploy nas to dsm"]
    assert [title_of(step) for step in (INSTALL, ASK, RENEW, DEPLOY)] == titles
    excess = Excess(AUTHORITY.home, 0o755, 0o700, 0, ours=True, id="doctor.file_mode")
    assert title_of(ChangeMode.of(excess)) == "mode /srv/acme/.acme.sh"


def test_only_a_renewal_that_is_forced_is_said_not_to_be_due() -> None:
    forced = Plain.FORCED
    assert reason_of(type(RENEW)(forced, CERTIFICATE, AUTHORITY)) == "forced; not due"
    assert reason_of(type(DEPLOY)(forced, CERTIFICATE, AUTHORITY, DEPLOY.destination)) == "forced"
