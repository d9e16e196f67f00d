"""Just enough DER (X.690) to say of a certificate (RFC 5280) whose it is, until when, and whether a key belongs to it.

Pure Python, because DSM's Python has no package manager and a run with nothing to do must not start openssl. Nothing is
verified cryptographically here: keys are compared by their public part.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from datetime import datetime, timedelta, timezone
from typing import Iterable, Iterator, List, Optional, Tuple

from ..formats.timefmt import instant
from ..frozen import frozen
from . import pem
from .der import TEXTS, children, encode_length, inside
from .names import comparable

_CURVES = {
    b"\x2a\x86\x48\xce\x3d\x03\x01\x07": "ec-256",
    b"\x2b\x81\x04\x00\x22": "ec-384",
    b"\x2b\x81\x04\x00\x23": "ec-521",
}
_EC = b"\x2a\x86\x48\xce\x3d\x02\x01"
_PKCS1 = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01"  # rsaEncryption, RSASSA-PSS and the like
_KINDS = {b"\x2b\x65\x70": "ed25519", b"\x2b\x65\x71": "ed448"}  # RFC 8410
_COMMON_NAME = b"\x55\x04\x03"
SUBJECT_ALTERNATIVE_NAME = b"\x55\x1d\x11"
_BASIC_CONSTRAINTS = b"\x55\x1d\x13"
_SUBJECT_KEY_IDENTIFIER, _AUTHORITY_KEY_IDENTIFIER = b"\x55\x1d\x0e", b"\x55\x1d\x23"

_OBJECT, _UTC_TIME, _SEQUENCE = 0x06, 0x17, 0x30
_EMPTY = b"\x30\x00"  # a SEQUENCE of nothing


@frozen
class X509:
    """What one certificate says: times are aware, in UTC; ``serial`` in upper-case hex, ``names`` (DNS, IP) as text;
    ``key_pin`` is the SHA-256 of the SubjectPublicKeyInfo in base64, as curl pins it (RFC 7469 section 2.4).
    """

    sha256: str
    serial: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    names: Tuple[str, ...]
    key_type: str
    is_authority: bool
    authority_key: bytes
    subject_der: bytes
    issuer_der: bytes
    public_key: bytes
    key_pin: str
    der: bytes
    subject_key: bytes = b""

    @property
    def validity(self) -> Tuple[int, int]:
        """NotBefore and notAfter as seconds since 1970 UTC, to calculate with."""
        return int(self.not_before.timestamp()), int(self.not_after.timestamp())

    def names_beside(self, wanted: Iterable[str]) -> Tuple[str, ...]:
        """Its names without the *wanted* ones, which a template of the authority may have added."""
        asked = comparable(wanted)
        return tuple(name for name in self.names if not comparable((name,)) <= asked)

    @property
    def lifetime(self) -> timedelta:
        return self.not_after - self.not_before


def parse_pem(data: bytes) -> Tuple[X509, ...]:
    """All certificates of a PEM file in its order. Raises ValueError when there is none or one cannot be read."""
    return tuple(map(parse_der, pem.certificates(data)))


def find_der(der: bytes) -> Optional[X509]:
    """One DER certificate, None when it cannot be read."""
    try:
        return parse_der(der)
    except ValueError:
        return None


def parse_der(der: bytes) -> X509:
    """One DER certificate. Raises ValueError when it is none. What is only shown (names, the kind of key) may be of any kind."""
    try:
        return _parse(der)
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise ValueError("not a certificate") from error


def key_matches(key: bytes, certificate: X509) -> bool:
    """Whether the PEM private key *key* belongs to *certificate*. Raises ValueError as :func:`public_part` does."""
    return public_part(key) == certificate.public_key


def public_part(key: bytes) -> bytes:
    """The public key, as :attr:`X509.public_key` has it, of the PEM private key *key* (SEC 1, PKCS #1 or PKCS #8, not encrypted).
    Raises ValueError when it cannot be read.
    """
    try:
        return _public_part(key)
    except (IndexError, KeyError) as error:
        raise ValueError("not a private key") from error


@functools.lru_cache(maxsize=32)  # most certificates of a machine have the same issuers
def _parse(der: bytes) -> X509:
    fields = children(children(inside(der))[0][1])
    if fields[0][0] == 0xA0:  # version; absent in version 1
        fields = fields[1:]
    serial, _, issuer, validity, subject, public_key = fields[:6]
    not_before, not_after = (_time(tag, content) for tag, content, _ in children(validity[1]))
    extensions = dict(_extensions(fields[6:]))
    constraints = children(inside(extensions.get(_BASIC_CONSTRAINTS) or _EMPTY))
    issuer_key = children(inside(extensions.get(_AUTHORITY_KEY_IDENTIFIER, _EMPTY)))
    return X509(
        sha256=hashlib.sha256(der).hexdigest(),
        serial=serial[1].hex().upper(),
        subject=common_name(subject[1]),
        issuer=common_name(issuer[1]),
        not_before=not_before,
        not_after=not_after,
        names=tuple(alternative_names(extensions.get(SUBJECT_ALTERNATIVE_NAME, b""))),
        key_type=key_type_of(public_key[1]),
        is_authority=any(tag == 0x01 and content != b"\0" for tag, content, _ in constraints),
        authority_key=next((content for tag, content, _ in issuer_key if tag == 0x80), b""),
        subject_der=subject[2],
        issuer_der=issuer[2],
        public_key=public_key_of(public_key[1]),
        key_pin=base64.b64encode(hashlib.sha256(public_key[2]).digest()).decode("ascii"),
        der=der,
        subject_key=inside(extensions.get(_SUBJECT_KEY_IDENTIFIER, b"\x04\x00")),
    )


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:  # RFC 5280 4.1.2.5.1: two digits, 50 and above are the 1900s
        text = ("19" if text[:2] >= "50" else "20") + text
    if not re.fullmatch("[0-9]{14}Z", text):
        raise ValueError("a time in it is none")
    month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(4, 14, 2))
    return instant(datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=timezone.utc).timestamp())


def _extensions(fields: List[Tuple[int, bytes, bytes]]) -> Iterator[Tuple[bytes, bytes]]:
    for tag, content, _ in fields:
        if tag == 0xA3:
            for _, extension, _ in children(inside(content)):
                parts = children(extension)
                yield parts[0][1], parts[-1][1]


def common_name(name: bytes) -> str:
    try:
        for _, group, _ in children(name):
            for _, attribute, _ in children(group):
                (_, kind, _), (tag, value, _) = children(attribute)
                if kind == _COMMON_NAME:
                    return value.decode(TEXTS.get(tag, "utf-8"), "replace")
    except (IndexError, ValueError):
        return ""
    return ""


def alternative_names(extension: bytes) -> Iterator[str]:
    if not extension:
        return
    for tag, content, _ in children(inside(extension)):
        if tag == 0x82:
            yield content.decode("ascii", "backslashreplace")
        elif tag == 0x87:
            import ipaddress

            yield str(ipaddress.ip_address(content)) if len(content) in (4, 16) else f"IP {content.hex()}"


def public_key_of(info: bytes) -> bytes:
    """The key itself, of the content of a SubjectPublicKeyInfo."""
    return children(info)[1][1][1:]


def key_type_of(public_key: bytes) -> str:
    try:
        algorithm, bits = children(public_key)[:2]
        parameters = children(algorithm[1])
        kind = parameters[0][1]
        if kind == _EC:
            return _CURVES.get(parameters[1][1], "ec") if parameters[1][0] == _OBJECT else "ec"
        if not kind.startswith(_PKCS1):
            return _KINDS.get(kind, "unknown")
        modulus = children(children(bits[1][1:])[0][1])[0][1]
        return str(len(modulus.lstrip(b"\0")) * 8)
    except (IndexError, ValueError):
        return "unknown"


def _public_part(key: bytes) -> bytes:
    blocks = dict(pem.blocks(key))
    if b"PRIVATE KEY" in blocks:
        fields = children(inside(blocks[b"PRIVATE KEY"]))
        inner = fields[2][1]
        algorithm = children(fields[1][1])[0][1]
        return _rsa_public(inner) if algorithm.startswith(_PKCS1) else _ec_public(inner)
    if b"RSA PRIVATE KEY" in blocks:
        return _rsa_public(blocks[b"RSA PRIVATE KEY"])
    return _ec_public(blocks[b"EC PRIVATE KEY"])


def _ec_public(sec1: bytes) -> bytes:
    for tag, content, _ in children(inside(sec1)):
        if tag == 0xA1:
            return children(content)[0][1][1:]
    raise KeyError("the key does not hold its public part")


def _rsa_public(pkcs1: bytes) -> bytes:
    _, modulus, exponent = children(inside(pkcs1))[:3]
    content = modulus[2] + exponent[2]
    return bytes([_SEQUENCE]) + encode_length(len(content)) + content
