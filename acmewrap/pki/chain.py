"""The certificates above a leaf (RFC 5280 section 6, RFC 8446 section 4.4.2), by names and key identifiers, as OpenSSL builds a
chain before it verifies a signature: whether they lead up, in which order.

An authority may send them in any order, one twice, its root along, or twins: one name and key, signed by several issuers.
"""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Iterator, List, Optional, Sequence, Tuple

from .der import TEXTS, children, inside
from .x509 import X509


def sort_chain(leaf: X509, sent: Sequence[X509]) -> Tuple[X509, ...]:
    """Those of *sent* that lead up from *leaf*, each once and after what it signed; empty when its issuer is not among them."""
    return tuple(issuer for level in _levels(leaf, sent) for issuer in level)


def chain_end(leaf: X509, sent: Sequence[X509]) -> Optional[datetime]:
    """Until when they lead up, None without a limit. Of twins the longest-lived counts; a root ends by those who trust it."""
    ends: List[datetime] = []
    for level in _levels(leaf, sent):
        if any(has_issued(issuer, issuer) for issuer in level):
            break
        ends.append(max(issuer.not_after for issuer in level))
    return min(ends, default=None)


def has_issued(upper: X509, lower: X509) -> bool:
    """Whether name and key identifier of *upper* are those that *lower* says its issuer has. Names may be encoded differently
    (RFC 5280 section 7.1); an authority that made its key anew under its old name has another identifier (section 4.2.1.1).
    """
    known = upper.subject_key and lower.authority_key
    return _spelled(upper.subject_der) == _spelled(lower.issuer_der) and (not known or known == upper.subject_key)


def _levels(leaf: X509, sent: Sequence[X509]) -> Iterator[List[X509]]:
    left = {issuer.der: issuer for issuer in sent if issuer.der != leaf.der}
    level = [leaf]
    while True:
        level = [issuer for issuer in left.values() if any(has_issued(issuer, lower) for lower in level)]
        if not level:
            return
        yield level
        left = {der: one for der, one in left.items() if one not in level}


@functools.lru_cache(maxsize=64)
def _spelled(name: bytes) -> object:
    """*name* in one spelling: text of any encoding, in small letters, with single blanks; what is no name stays as it is."""
    try:
        return tuple(frozenset(map(_attribute, children(group))) for _, group, _ in children(inside(name)))
    except (IndexError, ValueError):
        return name


def _attribute(attribute: Tuple[int, bytes, bytes]) -> Tuple[bytes, object]:
    (_, kind, _), (tag, value, whole) = children(attribute[1])
    return kind, " ".join(value.decode(TEXTS[tag]).lower().split()) if tag in TEXTS else whole
