"""PEM (RFC 7468): what stands between the lines that say BEGIN and END, as bytes that are not looked into."""

from __future__ import annotations

import base64
import binascii
import functools
import re
from typing import Iterator, Tuple

_BLOCK = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9 ]+)-----\s*(?P<body>[A-Za-z0-9+/=\s]+?)-----END (?P=label)-----", re.DOTALL
)
_JOINED = re.compile(rb"-----END CERTIFICATE-----[^\r\n]*-----BEGIN")


@functools.lru_cache(maxsize=32)  # many certificates of a machine have the same chain
def certificates(data: bytes) -> Tuple[bytes, ...]:
    """The DER of all certificates in their order. Raises ValueError when there is none, or for one that OpenSSL would not take."""
    if _JOINED.search(data):
        raise ValueError("a certificate begins in the line where another ends; a line break is missing between them")
    found = tuple(body for label, body in blocks(data) if label == b"CERTIFICATE")
    if not found:
        raise ValueError("no PEM certificate in it")
    return found


def blocks(data: bytes) -> Iterator[Tuple[bytes, bytes]]:
    """Label and content of each block. Raises ValueError at one that is not base64."""
    for match in _BLOCK.finditer(data):
        try:
            yield match.group("label"), base64.b64decode(b"".join(match.group("body").split()), validate=True)
        except binascii.Error as error:
            raise ValueError(f"broken PEM: {error}") from error


def encode(*certificates: bytes) -> bytes:
    """The DER of *certificates* as PEM."""
    lines = (b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % _wrapped(der) for der in certificates)
    return b"".join(lines)


def _wrapped(der: bytes) -> bytes:
    text = base64.b64encode(der)
    return b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
