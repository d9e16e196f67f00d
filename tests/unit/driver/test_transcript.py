from __future__ import annotations

import json
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acmewrap.driver.output import events as e
from acmewrap.driver.output.transcript import read

STAMP = "[Mon Nov 23 08:59:17 UTC 2026] "
REJECTED = (
    STAMP + "Error creating new order. Le_OrderFinalize not found. {",
    '   "type": "urn:ietf:params:acme:error:rejectedIdentifier",',
    '   "detail": "forbidden by policy: \\"blocked.example.com\\"",',
    '   "status": 400',
    "}",
    STAMP + "Please check log file for more details: /srv/acmewrap/run.log",
)


def reported(line: str) -> e.Event:
    (event,) = read([line]).events
    return event


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("Using CA: https://ca.example.com/dir", e.UsingAuthority("https://ca.example.com/dir")),
        ("Registered", e.AccountRegistered()),
        ("Already registered", e.AccountRegistered()),
        ("ACCOUNT_THUMBPRINT='abc'", e.AccountRegistered("abc")),
        ("Verifying: a.example.com", e.Verifying("a.example.com")),
        ("a.example.com is already verified, skip http-01.", e.Verified("a.example.com")),
        ("a.example.com is already verified, skipping http-01.", e.Verified("a.example.com")),
        ("Pending, The CA is processing your order, please just wait. (1/30)", e.OrderPending(1, 30)),
        ("Pending. The CA is processing your order, please wait. (2/30)", e.OrderPending(2, 30)),
        ("Processing. The CA is processing your order, please wait. (2/30)", e.OrderPending(2, 30)),
        ("Order status is processing, lets sleep and retry.", e.OrderPending()),
        ("Order status is 'ready', let's sleep and retry.", e.OrderPending()),
        ("Le_OrderFinalize='https://ca.example.com/f/1'", e.OrderFinalized("https://ca.example.com/f/1")),
        ("Le_LinkCert='https://ca.example.com/c/1'", e.CertificateLinked("https://ca.example.com/c/1")),
        ("Cert success.", e.CertificateDownloaded()),
        ("Your cert is in: /h/a/a.cer", e.CertificateStored("/h/a/a.cer")),
        ("Your cert key is in: /h/a/a.key", e.KeyStored("/h/a/a.key")),
        ("The domain key is here: /h/a/a.key", e.KeyStored("/h/a/a.key")),
        ("The intermediate CA cert is in: /h/a/ca.cer", e.ChainStored("/h/a/ca.cer")),
        ("And the full chain certs is there: /h/a/fullchain.cer", e.FullChainStored("/h/a/fullchain.cer")),
        ("And the full-chain cert is in: /h/a/fullchain.cer", e.FullChainStored("/h/a/fullchain.cer")),
        ("Domains not changed.", e.DomainsUnchanged()),
        ("Skip, Next renewal time is: Thu Jan 21 08:59:17 UTC 2027", e.Skipped("Thu Jan 21 08:59:17 UTC 2027")),
        ("Skipping. Next renewal time is: 2027-01-21T08:59:17Z", e.Skipped("2027-01-21T08:59:17Z")),
        ("===Starting cron===", e.CronStarted()),
        ("===End cron===", e.CronEnded()),
        ("Renew: 'a.example.com'", e.RenewalStarted("a.example.com")),
        ("Renewing: 'a.example.com'", e.RenewalStarted("a.example.com")),
        ("Skipped a.example.com_ecc", e.RenewalSkipped("a.example.com_ecc")),
        ("Error renew a.example.com_ecc.", e.RenewalFailed("a.example.com_ecc")),
        ("Error renewing a.example.com_ecc.", e.RenewalFailed("a.example.com_ecc")),
        ("Error renew a.example.com,  stop now.", e.RenewalFailed("a.example.com")),
        ("Error renewing a.example.com, stopping.", e.RenewalFailed("a.example.com")),
        ("'a.example.com' is not an issued domain, skip.", e.NotIssued("a.example.com")),
        ("a.example.com is not a issued domain, skip.", e.NotIssued("a.example.com")),
        ("'a.example.com' is not an issued domain, skipping.", e.NotIssued("a.example.com")),
        ("Skip invalid cert for: a.example.com", e.InvalidCertificate("a.example.com")),
        ("Skipping invalid cert for: a.example.com", e.InvalidCertificate("a.example.com")),
        ("Success", e.DeploySucceeded()),
        ("Error deploy for domain:a.example.com", e.DeployFailed("a.example.com")),
        ("Error deploying for domain: a.example.com", e.DeployFailed("a.example.com")),
        ("The deploy hook synolgy_dsm is not found.", e.HookNotFound("synolgy_dsm")),
        ("The deploy hook synolgy_dsm was not found.", e.HookNotFound("synolgy_dsm")),
        ("Reload error for :", e.ReloadFailed("")),
        ("Reload error for: a.example.com", e.ReloadFailed("a.example.com")),
        ("Revoke success.", e.Revoked()),
        ("Successfully revoked.", e.Revoked()),
        ("a.example.com is removed, the key and cert files are in /h/a", e.Removed("a.example.com")),
        ("a.example.com has been removed. The key and cert files are in /h/a", e.Removed("a.example.com")),
        ("Please refer to https://curl.haxx.se/libcurl/c/libcurl-errors.html for error code: 60", e.CurlFailed(60)),
        ("Can not init api for: https://ca.example.com/dir.", e.AuthorityUnavailable("https://ca.example.com/dir")),
        ("Can not init api, for https://ca.example.com/dir", e.AuthorityUnavailable("https://ca.example.com/dir")),
        ("Cannot init API for: https://ca.example.com/dir.", e.AuthorityUnavailable("https://ca.example.com/dir")),
        ("Cannot init API for https://ca.example.com/dir", e.AuthorityUnavailable("https://ca.example.com/dir")),
        ("a.example.com:Can not write token to file : /w/t", e.TokenNotWritable("a.example.com", "/w/t")),
        ("a.example.com: Cannot write token to file: /w/t", e.TokenNotWritable("a.example.com", "/w/t")),
        ("Can not write token to file : /w/t", e.TokenNotWritable("", "/w/t")),
        ("a.example.com:Timeout", e.ChallengeTimedOut("a.example.com")),
        ("a.example.com: Timeout", e.ChallengeTimedOut("a.example.com")),
        ("2001:db8::1: Timeout", e.ChallengeTimedOut("2001:db8::1")),
        ("a.example.com:Verify error:Get ", e.ChallengeInvalid("a.example.com", "Get")),
        ("a.example.com: Invalid status. Verification error details: no", e.ChallengeInvalid("a.example.com", "no")),
        ("a.example.com: Unknown status: . Verification error: ", e.ChallengeInvalid("a.example.com", "")),
        ("Creating domain key", e.Unrecognised("Creating domain key")),
    ],
)
def test_each_sentence_of_both_wordings_has_its_event(line: str, event: e.Event) -> None:
    assert reported(line) == event
    assert reported(STAMP + line) == event


