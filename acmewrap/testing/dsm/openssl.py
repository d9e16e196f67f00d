"""Certificates read and judged by the ``openssl`` command (1.1.1 or later), as DSM judges an upload. All PEM, as bytes."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Tuple

from ...system.files import PRIVATE, write_atomic
from ..counterpart import find_program

_REQUEST_CONFIGURATION = "[req]\ndistinguished_name = name\n[name]\n"
_NAME_FIELDS = {
    "commonName": "common_name",
    "countryName": "country",
    "localityName": "city",
    "organizationName": "organization",
    "organizationalUnitName": "department",
    "stateOrProvinceName": "state",
}


@dataclass(frozen=True)
class CertificateFacts:
    """What a certificate says of itself; names in DSM's words, dates as OpenSSL has them (``May  7 00:23:19 2026 GMT``)."""

    subject: Dict[str, str]
    issuer: Dict[str, str]
    names: Tuple[str, ...]
    valid_from: str
    valid_till: str
    key_algorithm: str
    key_bits: int
    signature_algorithm: str
    public_key: bytes


def run_openssl(*arguments: str, feed: bytes = b"") -> bytes:
    """Standard output of ``openssl``. Raises subprocess.CalledProcessError when it refuses, AcmewrapError when it is missing."""
    return subprocess.run(
        [find_program("openssl", "openssl"), *arguments], input=feed, capture_output=True, check=True
    ).stdout


def create_factory_certificate(algorithm: str = "EC") -> Tuple[bytes, bytes]:
    """Key and self-signed certificate as a NAS comes with them: for ``synology.com``, without alternative names."""
    option = "ec_paramgen_curve:P-256" if algorithm == "EC" else "rsa_keygen_bits:2048"
    key = run_openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option)
    with tempfile.TemporaryDirectory(prefix="acmewrap-dsm-") as text:
        key_file, configuration = Path(text, "key.pem"), Path(text, "openssl.cnf")
        write_atomic(key_file, key, PRIVATE)
        configuration.write_text(_REQUEST_CONFIGURATION, encoding="ascii")
        request = ["-new", "-x509", "-days", "365", "-config", str(configuration), "-key", str(key_file)]
        return key, run_openssl("req", *request, "-subj", "/C=TW/L=Taipei/O=Synology Inc./CN=synology.com")


def read_certificate(certificate: bytes) -> CertificateFacts:
    """The facts of the first certificate in *certificate*. Raises subprocess.CalledProcessError when there is none."""
    text = run_openssl(
        "x509", "-noout", "-text", "-pubkey", "-nameopt", "multiline,utf8,-esc_msb", feed=certificate
    ).decode("utf-8", "replace")
    alternatives = re.search(r"X509v3 Subject Alternative Name:.*\n\s+(.+)", text)
    bits = re.search(r"Public-Key: \((\d+) bit", text)
    return CertificateFacts(
        subject=_read_name(text, "Subject"),
        issuer=_read_name(text, "Issuer"),
        names=tuple(part.split(":", 1)[1] for part in alternatives.group(1).split(", ")) if alternatives else (),
        valid_from=_read_line(text, "Not Before"),
        valid_till=_read_line(text, "Not After *"),
        key_algorithm=_read_line(text, "Public Key Algorithm"),
        key_bits=int(bits.group(1)) if bits else 0,
        signature_algorithm=_read_line(text, "Signature Algorithm"),
        public_key="".join(re.findall(r"-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----\n", text)).encode(),
    )


def read_public_key(key: bytes) -> bytes:
    """The public half of a private key. Raises subprocess.CalledProcessError when it is none, or needs a passphrase."""
    return run_openssl("pkey", "-passin", "pass:", "-pubout", feed=key)


def is_issued_by(certificate: bytes, issuers: bytes) -> bool:
    """Whether one of *issuers*, or a chain made of them, signed *certificate*. Dates are not looked at."""
    with tempfile.TemporaryDirectory(prefix="acmewrap-tls-") as text:
        leaf, trusted = Path(text, "leaf.pem"), Path(text, "trusted.pem")
        leaf.write_bytes(certificate)
        trusted.write_bytes(issuers)
        try:
            run_openssl("verify", "-no_check_time", "-partial_chain", "-trusted", str(trusted), str(leaf))
        except subprocess.CalledProcessError:
            return False
    return True


def _read_line(text: str, label: str) -> str:
    match = re.search(rf"{label}: *(.+)", text)
    return match.group(1).strip() if match else ""


def _read_name(text: str, label: str) -> Dict[str, str]:
    block = re.search(rf"{label}:((?:\n +\w+ += .*)*)", text)
    pairs = re.findall(r"(\w+) += (.*)", block.group(1)) if block else []
    return {_NAME_FIELDS[name]: value for name, value in pairs if name in _NAME_FIELDS}
