"""The certificates above a leaf (RFC 5280 section 6, RFC 8446 section 4.4.2), by names alone: whether they lead up, in which order.

An authority may send them in any order, one twice, its root along, or twins: one name and key, signed by several issuers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, List, Optional, Sequence, Tuple

from .x509 import X509


def sort_chain(leaf: X509, sent: Sequence[X509]) -> Tuple[X509, ...]:
    """Those of *sent* that lead up from *leaf*, each once and after what it signed; empty when its issuer is not among them."""
    return tuple(one for level in _levels(leaf, sent) for one in level)


def chain_end(leaf: X509, sent: Sequence[X509]) -> Optional[datetime]:
    """Until when they lead up, None without a limit. Of twins the longest-lived counts; a root ends by those who trust it."""
    ends: List[datetime] = []
    for level in _levels(leaf, sent):
        if any(one.issuer_der == one.subject_der for one in level):
            break
        ends.append(max(one.not_after for one in level))
    return min(ends, default=None)


def _levels(leaf: X509, sent: Sequence[X509]) -> Iterator[List[X509]]:
    left = {one.der: one for one in sent if one.der != leaf.der}
    wanted = {leaf.issuer_der}
    while True:
        level = [one for one in left.values() if one.subject_der in wanted]
        if not level:
            return
        yield level
        wanted = {one.issuer_der for one in level}
        left = {der: one for der, one in left.items() if one not in level}
