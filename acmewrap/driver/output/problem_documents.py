"""The authority's JSON in acme.sh's words: whole, inside another answer, or cut off in the middle."""

from __future__ import annotations

import json
import re
from typing import Dict, List, Optional, Tuple

from ...formats.text import visible
from .events import Problem

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TYPE = re.compile(r'"type"\s*:\s*"(urn:[^"\\]+)"')
_LONGEST = 20_000
_DETAIL = re.compile(r'"detail"\s*:\s*"((?:[^"\\]|\\.)*)')


def plain(line: str) -> str:
    """*line* as a terminal may show it: no colours, no control characters, no blanks at its ends."""
    return _CONTROL.sub("", _ANSI.sub("", line)).strip()


def document_at_start(text: str) -> Optional[Dict[str, object]]:
    """The JSON object with which *text* begins, or None."""
    try:
        document, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def problems(text: str) -> Tuple[Tuple[int, Problem], ...]:
    """Every problem document in *text* with its position, whole, inside another document, or cut off."""
    found: List[Tuple[int, Problem]] = []
    for match in _TYPE.finditer(text):
        document = _around(text, match.start())
        if document is None:
            cut = _DETAIL.search(text, match.end(), match.end() + _LONGEST)
            document = {"detail": cut[1] if cut else ""}
        detail, status = visible(str(document.get("detail", "")).strip()), document.get("status")
        found.append((match.start(), Problem(match[1], detail, status if isinstance(status, int) else None)))
    return tuple(found)


def _around(text: str, position: int) -> Optional[Dict[str, object]]:
    """The JSON object of which the key at *position* is one; another small object (an identifier) may come before it."""
    opening = position
    for _ in range(4):
        opening = text.rfind("{", 0, opening)
        if opening < 0:
            return None
        document = document_at_start(text[opening : opening + _LONGEST])
        if document is not None and str(document.get("type", "")).startswith("urn:"):
            return document
    return None
