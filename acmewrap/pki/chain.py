"""The certificates above a leaf (RFC 5280 section 6, RFC 8446 section 4.4.2), by names alone: whether they lead up, in which order.

An authority may send them in any order, one twice, its root along, or twins: one name and key, signed by several issuers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, List, Optional, Sequence, Tuple

from .x509 import X509


def sort_chain(leaf: X509, sent: Sequence[X509]) -> Tuple[X509, ...]:
    """Those of *sent* that lead up from *leaf*, each once and after what it signed; empty when its issuer is not among them."""
    return tuple(issuer for level in _levels(leaf, sent) for issuer in level)


def chain_end(leaf: X509, sent: Sequence[X509]) -> Optional[datetime]:
    """Until when they lead up, None without a limit. Of twins the longest-lived counts; a root ends by those who trust it."""
    ends: List[datetime] = []
    for level in _levels(leaf, sent):
        if any(issuer.issuer_der == issuer.subject_der for issuer in level):
            break
        ends.append(max(issuer.not_after for issuer in level))
    return min(ends, default=None)


def _levels(leaf: X509, sent: Sequence[X509]) -> Iterator[List[X509]]:
    left = {issuer.der: issuer for issuer in sent if issuer.der != leaf.der}
    wanted = {leaf.issuer_der}
    while True:
        level = [issuer for issuer in left.values() if issuer.subject_der in wanted]
        if not level:
            return
        yield level
        wanted = {issuer.issuer_der for issuer in level}
        left = {der: one for der, one in left.items() if one not in level}
