"""Whatever an authority answers to our own requests, byte for byte: a value or one failure, at once; nothing stops renewal."""

from __future__ import annotations

import contextlib
import io
import json
import time
from typing import Any, Callable, List, Optional

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from acmewrap import backoff
from acmewrap.acme import directory, renewal_info, retry_after
from acmewrap.config.model import Schedule
from acmewrap.errors import IssueError, UnreachableError
from acmewrap.failures import failure
from acmewrap.net import connection
from acmewrap.net.connection import Deadline, Place
from acmewrap.plan.due import due_of
from acmewrap.state.ledger import Advice
from wanted import CERTIFICATE, DAY, ISSUED, LEAF, NOW, make_config, make_leaf, make_stored

pytestmark = pytest.mark.usefixtures("nothing_unexpected")

# Recorded of Pebble 2.7, step-ca 0.28 and Boulder, with shorter names.
DIRECTORY = (
    b"HTTP/1.1 200 OK\r\nCache-Control: public, max-age=0, no-cache\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Date: Fri, 15 Jan 2027 08:00:00 GMT\r\nConnection: close\r\n\r\n"
    b'{"keyChange":"https://ca.test:14000/rollover","meta":{"externalAccountRequired":false,"profiles":{"default":"x"},'
    b'"termsOfService":"data:text/plain,Do%20what%20thou%20wilt"},"newAccount":"https://ca.test:14000/sign-me-up",'
    b'"newNonce":"https://ca.test:14000/nonce-plz","newOrder":"https://ca.test:14000/order-plz",'
    b'"renewalInfo":"https://ca.test:14000/draft-ari","revokeCert":"https://ca.test:14000/revoke-cert"}    '
)
COUNTED = DIRECTORY.replace(b"Connection: close", b"Content-Length: %d" % len(DIRECTORY.partition(b"\r\n\r\n")[2]))
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nX-Request-Id: d4\r\n\r\n"
    b'20\r\n{"newNonce":"https://ca.test/n",\r\n23\r\n"newOrder":"https://ca.test/order"}\r\n0\r\n\r\n'
)
WINDOW = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Fri, 15 Jan 2027 08:00:00 GMT\r\nRetry-After: 21600\r\n\r\n"
    b'{"suggestedWindow":{"start":"2027-01-15T12:00:00Z","end":"2027-01-15T14:00:00.123456789Z"},'
    b'"explanationURL":"https://ca.test/docs/ari"}'
)
DATED = WINDOW.replace(b"21600", b"Fri, 15 Jan 2027 10:00:00 GMT")
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\nContent-Length: 2\r\n\r\n{}"
PROTOCOL = """\
[Mon Nov 23 12:14:34 UTC 2026] responseHeaders='HTTP/2 201
retry-after: 5
'
[Mon Nov 23 12:14:35 UTC 2026] responseHeaders='HTTP/1.1 429 Too Many Requests
Date: Fri, 15 Jan 2027 08:00:00 GMT
Retry-After: Fri, 15 Jan 2027 10:00:00 GMT
'
[Mon Nov 23 12:14:35 UTC 2026] code='429'
"""
ODD = (
    *(
        b"\xb2",
        b"-1",
        b"9" * 30,
        b"0x10",
        b"1e400",
        b"null",
        b"[]",
        b"{}",
        b'"',
        b"\0",
        b"\r\n",
        b"\r\n\r\n",
        b": ",
        b"NaN",
    ),
    *(b"[" * 5000, b"A" * 70_000, b"X: y\r\n" * 120, b"HTTP/1.1 100 Continue\r\n\r\n", b"Content-Length: 5\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"-5\r\n", b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59-23:59", b"+99:99"),
    *(
        b"Mon, 01 Jan 0001 00:00:00 +2359",
        b"Fri, 99 Jan 99999 99:99:99 GMT",
        b"\xff\xfe",
        "²٣é".encode(),
        b"Location: ftp://x\r\n",
    ),
)


@st.composite
def mutated(draw: st.DrawFn, *recordings: bytes) -> bytes:
    """A recording in which some parts were taken away, doubled, or replaced."""
    data = draw(st.sampled_from(recordings))
    for _ in range(draw(st.sampled_from((1, 1, 2, 3)))):
        at = draw(st.integers(min_value=0, max_value=len(data)))
        end = min(at + draw(st.integers(min_value=0, max_value=12)), len(data))
        odd = draw(st.sampled_from(("repeat", "drop", "odd", "bytes", "odd", "bytes", "cut")))
        new = {
            "cut": b"",
            "repeat": data[at:end] * 2,
            "drop": b"",
            "odd": draw(st.sampled_from(ODD)) if odd == "odd" else b"",
            "bytes": draw(st.binary(max_size=4)) if odd == "bytes" else b"",
        }[odd]
        data = data[:at] if odd == "cut" else data[:at] + new + data[end:]
    return data


class Wire:
    """A socket whose other end has said all it will say."""

    def __init__(self, answer: bytes) -> None:
        self._answer = io.BytesIO(answer)

    def recv_into(self, buffer: memoryview) -> int:
        return self._answer.readinto(buffer)

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO()

    def sendall(self, _: bytes) -> None:
        return

    settimeout = close = lambda *_: None


