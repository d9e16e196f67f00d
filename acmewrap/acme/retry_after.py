"""How long an authority asks to be left alone: ``Retry-After`` (RFC 9110 section 10.2.3; RFC 8555 section 6.6).

acme.sh keeps it to itself: only its protocol log shows the headers of the refusal.
"""

from __future__ import annotations

import re
from typing import Optional

from ..backoff import LONGEST_RETRY_AFTER
from ..net.http import parse_date

_REFUSAL = re.compile(r"responseHeaders='HTTP/[0-9.]+ (?:429|503)\b.*?(?:'$|\Z)", re.MULTILINE | re.DOTALL)
_HEADER = re.compile(r"^retry-after:[ \t]*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_DATE = re.compile(r"^date:[ \t]*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)


def from_protocol(log: str) -> Optional[int]:
    """The seconds that the last refusal (429 or 503) in acme.sh's protocol log asks to wait; None when it does not say."""
    refusals = _REFUSAL.findall(log)
    if not refusals:
        return None
    header, date = _HEADER.search(refusals[-1]), _DATE.search(refusals[-1])
    return None if header is None else waiting_time(header.group(1), parse_date(date.group(1)) if date else None)


def clock_from_protocol(log: str) -> Optional[float]:
    """What the authority's clock said in the last of its answers (seconds since 1970 UTC)."""
    dates = _DATE.findall(log)
    return parse_date(dates[-1]) if dates else None


def waiting_time(value: Optional[str], date: Optional[float]) -> Optional[int]:
    """*value* of ``Retry-After`` in seconds, None for nonsense; a time of day is compared with the server's own clock, *date*."""
    if value is None:
        return None
    if re.fullmatch("[0-9]+", value.strip()):
        return min(int(value.strip()[:9]), LONGEST_RETRY_AFTER)
    then = parse_date(value)
    return None if then is None or date is None else int(min(max(then - date, 0), LONGEST_RETRY_AFTER))