@pytest.mark.parametrize(
    "stamp",
    [
        "[Mon Nov 23 08:59:17 UTC 2026] ",
        "[Mon Nov 23 08:59:17 AM UTC 2026] ",
        "[Mo 23. Nov 08:59:17 UTC 2026] ",
        "[2026年 11月 23日 月曜日 08:59:18 UTC] ",
        "[ma 23.11.2026 8.59.17 +0200] ",
        "[2026年11月23日 星期一 08时59分17秒 UTC] ",
        "[Fri Apr  8 10:29:41 MDT 2022] ",
        "",
    ],
)
def test_the_stamp_of_any_locale_is_taken_off(stamp: str) -> None:
    assert reported(stamp + "Verifying: a.example.com") == e.Verifying("a.example.com")


def test_a_bracket_that_is_no_stamp_stays() -> None:
    line = "[: 400: unexpected operator"
    assert reported(line) == e.Unrecognised(line)


def test_colours_and_control_characters_are_taken_off() -> None:
    assert reported("\x1b[1;32mCert success.\x1b[0m\r") == e.CertificateDownloaded()
    assert reported(STAMP + "evil \x1b[31mRED\x07\x1b]0;title\x07!") == e.Unrecognised("evil RED!")


def test_certificates_and_blank_lines_tell_nothing() -> None:
    lines = [
        "Cert success.",
        "-----BEGIN CERTIFICATE-----",
        "MIIB+/=",
        "...snip...",
        "-----END CERTIFICATE-----",
        "",
        "  ",
        "-----BEGIN CERTIFICATE-----",
        "-----END CERTIFICATE-----",
        "Success",
    ]
    assert read(lines).events == (e.CertificateDownloaded(), e.DeploySucceeded())


def test_a_certificate_that_never_ends_hides_nothing_after_it() -> None:
    lines = ["-----BEGIN CERTIFICATE-----", "MIIB", STAMP + "a.example.com: Timeout"]
    assert read(lines).events[-1] == e.ChallengeTimedOut("a.example.com")


def test_success_ends_the_challenge_that_was_begun_and_otherwise_the_deployment() -> None:
    events = read(["Verifying: a.example.com", "Success", "Le_OrderFinalize='u'", "Cert success.", "Success"]).events
    assert [type(event) for event in events] == [
        e.Verifying,
        e.Verified,
        e.OrderFinalized,
        e.CertificateDownloaded,
        e.DeploySucceeded,
    ]
    assert events[1] == e.Verified("a.example.com")


def test_a_problem_document_is_read_over_its_lines() -> None:
    head, problem, tail = read(REJECTED).events
    assert head == e.Unrecognised("Error creating new order. Le_OrderFinalize not found.")
    assert problem == e.Problem(
        "urn:ietf:params:acme:error:rejectedIdentifier", 'forbidden by policy: "blocked.example.com"', 400
    )
    assert isinstance(problem, e.Problem)
    assert problem.name == "rejectedIdentifier"
    assert isinstance(tail, e.Unrecognised)