@pytest.fixture(scope="module", autouse=True)
def wire() -> Any:
    """Every connection is made to ``wire.answer``."""

    class Answer:
        answer = b""

    def connect(place: Place, deadline: Deadline, **_: object) -> Any:
        opened = connection._prepare(*place, deadline)
        opened.sock = Wire(Answer.answer)
        return opened

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "connect", connect)
        yield Answer


def answered(work: Callable[[], Any]) -> Optional[Any]:
    """What *work* makes of it, None when it is a failure; both at once."""
    started = time.monotonic()
    found = None
    with contextlib.suppress(UnreachableError):
        found = work()
    event("passed" if found is not None else "failed")
    assert time.monotonic() - started < 5
    return found


@given(mutated(DIRECTORY, DIRECTORY, COUNTED, CHUNKED, REFUSED))
def test_any_answer_in_the_place_of_a_directory_is_one_or_a_failure(wire: Any, answer: bytes) -> None:
    wire.answer = answer
    found = answered(lambda: directory.fetch("http://ca.test/dir", None))
    assert found is None or found.renewal_info is None or found.renewal_info.startswith("https://")
    assert found is None or found.date is None or found.date >= 0


@pytest.mark.parametrize(
    ("meta", "refused"),
    [
        ({"profiles": {"shortlived": "", "classic": ""}}, ["other"]),
        ({}, ["shortlived", "other"]),
        ({"profiles": []}, ["other"]),
    ],
)
def test_a_profile_that_the_directory_does_not_list_is_refused(wire: Any, meta: Any, refused: List[str]) -> None:
    body = json.dumps({"newOrder": "https://ca.test/order", "meta": meta}).encode("ascii")
    wire.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    found = directory.fetch("http://ca.test/dir", None)
    found.refuse_profile(None)
    for profile in found.profiles:
        found.refuse_profile(profile)
    for profile in refused:
        with pytest.raises(IssueError, match=f"no profile {profile}; it offers: {', '.join(found.profiles) or 'none'}"):
            found.refuse_profile(profile)


@pytest.mark.parametrize(
    "source", ["file:///etc/shadow", "https://ca.test/'$(x)", "http://ca.test/ari", "https://ca.test/" + "../x"]
)
def test_an_address_for_renewals_that_is_not_safe_is_none(wire: Any, source: str) -> None:
    body = json.dumps({"newOrder": "https://ca.test/order", "renewalInfo": source}).encode("ascii")
    wire.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    assert directory.fetch("http://ca.test/dir", None).renewal_info is None


def test_a_failure_is_of_a_length_that_can_be_shown_and_stored(wire: Any) -> None:
    body = json.dumps({"newOrder": "https://ca.test/order", "meta": {"profiles": {"p" * 500_000: "", "\x1b[2J": ""}}})
    wire.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body.encode("ascii"))
    with pytest.raises(IssueError) as raised:
        directory.fetch("http://ca.test/dir", None).refuse_profile("other")
    assert len(raised.value.failure.message) < 2000
    told = failure("acme.unknown", "m" * 10**6, ["l" * 10**6] * 20)
    assert len(told.message) + len("".join(told.lines)) < 30_000


@given(mutated(WINDOW, DATED, DATED, REFUSED))
@example(answer=WINDOW.replace(b'"2027-01-15T12', b"[" * 5000))  # found by 10,000 examples: nested too deep
def test_any_answer_on_renewal_leaves_a_time_to_renew_and_one_to_ask_again(wire: Any, answer: bytes) -> None:
    wire.answer = answer
    leaf = make_leaf(authority_key=b"key", serial="0A")
    found = answered(lambda: renewal_info.fetch("http://ca.test/ari", leaf, None))
    if found is None:
        return
    assert found.retry_after is None or backoff.SHORTEST_LOOK <= found.retry_after <= backoff.LONGEST_LOOK
    for chosen in (found.begin, found.end):
        advice = Advice(LEAF, "", NOW + (found.retry_after or backoff.DEFAULT_LOOK), found.begin, found.end, chosen)
        due = due_of(make_config(schedule=Schedule(every_seconds=3600)), CERTIFICATE, make_stored(), advice)
        assert due is not None
        assert ISSUED <= due < ISSUED + DAY - 2 * 3600


@given(mutated(PROTOCOL.encode()))
def test_any_refusal_has_a_wait_within_bounds_or_none(log: bytes) -> None:
    text = log.decode("utf-8", "replace")
    found = retry_after.from_protocol(text)
    event("passed" if found is not None else "failed")
    assert found is None or 0 <= found <= backoff.LONGEST_RETRY_AFTER
    clock = retry_after.clock_from_protocol(text)
    assert clock is None or clock >= 0


def test_the_recordings_themselves_are_understood(wire: Any) -> None:
    wire.answer = DIRECTORY
    assert directory.fetch("http://ca.test/dir", None).date == NOW - 43200
    wire.answer = CHUNKED
    assert directory.fetch("http://ca.test/dir", None).profiles == ()
    wire.answer = DATED
    assert renewal_info.fetch("http://ca.test/ari", make_leaf(authority_key=b"key"), None).retry_after == 7200
    assert retry_after.from_protocol(PROTOCOL) == 7200
