"""What an authority advises (RFC 9773): how it is asked, how the answer is kept, and what becomes of acme.sh's calendar."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Set

import pytest

from acmewrap.acme import directory, renewal_info, retry_after
from acmewrap.config import Config
from acmewrap.config.model import Authority
from acmewrap.driver.homes.home import CertificateFiles, Home
from acmewrap.engine.steps import renewal_advice
from acmewrap.errors import UnreachableError
from acmewrap.failures import failure
from acmewrap.net.http import HttpError, Reason, Reply
from acmewrap.state.ledger import Advice, Ledger
from wanted import CERTIFICATE, DAY, ISSUED, LEAF, NOW, make_config, make_leaf, make_stored

HOUR = 3600
SOURCE = "https://ca.test/renewal-info"
# The example of RFC 9773 section 4.1.
KEY_IDENTIFIER = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
SERIAL = "0087654321"
NAME = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
EXAMPLE = make_leaf(authority_key=KEY_IDENTIFIER, serial=SERIAL)


class Server:
    """Answers in the place of an authority, and remembers what it was asked for."""

    def __init__(self, document: Any, **headers: str) -> None:
        self.body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.headers = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        self.urls: List[str] = []

    def read(self, url: str, *_: object) -> Reply:
        self.urls.append(url)
        return Reply(url, 200, self.headers, self.body)


def window(start: str, end: str, **more: str) -> Dict[str, Any]:
    return {"suggestedWindow": {"start": start, "end": end}, **more}


GOOD = window("2027-01-15T08:00:00Z", "2027-01-15T10:00:00Z")


def asked(monkeypatch: pytest.MonkeyPatch, document: Any, **headers: str) -> renewal_info.RenewalInfo:
    monkeypatch.setattr(directory, "read", Server(document, **headers).read)
    return renewal_info.fetch(SOURCE, EXAMPLE, None)


def test_the_name_of_a_certificate_is_that_of_the_example_in_the_rfc() -> None:
    assert renewal_info.certificate_id(EXAMPLE) == NAME


def test_it_is_asked_for_below_the_address_that_the_directory_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    for source in (SOURCE, SOURCE + "/"):
        server = Server(GOOD)
        monkeypatch.setattr(directory, "read", server.read)
        renewal_info.fetch(source, EXAMPLE, None)
        assert server.urls == [f"{SOURCE}/{NAME}"]


@pytest.mark.parametrize(
    ("start", "end", "begin"),
    [
        ("2027-01-15T08:00:00Z", "2027-01-15T10:00:00Z", 1_800_000_000),
        ("2027-01-15T09:00:00+01:00", "2027-01-15T10:00:00Z", 1_800_000_000),
        ("2027-01-15T08:00:00.123456789Z", "2027-01-15T10:00:00.9Z", 1_800_000_000),
        ("2027-01-15t08:00:00z", "2027-01-15T10:00:00z", 1_800_000_000),
    ],
)
def test_times_are_read_as_rfc_3339_writes_them(
    monkeypatch: pytest.MonkeyPatch, start: str, end: str, begin: int
) -> None:
    reported = asked(monkeypatch, window(start, end))
    assert (reported.begin, reported.end) == (begin, begin + 2 * HOUR)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "7200"}, 7200),
        ({"Retry_After": "1"}, 60),
        ({"Retry_After": "999999"}, DAY),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "Fri, 15 Jan 2027 09:00:00 GMT", "Date": "Fri, 15 Jan 2027 08:00:00 GMT"}, HOUR),
        ({"Retry_After": "Fri, 15 Jan 2027 09:00:00 GMT"}, None),
    ],
)
def test_when_to_ask_again_is_the_servers_word_within_bounds(
    monkeypatch: pytest.MonkeyPatch, headers: Dict[str, str], seconds: Optional[int]
) -> None:
    assert asked(monkeypatch, GOOD, **headers).retry_after == seconds


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"<html>", b"[]", b"null", b"7"),
        *({}, {"suggestedWindow": None}, {"suggestedWindow": {"start": "2027-01-15T08:00:00Z"}}),
        *(window("yesterday", "tomorrow"), window("2027-01-15T10:00:00Z", "2027-01-15T08:00:00Z")),
        window("2027-01-15", "2027-01-16"),
        {"suggestedWindow": {"start": 5, "end": 6}},
    ],
)
def test_an_answer_that_makes_no_sense_is_one_failure(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    with pytest.raises(UnreachableError) as caught:
        asked(monkeypatch, answer)
    assert caught.value.id == "ca.no_advice"


def test_a_certificate_that_names_no_issuers_key_cannot_be_asked_about() -> None:
    with pytest.raises(UnreachableError) as caught:
        renewal_info.fetch(SOURCE, make_leaf(), None)
    assert caught.value.id == "ca.no_advice"


@pytest.mark.parametrize("offered", ["file:///etc/passwd", "http://ca.test/ari", 7, None, "", ["https://ca.test"]])
def test_only_an_https_address_counts_as_offered(monkeypatch: pytest.MonkeyPatch, offered: Any) -> None:
    monkeypatch.setattr(directory, "read", Server({"newOrder": "https://ca.test/order", "renewalInfo": offered}).read)
    assert directory.fetch("https://ca.test/dir", None).renewal_info is None


def test_an_authority_that_offers_it_is_known_from_its_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "read", Server({"newOrder": "https://ca.test/order", "renewalInfo": SOURCE}).read)
    assert directory.fetch("https://ca.test/dir", None).renewal_info == SOURCE


# --- keeping it ---


@pytest.fixture
def config(tmp_path: Path) -> Config:
    home = tmp_path / ".acme.sh"
    (home / "nas.internal.test_ecc").mkdir(parents=True)
    return make_config(authorities={"internal": Authority("internal", "https://ca.test/dir", home)}, schedule=None)


@pytest.fixture
def calendar(config: Config, monkeypatch: pytest.MonkeyPatch) -> Path:
    """acme.sh's configuration of the certificate, which is there without its files."""
    home = config.authorities["internal"].home
    files = CertificateFiles(home / "nas.internal.test_ecc", "nas.internal.test")
    files.configuration.write_text("Le_Domain='nas.internal.test'\nLe_NextRenewTime='1'\n", encoding="ascii")
    stored = replace(make_stored(authority_key=KEY_IDENTIFIER), files=files)
    monkeypatch.setattr(Home, "read", lambda *_: stored)
    return files.configuration


