"""What is read of a certificate and a key; :mod:`tests.process.test_x509_openssl` holds it against what openssl makes."""

from __future__ import annotations

import base64
from datetime import timedelta, timezone
from typing import List, Tuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from acmewrap.formats.timefmt import instant
from acmewrap.pki import x509
from synthetic import DAY, NOW, POINT, certificate, der, extension, make_certificate, make_key, pem

RSA = bytes.fromhex("06092a864886f70d0101010500")
MODULUS, EXPONENT = der(0x02, b"\0" + b"\xc1" * 256), der(0x02, b"\x01\0\x01")
LEAF = make_certificate(
    ["a.example.com", "b.example.com"], point=POINT, serial=0x1F, subject="a", issuer="b", begin=NOW, end=NOW + DAY
)


def test_a_certificate_tells_whose_it_is_and_until_when() -> None:
    (leaf,) = x509.parse_pem(LEAF)
    assert (leaf.subject, leaf.issuer, leaf.serial) == ("a", "b", "000000000000001F")
    assert (leaf.not_before, leaf.not_after, leaf.lifetime) == (instant(NOW), instant(NOW + DAY), timedelta(days=1))
    assert (leaf.names, leaf.key_type, leaf.is_authority) == (("a.example.com", "b.example.com"), "ec-256", False)
    assert leaf.public_key == POINT
    assert len(leaf.sha256) == 64


def test_all_certificates_of_a_file_come_in_their_order_and_text_between_them_is_passed_over() -> None:
    data = b"subject: a\n" + LEAF + b"\n# chain\r\n" + LEAF.replace(b"\n", b"\r\n") + make_key(POINT)
    assert [one.subject for one in x509.parse_pem(data)] == ["a", "a"]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        (der(0x17, b"491231235959Z"), 2524607999),
        (der(0x17, b"500101000000Z"), -631152000),
        (der(0x18, b"20500101000000Z"), 2524608000),
        (der(0x18, b"99991231235959Z"), 253402300799),
    ],
)
def test_both_kinds_of_time_are_read(time: bytes, seconds: int) -> None:
    assert x509.parse_der(certificate(dates=der(0x30, time, time))).not_after == instant(seconds)


def test_the_old_first_version_has_no_number() -> None:
    assert x509.parse_der(certificate()).subject == "subject"
    assert x509.parse_der(certificate(version=der(0xA0, der(0x02, b"\x02")))).subject == "subject"


def test_addresses_are_written_as_usual() -> None:
    names = (
        der(0x82, b"nas"),
        der(0x87, bytes([192, 0, 2, 7])),
        der(0x87, bytes.fromhex("20010db8" + "0" * 23 + "1")),
        der(0x81, b"mail"),
    )
    read = x509.parse_der(certificate(extensions=extension(b"\x55\x1d\x11", *names)))
    assert read.names == ("nas", "192.0.2.7", "2001:db8::1")


@pytest.mark.parametrize(("value", "authority"), [(b"\x01\x01\xff", True), (b"\x01\x01\x00", False), (b"", False)])
def test_an_authority_says_so(value: bytes, authority: bool) -> None:
    assert x509.parse_der(certificate(extensions=extension(b"\x55\x1d\x13", value))).is_authority is authority


def test_the_issuers_key_is_named() -> None:
    read = x509.parse_der(certificate(extensions=extension(b"\x55\x1d\x23", der(0x80, b"key id"), der(0x82, b"1"))))
    assert read.authority_key == b"key id"


def test_a_subject_without_a_common_name_is_empty() -> None:
    assert x509.parse_der(certificate(subject=der(0x30))).subject == ""


def rsa_certificate() -> x509.X509:
    public = der(0x30, der(0x30, RSA), der(0x03, b"\0" + der(0x30, MODULUS, EXPONENT)))
    return x509.parse_der(certificate(public_key=public))


def test_a_key_is_recognised_in_every_form_that_acme_sh_and_openssl_write() -> None:
    (leaf,) = x509.parse_pem(LEAF)
    sec1 = der(0x30, der(0x02, b"\x01"), der(0x04, b"secret"), der(0xA1, der(0x03, b"\0" + POINT)))
    pkcs8 = der(0x30, der(0x02, b"\0"), der(0x30, bytes.fromhex("06072a8648ce3d0201")), der(0x04, sec1))
    parameters = pem("EC PARAMETERS", bytes.fromhex("06082a8648ce3d030107"))
    for key in (make_key(POINT), parameters + make_key(POINT), pem("PRIVATE KEY", pkcs8)):
        assert x509.key_matches(key, leaf)
        assert not x509.key_matches(key, rsa_certificate())
    assert not x509.key_matches(make_key(b"\x04" + b"q" * 64), leaf)


def test_an_rsa_key_is_recognised_in_both_forms() -> None:
    pkcs1 = der(0x30, der(0x02, b"\0"), MODULUS, EXPONENT, der(0x02, b"\x05"))
    pkcs8 = der(0x30, der(0x02, b"\0"), der(0x30, RSA), der(0x04, pkcs1))
    for key in (pem("RSA PRIVATE KEY", pkcs1), pem("PRIVATE KEY", pkcs8)):
        assert x509.key_matches(key, rsa_certificate())
        assert not x509.key_matches(key, x509.parse_pem(LEAF)[0])
    assert rsa_certificate().key_type == "2048"


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"garbage",
        LEAF,
        pem("ENCRYPTED PRIVATE KEY", b"x"),
        pem("EC PRIVATE KEY", b"\x30\x00"),
        pem("PRIVATE KEY", b"\x30\x80"),
        pem("RSA PRIVATE KEY", b"\x30\x03\x02\x01\x00"),
    ],
)
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        x509.key_matches(key, x509.parse_pem(LEAF)[0])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        make_key(POINT),
        LEAF.replace(b"-----END", b"-----EN"),
        LEAF.replace(b"MII", b"M!I"),
        pem("CERTIFICATE", b"\x30\x82\xff\xff"),
        pem("CERTIFICATE", b"\x30\x00"),
        pem("CERTIFICATE", certificate(dates=der(0x30, der(0x17, b"261301000000Z"), der(0x17, b"260101000000Z")))),
        pem("CERTIFICATE", certificate(dates=der(0x30, der(0x17, b"yesterday"), der(0x17, b"tomorrow")))),
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        x509.parse_pem(data)


@given(
    some.binary(max_size=200), some.sampled_from(["CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"])
)
@example(b"\x30\x80\x00\x00", "CERTIFICATE")
def test_any_bytes_are_read_or_refused(data: bytes, label: str) -> None:
    for text in (data, pem(label, data), pem(label, der(0x30, data))):
        for use in (x509.parse_pem, x509.parse_der, lambda text: x509.key_matches(text, x509.parse_pem(LEAF)[0])):
            try:
                use(text)
            except ValueError:
                continue


@given(some.lists(some.tuples(some.integers(0, 400), some.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_certificate_is_read_or_refused(damage: List[Tuple[int, int]]) -> None:
    data = bytearray(base64.b64decode(b"".join(LEAF.splitlines()[1:-1])))
    for at, value in damage:
        data[at % len(data)] = value
    try:
        read = x509.parse_der(bytes(data))
    except ValueError:
        return
    assert read.not_after.tzinfo is timezone.utc


def test_an_issuer_that_many_certificates_share_is_parsed_once() -> None:
    issuer = certificate()
    assert x509.parse_der(issuer) is x509.parse_der(bytes(bytearray(issuer)))
