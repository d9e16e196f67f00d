"""The addresses of healthchecks.io and its like: START, SUCCESS by the address alone, or an exit code, each with the run's id."""

from __future__ import annotations

import os


def address(url: str, word: str, run: str) -> str:
    """*url* with *word* (``start``, an exit code, or nothing) at the end of its path, and the id of the *run*."""
    path, mark, query = url.strip().partition("?")
    path = f"{path.rstrip('/')}/{word}" if word else path
    return f"{path}?{query}{'&' if mark else ''}rid={run}"


def new_run() -> str:
    """A random UUID (RFC 9562 section 5.4) that tells the run; :mod:`uuid` takes longer to import than a run with nothing to do."""
    digits = bytearray(os.urandom(16))
    digits[6], digits[8] = digits[6] & 0x0F | 0x40, digits[8] & 0x3F | 0x80
    text = digits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
