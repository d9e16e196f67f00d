"""Chains as authorities send them: out of order, twice, with the root, with twins; by names, without a library."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Optional

import pytest

from acmewrap.formats.timefmt import instant
from acmewrap.pki import x509
from acmewrap.pki.chain import chain_end, has_issued, sort_chain
from synthetic import DAY, NOW, der, make_certificate

SERIAL = iter(range(1, 1000))


def make(subject: str, issuer: str, end: int = NOW + DAY) -> x509.X509:
    point = b"\x04" + subject.encode()[:1] * 64
    data = make_certificate([], point=point, serial=next(SERIAL), subject=subject, issuer=issuer, begin=NOW, end=end)
    return x509.parse_pem(data)[0]


LEAF, MIDDLE, ROOT = make("leaf", "middle"), make("middle", "root"), make("root", "root")
CROSS = make("root", "older", end=NOW - 1)
OLDER, STRAY = make("older", "older"), make("stray", "stray")


@pytest.mark.parametrize("sent", list(permutations((MIDDLE, ROOT, MIDDLE, STRAY, LEAF))))
def test_a_chain_in_any_order_is_sorted_by_issuer_each_once_and_without_what_does_not_belong(sent: tuple) -> None:  # type: ignore[type-arg]
    assert sort_chain(LEAF, sent) == (MIDDLE, ROOT)


@pytest.mark.parametrize("sent", [(), (ROOT,), (STRAY,), (LEAF,)])
def test_without_the_issuer_of_the_leaf_there_is_no_chain(sent: tuple) -> None:  # type: ignore[type-arg]
    assert sort_chain(LEAF, sent) == ()


def test_a_chain_may_end_below_the_root() -> None:
    assert sort_chain(LEAF, (MIDDLE,)) == (MIDDLE,)


def test_the_cross_signed_twin_of_a_root_stays_beside_it() -> None:
    assert sort_chain(LEAF, (CROSS, MIDDLE, OLDER, ROOT)) == (MIDDLE, CROSS, ROOT, OLDER)


@pytest.mark.parametrize(
    ("sent", "end"),
    [
        ((MIDDLE, ROOT), NOW + DAY),
        ((MIDDLE, CROSS), NOW - 1),
        ((MIDDLE, CROSS, ROOT), NOW + DAY),
        ((make("middle", "root", end=NOW - 1), MIDDLE), NOW + DAY),
        ((ROOT,), None),
    ],
    ids=["no-root-counts", "a-cross-signed-one-does", "but-not-beside-its-root", "the-longer-of-two", "no-chain"],
)
def test_a_chain_ends_when_no_way_up_is_left(sent: tuple, end: Optional[int]) -> None:  # type: ignore[type-arg]
    assert chain_end(LEAF, sent) == (None if end is None else instant(end))


def spelled(tag: int, text: bytes) -> bytes:
    return der(0x30, der(0x31, der(0x30, b"\x06\x03\x55\x04\x03", der(tag, text))))


@pytest.mark.parametrize(
    ("spelling", "same"),
    [
        (spelled(0x13, b"Test  ROOT "), True),
        (spelled(0x1E, "test root".encode("utf-16-be")), True),
        (spelled(0x0C, b"testroot"), False),
        (spelled(0x04, b"test root"), False),
        (spelled(0x0C, b"\xff"), False),
        (b"\x30", False),
    ],
)
def test_a_name_may_be_encoded_in_another_way(spelling: bytes, same: bool) -> None:
    upper, lower = replace(MIDDLE, subject_der=spelled(0x0C, b"Test Root")), replace(LEAF, issuer_der=spelling)
    assert has_issued(upper, lower) == same
    assert has_issued(replace(upper, subject_der=spelling), lower)


@pytest.mark.parametrize(
    ("own", "wanted", "fits"), [(b"1", b"1", True), (b"1", b"2", False), (b"", b"2", True), (b"1", b"", True)]
)
def test_an_issuer_of_that_name_with_another_key_is_another(own: bytes, wanted: bytes, fits: bool) -> None:
    upper, lower = replace(MIDDLE, subject_key=own), replace(LEAF, authority_key=wanted)
    assert bool(sort_chain(lower, [upper])) == fits
