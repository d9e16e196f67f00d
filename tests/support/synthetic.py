"""Certificates and keys that never saw a cryptographic library: enough DER for what acmewrap reads, made without a process.

And releases of acme.sh that nobody published, pinned for the length of a test.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Mapping, Optional, Sequence

import pytest

from acmewrap.driver.homes.home import CertificateFiles, Home
from acmewrap.system import resources

NOW = calendar.timegm((2026, 6, 1, 12, 0, 0))
DAY = 86400
_EC = bytes.fromhex("06072a8648ce3d0201") + bytes.fromhex("06082a8648ce3d030107")  # ecPublicKey, prime256v1
_SIGNATURE = bytes.fromhex("300a06082a8648ce3d040302")


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    packed = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(packed)]) + packed + content


def pem(label: str, data: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n".encode()


def name(text: str) -> bytes:
    return der(0x30, der(0x31, der(0x30, b"\x06\x03\x55\x04\x03", der(0x0C, text.encode()))))


def moment(seconds: int) -> bytes:
    return der(0x17, time.strftime("%y%m%d%H%M%SZ", time.gmtime(seconds)).encode())


POINT = b"\x04" + b"p" * 64


def certificate(
    *, subject: bytes = b"", dates: bytes = b"", public_key: bytes = b"", extensions: bytes = b"", version: bytes = b""
) -> bytes:
    """A certificate of which a test replaces one part by its own."""
    dates = dates or der(0x30, der(0x17, b"260601120000Z"), der(0x17, b"260602120000Z"))
    algorithm = der(0x30, bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107"))
    public_key = public_key or der(0x30, algorithm, der(0x03, b"\0" + POINT))
    parts = (
        version,
        der(0x02, b"\x7f"),
        der(0x30),
        name("issuer"),
        dates,
        subject or name("subject"),
        public_key,
        extensions,
    )
    return der(0x30, der(0x30, *parts), der(0x30), der(0x03, b"\0"))


def extension(identifier: bytes, *value: bytes) -> bytes:
    return der(0xA3, der(0x30, der(0x30, der(0x06, identifier), der(0x04, der(0x30, *value)))))


def make_certificate(
    names: Sequence[str], *, point: bytes, serial: int, subject: str, issuer: str, begin: int, end: int
) -> bytes:
    alternatives = der(0x30, *(der(0x82, one.encode()) for one in names))
    extension = der(0x30, b"\x06\x03\x55\x1d\x11", der(0x04, alternatives))
    body = der(
        0x30,
        der(0xA0, der(0x02, b"\x02")),
        der(0x02, serial.to_bytes(8, "big")),
        _SIGNATURE,
        name(issuer),
        der(0x30, moment(begin), moment(end)),
        name(subject),
        der(0x30, der(0x30, _EC), der(0x03, b"\0" + point)),
        *([der(0xA3, der(0x30, extension))] if names else []),
    )
    return pem("CERTIFICATE", der(0x30, body, _SIGNATURE, der(0x03, b"\0signed by nobody")))


def make_key(point: bytes) -> bytes:
    return pem(
        "EC PRIVATE KEY", der(0x30, der(0x02, b"\x01"), der(0x04, b"secret"), der(0xA1, der(0x03, b"\0" + point)))
    )


@dataclass(frozen=True)
class Folder:
    """What lies in a certificate's folder; None: the file is missing. ``generation`` tells keys and certificates apart."""

    domain: str = "nas.example.com"
    names: Sequence[str] = ("nas.example.com",)
    generation: int = 1
    key: Optional[bytes] = b""
    leaf: Optional[bytes] = b""
    chain: Optional[bytes] = b""
    fullchain: Optional[bytes] = b""
    configuration: Optional[str] = ""
    next_renewal: int = NOW * 2
    more: str = ""
    begin: int = NOW
    end: int = NOW + DAY
    chain_end: int = NOW + 9 * DAY

    def but(self, **changes: object) -> Folder:
        return replace(self, **changes)  # type: ignore[arg-type]

    def write(self, home: Path, *, ecc: bool = True) -> CertificateFiles:
        files = Home(home).files_of(self.domain, ecc)
        files.folder.mkdir(parents=True, exist_ok=True)
        point = b"\x04" + bytes([self.generation]) * 64
        leaf = make_certificate(
            self.names,
            point=point,
            serial=self.generation,
            subject=self.names[0] if self.names else self.domain,
            issuer="Intermediate",
            begin=self.begin,
            end=self.end,
        )
        chain = make_certificate(
            (),
            point=b"\x04" + b"i" * 64,
            serial=99,
            subject="Intermediate",
            issuer="Root",
            begin=NOW,
            end=self.chain_end,
        )
        others = ",".join(one for one in self.names if one != self.domain) or "no"
        text = f"Le_Domain='{self.domain}'\nLe_Alt='{others}'\nLe_NextRenewTime='{self.next_renewal}'\n{self.more}"
        for path, given, usual in (
            (files.key, self.key, make_key(point)),
            (files.certificate, self.leaf, leaf),
            (files.chain, self.chain, chain),
            (files.fullchain, self.fullchain, leaf + chain),
            (files.configuration, None if self.configuration is None else self.configuration.encode(), text.encode()),
        ):
            if given is None:
                if path.exists():
                    path.unlink()
            else:
                path.write_bytes(given or usual)
        return files


def pin(patch: pytest.MonkeyPatch, version: str, contents: Mapping[str, bytes]) -> None:
    """Have acme.sh *version* be pinned beside the others, as the newest: these files (path -> content), and no URL to get them."""
    read_text = resources.read_text
    lines = (f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in contents.items())
    manifest, entry = (
        "".join(lines),
        f'"{version}": {{url: "https://releases.invalid/", sha256: "{"0" * 64}", witnesses: [a, b]}}\n',
    )

    def read(name: str) -> str:
        if name == f"vendor/manifests/{version}.sha256":
            return manifest
        return read_text(name) + (entry if name == "vendor/releases.yaml" else "")

    patch.setattr(resources, "read_text", read)
