"""Sentences about steps: there is one for every reason, and each is a single line."""

from __future__ import annotations

from typing import Iterator, Type

import pytest

from acmewrap import reasons
from acmewrap.catalogue import failure
from acmewrap.plan.steps import ChangeMode
from acmewrap.reasons import Deviation, Mode, Moment, Reason, TooOpen
from acmewrap.report.wording import describe, reason_of, title_of
from results import ASK, AUTHORITY, CERTIFICATE, DEPLOY, INSTALL, RENEW

REFUSED = failure("dsm.unreachable", "nobody there")
SAMPLES = (
    reasons.NotAsPinned(REFUSED),
    TooOpen(Mode(0o644), Mode(0o600)),
    reasons.AccountDiffers((Deviation("disabled"), Deviation("open_shares", ("photo", "video")))),
    reasons.NotObserved(REFUSED),
    reasons.AccountNotManaged("certupdater"),
    reasons.SetBroken("a.key is not the key of a.cer"),
    reasons.NamesDiffer(("a.test",), ("a.test", "b.test")),
    reasons.KeyTypeDiffers(("ec-256",), ("ec-384",)),
    reasons.ServerDiffers(("https://a.test",), ("https://b.test",)),
    reasons.WebrootDiffers(("/a",), ("/b",)),
    reasons.Due(Moment(1_800_000_000), 3600, "configuration"),
    reasons.Expired(Moment(1_800_000_000)),
    reasons.NotServed(error="nas:5001: Connection refused"),
    reasons.NotAssigned(("default", "FTPS")),
    reasons.NotImported("acme"),
)


def kinds_of(base: Type[Reason]) -> Iterator[Type[Reason]]:
    for kind in base.__subclasses__():
        if not kind.__name__.startswith("_"):
            yield kind
        yield from kinds_of(kind)


def sample_of(kind: Type[Reason]) -> Reason:
    return next((sample for sample in SAMPLES if type(sample) is kind), None) or kind()


@pytest.mark.parametrize("kind", list(kinds_of(Reason)))
def test_every_reason_has_its_words(kind: Type[Reason]) -> None:
    words = describe(sample_of(kind))
    assert words
    assert "\n" not in words
    assert "{" not in words


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (reasons.AccountDiffers((Deviation("open_shares", ("photo", "video")),)), "can reach the shared folders photo"),
        (reasons.NamesDiffer(("a.test",), ("a.test", "b.test")), "other names: have a.test; want a.test, b.test"),
        (reasons.NotServed(served="1f" * 32), "serves another certificate"),
        (reasons.NotServed(error="nas:5001: Connection refused"), "nas:5001: Connection refused"),
        (reasons.Due(Moment(1_800_000_000), 3600, "configuration"), "due since 2027-01-15 08:00 UTC, 1 hour left"),
        (TooOpen(Mode(0o644), Mode(0o600)), "overly permissive: mode 0644, should be 0600"),
    ],
)
def test_words_hold_the_values_of_the_reason(reason: Reason, words: str) -> None:
    assert describe(reason).startswith(words)


def test_a_step_is_called_by_its_kind_and_what_it_is_about() -> None:
    titles = ["install acme.sh 3.1.1", "renewal_info nas", "renew nas", "deploy nas to dsm"]
    assert [title_of(step) for step in (INSTALL, ASK, RENEW, DEPLOY)] == titles
    wide = TooOpen(Mode(0o644), Mode(0o600))
    assert title_of(ChangeMode(wide, AUTHORITY.home)) == "mode /srv/acme/.acme.sh"


def test_only_a_renewal_that_is_forced_is_said_not_to_be_due() -> None:
    forced = reasons.Forced()
    assert reason_of(type(RENEW)(forced, CERTIFICATE, AUTHORITY)) == "forced; not due"
    assert reason_of(type(DEPLOY)(forced, CERTIFICATE, AUTHORITY, DEPLOY.destination)) == "forced"
