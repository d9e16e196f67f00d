"""Certificates of every kind that openssl makes (``tests/certificates``), and what is left of them when bytes are changed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import time
from pathlib import Path
from typing import Iterator, List, Mapping, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acmewrap.config.endpoint import Endpoint
from acmewrap.net import connection, handshake
from acmewrap.pki import x509
from acmewrap.pki.chain import sort_chain
from acmewrap.pki.der import children
from acmewrap.verify import tls_probe
from synthetic import POINT, certificate, der, extension, make_key, pem

pytestmark = pytest.mark.usefixtures("nothing_unexpected")

MADE: Mapping[str, bytes] = {
    path.stem: path.read_bytes() for path in sorted((Path(__file__).parent.parent / "certificates").glob("*.der"))
}
KINDS = {
    "authority": "ed25519",
    "ec-brainpoolP256r1": "ec",
    "ec-explicit": "ec",
    "ec-prime256v1": "ec-256",
    "ec-secp256k1": "ec",
    "ec-secp384r1": "ec-384",
    "ec-secp521r1": "ec-521",
    "ed25519": "ed25519",
    "ed448": "ed448",
    "rsa-2048": "2048",
    "rsa-pss": "2048",
}


@pytest.mark.parametrize("name", MADE)
def test_a_certificate_of_any_kind_is_read(name: str) -> None:
    read = x509.parse_der(MADE[name])
    assert read.key_type == KINDS.get(name, "ed25519")
    assert read.sha256 == hashlib.sha256(MADE[name]).hexdigest()
    assert (read.not_after - read.not_before).total_seconds() == (30000 if name == "long-life" else 90) * 86400


@pytest.mark.parametrize(
    ("name", "subject", "names"),
    [
        ("empty-subject", "", ("nas.test",)),
        ("utf8-names", "Ñandú 中文", ()),
        ("latin-names", "Zürich", ()),
        ("multi-valued", "nas.test", ()),
        ("other-names", "x", ()),
        ("rsa-2048", "nas.test", ("nas.test", "192.0.2.7", "2001:db8::1")),
        ("many-names", "x", tuple(f"name{number}.test" for number in range(1, 201))),
    ],
)
def test_odd_names_are_read_as_far_as_they_can_be(name: str, subject: str, names: Tuple[str, ...]) -> None:
    read = x509.parse_der(MADE[name])
    assert (read.subject, read.names) == (subject, names)


@pytest.mark.parametrize(
    ("tag", "value", "shown"), [(0x1E, "nas ✓".encode("utf-16-be"), "nas ✓"), (0x1C, "é".encode("utf-32-be"), "é")]
)
def test_a_name_in_wide_letters_is_read(tag: int, value: bytes, shown: str) -> None:
    attribute = der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"), der(tag, value)))
    assert x509.parse_der(certificate(subject=der(0x30, attribute))).subject == shown


@pytest.mark.parametrize(("kind", "value", "shown"), [(0x87, b"odd", "IP 6f6464"), (0x82, b"\xff.test", "\\xff.test")])
def test_a_name_that_cannot_be_is_shown_as_it_is(kind: int, value: bytes, shown: str) -> None:
    read = x509.parse_der(certificate(extensions=extension(b"\x55\x1d\x11", der(kind, value))))
    assert read.names == (shown,)


@pytest.fixture(scope="module")
def seen() -> Iterator[List[bool]]:
    """For each look, whether the certificate could be read."""
    found: List[bool] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "resolve", lambda *_: [("192.0.2.1", 443)])
        patch.setattr(tls_probe, "_open", lambda *_: contextlib.nullcontext())
        yield found
    print(f"{len(found)} mutated certificates, {sum(found)} of them passed the parser")


def changed(data: bytes, changes: List[Tuple[int, int, bytes]]) -> bytes:
    for place, count, put in changes:
        at = place % (len(data) + 1)
        data = data[:at] + put + data[at + count :]
    return data


CHANGES = some.lists(
    some.tuples(some.integers(0, 4000), some.sampled_from([1, 1, 1, 0, 3]), some.binary(min_size=1, max_size=1)),
    min_size=1,
    max_size=3,
)


def rebuilt(data: bytes, at: List[int], tag: int, content: bytes) -> bytes:
    """*data* with one element of it, which *at* leads to, of another *tag* or with other *content*; all lengths fit."""
    elements = children(data)
    if not elements:
        return content
    chosen = at[0] % len(elements)
    parts = [whole for _, _, whole in elements]
    own, inner, _ = elements[chosen]
    if own & 0x20 and len(at) > 1:
        parts[chosen] = der(own, rebuilt(inner, at[1:], tag, content))
    else:
        parts[chosen] = der(tag or own, content or inner)
    return b"".join(parts)


WAY = some.lists(some.integers(0, 7), min_size=2, max_size=7).map(lambda way: [0, *way])
TAGS = some.one_of(
    some.just(0), some.sampled_from([0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x17, 0x18, 0x1E, 0x30, 0xA3, 0x87])
)
MUTATED = some.one_of(
    some.builds(changed, some.sampled_from(sorted(MADE.values())), CHANGES),
    some.builds(rebuilt, some.sampled_from(sorted(MADE.values())), WAY, TAGS, some.binary(max_size=20)),
)


@given(MUTATED)
def test_a_server_may_show_anything(seen: List[bool], data: bytes) -> None:
    started = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handshake, "shake", lambda *_: handshake.Shown((data,), whole=True))
        observed = tls_probe.look(Endpoint("nas.test", 443, "nas.test"))
    assert time.monotonic() - started < 5
    if data:
        assert observed.served == hashlib.sha256(data).hexdigest()
    else:
        assert observed.error
    read = x509.find_der(data)
    seen.append(read is not None)
    assert observed.not_after == (None if read is None else read.not_after)
    stored = None
    with contextlib.suppress(ValueError):
        (stored,) = x509.parse_pem(pem("CERTIFICATE", data))
    assert stored == read
    if read is not None:
        assert read.not_after.tzinfo is not None
        assert x509.key_matches(make_key(POINT), read) in (True, False)
        assert sort_chain(read, (read, read)) == ()


@given(some.sampled_from([make_key(POINT)]), CHANGES)
def test_a_key_file_may_hold_anything(key: bytes, changes: List[Tuple[int, int, bytes]]) -> None:
    body = base64.b64decode(b"".join(key.splitlines()[1:-1]))
    label = key.splitlines()[0][11:-5].decode("ascii")
    with contextlib.suppress(ValueError):
        x509.key_matches(pem(label, changed(body, changes)), x509.parse_der(MADE["ec-prime256v1"]))
    with contextlib.suppress(ValueError):
        x509.key_matches(changed(key, changes), x509.parse_der(MADE["ec-prime256v1"]))
