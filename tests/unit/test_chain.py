"""Chains as authorities send them: out of order, twice, with the root, with twins; by names, without a library."""

from __future__ import annotations

from itertools import permutations
from typing import Optional

import pytest

from acmewrap.formats.timefmt import instant
from acmewrap.pki import x509
from acmewrap.pki.chain import chain_end, sort_chain
from synthetic import DAY, NOW, make_certificate

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