def answer(monkeypatch: pytest.MonkeyPatch, begin: int, end: int, retry_after: int = HOUR) -> None:
    monkeypatch.setattr(renewal_info, "fetch", lambda *_: renewal_info.RenewalInfo(begin, end, None, retry_after))


def test_after_an_issue_the_authority_is_asked_and_the_answer_kept(
    config: Config, calendar: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ledger = Ledger.load(tmp_path / "ledger")
    answer(monkeypatch, ISSUED + 2 * HOUR, ISSUED + 3 * HOUR)
    renewal_advice.begin(config, CERTIFICATE, ledger, SOURCE, NOW)
    kept = Ledger.load(tmp_path / "ledger").advice("nas", LEAF)
    assert kept is not None
    assert kept.chosen is not None
    assert (kept.source, kept.next_look, kept.begin, kept.end) == (
        SOURCE,
        NOW + HOUR,
        ISSUED + 2 * HOUR,
        ISSUED + 3 * HOUR,
    )
    assert ISSUED + 2 * HOUR <= kept.chosen <= ISSUED + 3 * HOUR
    assert f"Le_NextRenewTime='{kept.chosen}'\n" in calendar.read_text(encoding="ascii")


def test_the_chosen_moment_stays_while_the_window_does(
    config: Config, calendar: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert calendar.exists()
    ledger = Ledger.load(tmp_path / "ledger")
    answer(monkeypatch, ISSUED, ISSUED + DAY // 2)
    renewal_advice.begin(config, CERTIFICATE, ledger, SOURCE, NOW)
    first = ledger.advice("nas", LEAF)
    assert first is not None
    for _ in range(5):
        renewal_advice.consult(config, CERTIFICATE, ledger, NOW)
        assert ledger.advice("nas", LEAF) == first
    answer(monkeypatch, ISSUED - DAY, ISSUED - HOUR)  # the authority wants it renewed now: it has revoked something
    renewal_advice.consult(config, CERTIFICATE, ledger, NOW)
    moved = ledger.advice("nas", LEAF)
    assert moved is not None
    assert moved.chosen is not None
    assert moved.chosen < ISSUED


@pytest.mark.parametrize("end", [NOW + DAY, NOW - 1])
def test_a_window_that_was_open_before_the_certificate_was_there_is_heeded_once_it_is_over(
    config: Config, calendar: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: int
) -> None:
    ledger = Ledger.load(tmp_path / "ledger")
    answer(monkeypatch, ISSUED - HOUR, end)
    renewal_advice.begin(config, CERTIFICATE, ledger, SOURCE, NOW)
    kept = ledger.advice("nas", LEAF)
    assert kept is not None
    heeded = end < NOW
    assert (kept.next_look, kept.end, kept.chosen is not None) == (NOW + HOUR, end, heeded)
    by_the_file = f"Le_NextRenewTime='{ISSUED + DAY * 2 // 3}'\n"
    assert (by_the_file in calendar.read_text(encoding="ascii")) is not heeded


def test_chosen_moments_of_different_machines_differ(
    config: Config, calendar: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert calendar.exists()
    answer(monkeypatch, ISSUED, ISSUED + DAY // 2)
    chosen = set()
    for number in range(10):
        ledger = Ledger.load(tmp_path / str(number))
        renewal_advice.begin(config, CERTIFICATE, ledger, SOURCE, NOW)
        found = ledger.advice("nas", LEAF)
        assert found is not None
        chosen.add(found.chosen)
    assert len(chosen) > 1


def test_no_answer_keeps_what_is_known_and_asks_again_later(
    config: Config, calendar: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = calendar.read_bytes()
    known = Advice(LEAF, SOURCE, NOW, 5, 9, 7)
    ledger = Ledger.load(tmp_path / "ledger")
    ledger.advise("nas", known)

    def refuse(*_: object) -> None:
        raise UnreachableError(failure("ca.unreachable", "connection refused"))

    monkeypatch.setattr(renewal_info, "fetch", refuse)
    renewal_advice.consult(config, CERTIFICATE, ledger, NOW)
    assert ledger.advice("nas", LEAF) == replace(known, next_look=NOW + 6 * HOUR)
    assert calendar.read_bytes() == before


def test_an_authority_that_hangs_takes_its_time_once_in_a_run(
    config: Config, calendar: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert calendar.exists()
    asked: List[str] = []
    silent: Set[str] = set()
    ledger = Ledger.load(tmp_path / "ledger")

    def hang(source: str, *_: object) -> None:
        asked.append(source)
        raise UnreachableError(failure("ca.timeout", "no answer")) from HttpError(Reason.TIMEOUT, "no answer")

    monkeypatch.setattr(renewal_info, "fetch", hang)
    for _ in range(3):
        ledger.advise("nas", Advice(LEAF, SOURCE, NOW))
        renewal_advice.consult(config, CERTIFICATE, ledger, NOW, silent=silent)
        assert ledger.advice("nas", LEAF) == Advice(LEAF, SOURCE, NOW + 6 * HOUR)
    assert asked == [SOURCE]


@pytest.mark.parametrize("said", ["", "x" * 2000, "https://ca.test/\x1b[31m", "javascript:x", ["https://ca.test/"]])
def test_an_explanation_that_is_no_url_is_left_out(monkeypatch: pytest.MonkeyPatch, said: Any) -> None:
    assert asked(monkeypatch, {**GOOD, "explanationURL": said}).explanation is None


def test_an_authority_that_offers_none_is_never_asked(
    config: Config, calendar: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("it was asked")

    assert calendar.exists()
    monkeypatch.setattr(renewal_info, "fetch", forbidden)
    ledger = Ledger.load(tmp_path / "ledger")
    ledger.advise("nas", Advice("an older leaf", SOURCE, 0))
    renewal_advice.begin(config, CERTIFICATE, ledger, None, NOW)
    assert ledger.advice("nas", "an older leaf") is None
    renewal_advice.consult(config, CERTIFICATE, ledger, NOW)


def test_advice_on_a_leaf_that_was_replaced_is_forgotten(config: Config, calendar: Path, tmp_path: Path) -> None:
    assert calendar.exists()
    ledger = Ledger.load(tmp_path / "ledger")
    ledger.advise("nas", Advice("an older leaf", SOURCE, 0))
    renewal_advice.consult(config, CERTIFICATE, ledger, NOW)
    assert ledger.advice("nas", "an older leaf") is None


# --- how long an authority asks to be left alone, when it refuses ---

REFUSED = """\
[Mon Nov 23 12:14:34 UTC 2026] _ret='0'
[Mon Nov 23 12:14:34 UTC 2026] responseHeaders='HTTP/2 201
retry-after: 5
'
[Mon Nov 23 12:14:35 UTC 2026] responseHeaders='HTTP/1.1 429 Too Many Requests
Date: Fri, 15 Jan 2027 08:00:00 GMT
Retry-After: {value}
'
[Mon Nov 23 12:14:35 UTC 2026] code='429'
"""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3600", 3600),
        ("0", 0),
        ("Fri, 15 Jan 2027 10:00:00 GMT", 2 * HOUR),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("99999999999999", 7 * DAY),
        ("-5", None),
        ("never", None),
    ],
)
def test_the_wait_of_a_refusal_is_read_from_the_protocol(value: str, seconds: Optional[int]) -> None:
    assert retry_after.from_protocol(REFUSED.format(value=value)) == seconds


def test_a_protocol_without_a_refusal_asks_for_no_wait() -> None:
    assert retry_after.from_protocol("") is None
    assert retry_after.from_protocol("responseHeaders='HTTP/1.1 200 OK\nRetry-After: 9\n'\n") is None
    assert retry_after.from_protocol("responseHeaders='HTTP/1.1 503 Busy\n'\n") is None
