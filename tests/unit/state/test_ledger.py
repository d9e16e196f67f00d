"""What is written down of failures and proofs, and that it survives whatever happens to the file."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acmewrap.errors import AcmewrapError
from acmewrap.failures import failure
from acmewrap.state.ledger import Ledger, LedgerEntry

MINUTE, DAY = 60, 86400
NOW = 1_800_000_000
REFUSED = failure("dsm.login_refused", "the NAS refused the login", user="certupdater")


def waits(count: int, **options: float) -> List[float]:
    entry = LedgerEntry()
    found: List[float] = []
    for _ in range(count):
        entry = entry.fail(REFUSED, NOW, **options)
        found.append(entry.next_try - NOW)
    return found


def test_each_failure_waits_twice_as_long_as_the_one_before_but_never_past_the_same_hour_of_the_next_day() -> None:
    assert waits(12, jitter=0) == [*(5 * MINUTE * 2**count for count in range(9)), *[23 * 60 * MINUTE] * 3]


@given(st.integers(min_value=0, max_value=40))
def test_the_wait_is_spread_by_a_fifth_and_no_more(attempts: int) -> None:
    plain = LedgerEntry(attempts=attempts).fail(REFUSED, NOW, jitter=0).next_try - NOW
    spread = LedgerEntry(attempts=attempts).fail(REFUSED, NOW).next_try - NOW
    assert plain * 0.8 - 1 <= spread <= plain * 1.2 + 1


def test_waits_of_different_machines_differ() -> None:
    assert len({LedgerEntry(attempts=8).fail(REFUSED, NOW).next_try for _ in range(20)}) > 1


def test_a_failure_is_kept_with_its_id_message_and_remedy() -> None:
    entry = LedgerEntry().fail(REFUSED, NOW)
    assert entry.attempts == 1
    assert entry.error == {"id": REFUSED.id, "message": REFUSED.message, "remedy": REFUSED.remedy}


def test_a_proof_ends_the_account_of_failures() -> None:
    entry = LedgerEntry().want("aa").fail(REFUSED, NOW).prove("aa", NOW + 5.7)
    assert entry == LedgerEntry(wanted="aa", seen="aa", seen_at=NOW + 5)


def test_another_leaf_begins_a_new_account_and_remembers_what_was_seen() -> None:
    entry = LedgerEntry().prove("aa", NOW).want("bb").fail(REFUSED, NOW)
    assert entry.want("bb") is entry
    assert entry.want("cc") == LedgerEntry(wanted="cc", seen="aa", seen_at=NOW)


def test_what_is_put_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "home" / ".ledger.json"
    entry = LedgerEntry().want("aa").fail(REFUSED, NOW)
    Ledger.load(path).put("nas/dsm", entry)
    assert Ledger.load(path).get("nas/dsm") == entry
    assert Ledger.load(path).get("nas") == LedgerEntry()
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_read_again_however_many_certificates_it_is_about(tmp_path: Path) -> None:
    path, entry = tmp_path / "ledger", LedgerEntry(places=["x" * 4000] * 1500)  # as much as ten thousand others
    Ledger.load(path).put("nas/dsm", entry)
    assert Ledger.load(path).get("nas/dsm") == entry


def test_what_is_dropped_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger.load(path)
    ledger.put("nas", LedgerEntry(attempts=1))
    ledger.drop("nas")
    ledger.drop("never there")
    assert Ledger.load(path).get("nas") == LedgerEntry()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'{"version": 1}',
        b'{"entries": 3}',
        b'{"entries": {"nas": 3}}',
        b"\xff\xfe\x00",
    ],
)
def test_a_damaged_file_is_an_empty_ledger_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(content)
    ledger = Ledger.load(path)
    assert ledger.names() == ()
    ledger.put("nas", LedgerEntry(attempts=1))
    assert Ledger.load(path).get("nas") == LedgerEntry(attempts=1)


@given(st.binary(max_size=300))
def test_no_content_makes_reading_it_fail(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger"
        path.write_bytes(content)
        Ledger.load(path).get("nas")


def test_a_file_that_is_cut_short_at_any_byte_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    Ledger.load(path).put("nas", LedgerEntry().want("aa").fail(REFUSED, NOW))
    whole = path.read_bytes()
    for length in range(len(whole) - 2):
        path.write_bytes(whole[:length])
        assert Ledger.load(path).names() == ()


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "home" / "ledger"
    ledger = Ledger.load(path)
    ledger.put("nas", LedgerEntry(attempts=1))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        ledger.put("nas", LedgerEntry(attempts=2))
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["ledger"]


def test_threads_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger.load(path)
    threads = [threading.Thread(target=ledger.put, args=(f"name {n}", LedgerEntry(attempts=n))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = Ledger.load(path)
    assert [again.get(f"name {n}").attempts for n in range(16)] == list(range(16))


def test_what_a_later_version_wrote_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    text = json.dumps({"version": 2, "entries": {"nas": {"wanted": "ab", "proofs": []}}, "more": {}})
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AcmewrapError, match="format 2") as raised:
        Ledger.load(path)
    assert (raised.value.id, raised.value.exit_code) == ("home.newer", 1)
    assert str(tmp_path) in raised.value.remedy
    assert path.read_text(encoding="utf-8") == text


GOOD = {
    "wanted": "aa",
    "seen": "aa",
    "seen_at": NOW,
    "seen_until": NOW + DAY,
    "attempts": 2,
    "next_try": NOW,
    "error": None,
}
ADVICE = {"leaf": "aa", "source": "https://ca.test/ari", "next_look": NOW}
ODD = [None, True, -1, 10**30, 1.5, "text", [], {}, [1], {"id": 1}, {"id": "a", "message": "b"}]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("field", [*GOOD, "unknown"])
def test_an_entry_of_wrong_types_is_looked_at_again_and_no_other_is_lost(
    tmp_path: Path, field: str, value: object
) -> None:
    file = tmp_path / ".ledger.json"
    document = {
        "version": 1,
        "entries": {"odd": {**GOOD, field: value}, "good": GOOD},
        "advices": {"odd": value, "a": ADVICE},
    }
    file.write_text(json.dumps(document), encoding="utf-8")
    ledger = Ledger.load(file)
    assert ledger.get("good") == LedgerEntry(**GOOD)  # type: ignore[arg-type]
    assert ledger.advice("a", "aa") is not None
    assert ledger.advice("odd", "aa") is None
    odd = ledger.get("odd")
    assert odd in (LedgerEntry(), LedgerEntry(**{**GOOD, field: value}) if field in GOOD else LedgerEntry())  # type: ignore[arg-type]
    assert odd.fail(REFUSED, NOW).next_try > NOW
    ledger.put("odd", odd.prove("bb", NOW))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"entries": []}', '{"entries": 7, "advices": "x"}', "null", '"\\ud800"', "\xff"]
)
def test_a_ledger_that_is_no_document_is_an_empty_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / ".ledger.json"
    file.write_bytes(text.encode("latin-1"))
    assert Ledger.load(file).names() == ()
