"""When an authority wants a certificate to be renewed: ACME Renewal Information (ARI, RFC 9773).

It is asked from here and not by acme.sh, which (3.1.4 and later) asks for every certificate in every run, waits 100 seconds for
each when the authority is down, and renews again and again within a window that has passed.
"""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from ..backoff import LONGEST_LOOK, SHORTEST_LOOK
from ..config.arguments import is_safe_url
from ..errors import UnreachableError
from ..failures import failure
from ..formats import jsontext
from ..frozen import frozen
from ..pki.x509 import X509
from . import directory
from .retry_after import waiting_time


@frozen
class RenewalInfo:
    """The authority's answer: a window of time (seconds since 1970 UTC), why, and after how many seconds to ask again."""

    begin: int
    end: int
    explanation: Optional[str] = None
    retry_after: Optional[int] = None


def certificate_id(leaf: X509) -> str:
    """The name of a certificate at ``renewalInfo`` (RFC 9773 section 4.1). Raises ValueError when it names no issuer's key."""
    if not leaf.authority_key:
        raise ValueError("the certificate has no authorityKeyIdentifier")
    return f"{_encode(leaf.authority_key)}.{_encode(bytes.fromhex(leaf.serial))}"


def fetch(source: str, leaf: X509, ca_bundle: Optional[Path], proxy: directory.Through = None) -> RenewalInfo:
    """What the authority says of *leaf*; *source* is the directory's ``renewalInfo``. Raises :class:`UnreachableError` as
    :func:`directory.fetch` does, ``ca.no_advice`` when the answer makes no sense.
    """
    try:
        url = f"{source.rstrip('/')}/{certificate_id(leaf)}"
        reply = directory.read(url, ca_bundle, proxy)
        return _parse(jsontext.parse(reply.body), reply.headers.get("retry-after"), reply.date)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        message = f"{source}: no window of renewal for the certificate {leaf.serial}: {error}"
        raise UnreachableError(failure("ca.no_advice", message)) from error


def _parse(document: Any, retry_after: Optional[str], date: Optional[float]) -> RenewalInfo:
    window, explanation = document["suggestedWindow"], document.get("explanationURL")
    begin, end = _seconds(window["start"]), _seconds(window["end"])
    if end <= begin:
        raise ValueError("the window ends before it begins")
    wait = waiting_time(retry_after, date)
    wait = None if wait is None else min(max(wait, SHORTEST_LOOK), LONGEST_LOOK)
    safe = isinstance(explanation, str) and is_safe_url(explanation)
    return RenewalInfo(begin, end, explanation if safe else None, wait)


def _seconds(text: str) -> int:
    """RFC 3339; fractions of any length, which Python before 3.11 does not read."""
    day, _, rest = text.replace("t", "T").partition("T")
    clock, offset = rest[:8], rest[8:].lstrip(".0123456789")
    moment = datetime.strptime(f"{day}T{clock}{'+0000' if offset in ('Z', 'z') else offset}", "%Y-%m-%dT%H:%M:%S%z")
    return int(moment.astimezone(timezone.utc).timestamp())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