def test_a_problem_inside_an_authorization_is_found() -> None:
    inner = {"type": "urn:ietf:params:acme:error:dns", "identifier": {"value": "x"}, "detail": "no such host"}
    document = json.dumps({"status": "invalid", "challenges": [{"type": "http-01", "error": inner}]})
    assert read([STAMP + f"a.example.com: Challenge error: {document}"]).events == (
        e.ChallengeInvalid("a.example.com", "no such host"),
        e.Problem("urn:ietf:params:acme:error:dns", "no such host"),
    )


def test_a_problem_that_was_cut_off_still_gives_type_and_the_beginning_of_its_detail() -> None:
    lines = [STAMP + 'Account registration error: {"type":"urn:ietf:params:acme:error:malformed","detail":"evil ']
    assert read(lines).events == (
        e.Unrecognised("Account registration error:"),
        e.Problem("urn:ietf:params:acme:error:malformed", "evil"),
    )


def test_a_document_without_end_does_not_swallow_the_next_sentence() -> None:
    events = read([STAMP + "response: {", '"detail": "x"', STAMP + "Cert success."]).events
    assert events[-1] == e.CertificateDownloaded()
    assert len(events) == 3


def test_another_types_name_is_the_type() -> None:
    assert e.Problem("urn:example:quota", "no").name == "urn:example:quota"


CRON = (
    "===Starting cron===",
    "Renewing: 'a.example.com'",
    "Renewing using Le_API=https://ca.example.com/dir",
    "Skipping. Next renewal time is: 2027-01-21T08:59:17Z",
    "Add '--force' to force renewal.",
    "Skipped a.example.com_ecc",
    "Renewing: 'b.example.com'",
    "Verifying: b.example.com",
    "b.example.com: Invalid status. Verification error details: Get ",
    "Error renewing b.example.com_ecc.",
    "Renewing: 'c.example.com'",
    "Your cert is in: /h/c/c.cer",
    "Success",
    "Renewing: 'd.example.com'",
    "Skipping invalid cert for: d.example.com",
    "Skipped d.example.com",
    "===End cron===",
)


def test_what_a_cron_failed_with_is_told_by_folder_with_the_reasons_that_come_before_it() -> None:
    found = read(CRON).failed_renewals()
    assert list(found) == ["b.example.com_ecc"]
    assert found["b.example.com_ecc"].events == (
        e.RenewalStarted("b.example.com"),
        e.Verifying("b.example.com"),
        e.ChallengeInvalid("b.example.com", "Get"),
    )
    assert found["b.example.com_ecc"].lines == tuple(line.strip() for line in CRON[6:9])


def test_each_failure_of_a_cron_has_the_lines_since_the_one_before() -> None:
    lines = ["one", "Error renew a.example.com_ecc.", "two", "Error renew b.example.com_ecc."]
    assert [part.lines for part in read(lines).failed_renewals().values()] == [("one",), ("two",)]


def test_a_folder_that_was_never_announced_has_the_lines_before_it() -> None:
    found = read(["/h/a.example.com_ecc/a.conf: line 3: oops", "Error renew a.example.com_ecc."]).failed_renewals()
    assert [part.lines for part in found.values()] == [("/h/a.example.com_ecc/a.conf: line 3: oops",)]


def test_a_cron_with_nothing_to_do_failed_with_nothing() -> None:
    assert read(["===Starting cron===", "===End cron==="]).failed_renewals() == {}


@given(st.lists(st.sampled_from([*CRON, *REJECTED, "{", "}", ""]), max_size=12), st.integers(0, 12))
def test_a_part_has_the_lines_of_its_statements(lines: List[str], at: int) -> None:
    whole = read(lines)
    first, second = whole.part(0, at), whole.part(at)
    assert [one.text for one in (*first.statements, *second.statements)] == [one.text for one in whole.statements]
    assert [one.text for one in read(second.lines).statements] == [one.text for one in second.statements]


words = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n"), max_size=40)
pieces = st.sampled_from(
    [
        "{",
        "}",
        '"type":"urn:ietf:params:acme:error:x"',
        '"detail":"',
        "-----BEGIN CERTIFICATE-----",
        STAMP,
        "Success",
        "[",
        "\\",
    ]
)


@given(st.lists(st.one_of(words, st.lists(st.one_of(pieces, words), max_size=6).map("".join)), max_size=12))
def test_no_text_makes_it_fail(lines: list[str]) -> None:
    assert read(lines).failed_renewals() is not None


@given(st.lists(st.from_regex(r"[a-z][a-z ]{0,20}[a-z]", fullmatch=True), max_size=10))
def test_no_line_is_lost(lines: list[str]) -> None:
    assert read(lines).events == tuple(e.Unrecognised(line) for line in lines)
