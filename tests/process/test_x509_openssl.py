"""The pure Python reading of certificates and keys, held against what openssl makes and says."""

from __future__ import annotations

import base64
import calendar
import hashlib
import subprocess
import time
from pathlib import Path

import pytest

from acmewrap.config.model import KeyType
from acmewrap.pki import x509
from acmewrap.pki.chain import sort_chain
from acmewrap.testing.certificates import make_intermediate, make_leaf, make_root


def openssl(*arguments: object) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


@pytest.mark.parametrize("key_type", ["ec-256", "ec-384", "ec-521", "2048", "3072"])
def test_openssl_and_we_read_the_same(tmp_path: Path, key_type: KeyType) -> None:
    root = make_root(tmp_path)
    pair = make_leaf(
        tmp_path, make_intermediate(tmp_path, root), ["nas.example.com", "192.0.2.7", "2001:db8::1"], key_type=key_type
    )
    leaf, issuer = x509.parse_pem(pair.fullchain.read_bytes())
    reported = dict(
        line.partition("=")[::2]
        for line in openssl(
            "x509", "-in", pair.certificate, "-noout", "-serial", "-enddate", "-startdate", "-fingerprint", "-sha256"
        ).splitlines()
    )
    assert leaf.serial.lstrip("0") == reported["serial"].lstrip("0")
    assert leaf.validity[1] == calendar.timegm(time.strptime(reported["notAfter"], "%b %d %H:%M:%S %Y %Z"))
    assert leaf.validity[0] == calendar.timegm(time.strptime(reported["notBefore"], "%b %d %H:%M:%S %Y %Z"))
    assert (
        leaf.sha256 == next(value for name, value in reported.items() if "ingerprint" in name).replace(":", "").lower()
    )
    key = base64.b64decode("".join(openssl("x509", "-in", pair.certificate, "-noout", "-pubkey").splitlines()[1:-1]))
    assert base64.b64decode(leaf.key_pin) == hashlib.sha256(key).digest()
    assert (leaf.names, leaf.key_type) == (("nas.example.com", "192.0.2.7", "2001:db8::1"), key_type)
    assert (issuer.is_authority, leaf.is_authority) == (True, False)
    above = (issuer, *x509.parse_pem(root.certificate.read_bytes()))
    assert sort_chain(leaf, above) == above


@pytest.mark.parametrize("key_type", ["ec-256", "ec-384", "2048"])
def test_a_key_is_recognised_however_openssl_writes_it(tmp_path: Path, key_type: KeyType) -> None:
    root = make_root(tmp_path)
    pair, other = (make_leaf(tmp_path, root, ["nas"], key_type=key_type, file=file) for file in ("nas", "other"))
    traditional = tmp_path / "traditional.key"
    openssl("pkey", "-in", pair.key, "-traditional", "-out", traditional)
    certificate = x509.parse_pem(pair.certificate.read_bytes())[0]
    assert b"BEGIN PRIVATE KEY" in pair.key.read_bytes()
    assert b"BEGIN PRIVATE KEY" not in traditional.read_bytes()
    assert x509.key_matches(pair.key.read_bytes(), certificate)
    assert x509.key_matches(traditional.read_bytes(), certificate)
    assert not x509.key_matches(other.key.read_bytes(), certificate)
