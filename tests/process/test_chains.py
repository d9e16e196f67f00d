"""A leaf that comes alone is completed by the certificate of ``ca_bundle`` that signed it, whatever kind of key that has."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import pytest

from acmewrap.driver.call import Caller
from acmewrap.driver.homes.home import CertificateFiles, Home
from acmewrap.driver.verbs import chains
from acmewrap.pki import pem

MADE = {
    path.stem: pem.certificates(path.read_bytes())
    for path in sorted((Path(__file__).parent.parent / "certificates" / "chains").glob("*.pem"))
}
KINDS = ("ed25519", "ed448", "p521", "rsa", "rsa-pss")
# As a key of 2030 may be: the algorithm's identifier is one that nobody has heard of.
UNKNOWN = MADE["ed25519"][1].replace(b"\x06\x03\x2b\x65\x70\x03\x21\x00", b"\x06\x03\x2b\x65\x7f\x03\x21\x00")


def completed(folder: Path, leaf: bytes, bundle: Sequence[bytes], sent: Sequence[bytes] = ()) -> CertificateFiles:
    files, ca_bundle = CertificateFiles(folder, "nas.test"), folder / "bundle.pem"
    files.certificate.write_bytes(pem.encode(leaf))
    if sent:  # acme.sh writes neither file when a leaf comes alone
        files.chain.write_bytes(pem.encode(*sent))
        files.fullchain.write_bytes(pem.encode(leaf, *sent))
    ca_bundle.write_bytes(pem.encode(*bundle))
    (folder / "work").mkdir()
    caller = Caller(folder, Home(folder), "https://ca.test/directory", ca_bundle)
    chains.complete(caller, files, folder / "work")
    return files


def test_there_is_a_root_of_every_kind() -> None:
    assert set(MADE) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_leaf_that_a_root_of_the_bundle_signed_gets_that_root_as_its_chain(tmp_path: Path, kind: str) -> None:
    leaf, root = MADE[kind]
    others = [made[1] for made in MADE.values() if made[1] != root]  # all of one name
    files = completed(tmp_path, leaf, [b"0\x82no certificate", *others, root])
    assert pem.certificates(files.chain.read_bytes()) == (root,)
    assert pem.certificates(files.fullchain.read_bytes()) == (leaf, root)


def test_a_root_that_did_not_sign_the_leaf_is_no_chain_of_it(tmp_path: Path) -> None:
    files = completed(tmp_path, MADE["rsa"][0], [MADE["p521"][1], MADE["ed25519"][1]])
    assert not files.chain.exists()
    assert not files.fullchain.exists()


def test_a_root_with_a_key_that_nobody_knows_is_believed_by_its_name_and_key_identifier(tmp_path: Path) -> None:
    assert MADE["ed25519"][1] != UNKNOWN
    for kind, chain in (("ed25519", True), ("rsa", False)):
        (tmp_path / kind).mkdir()
        files = completed(tmp_path / kind, MADE[kind][0], [UNKNOWN])
        assert files.chain.exists() == chain
        assert not chain or pem.certificates(files.chain.read_bytes()) == (UNKNOWN,)


def test_a_chain_with_a_certificate_twice_is_written_in_order(tmp_path: Path) -> None:
    leaf, root = MADE["ed448"]
    files = completed(tmp_path, leaf, [], [root, root, leaf, MADE["rsa"][0]])
    assert pem.certificates(files.fullchain.read_bytes()) == (leaf, root)
    assert pem.certificates(files.chain.read_bytes()) == (root,)


def test_a_chain_in_order_stays_byte_for_byte(tmp_path: Path) -> None:
    leaf, root = MADE["rsa"]
    text = b"# the words of the authority\n" + pem.encode(leaf, root)
    files = CertificateFiles(tmp_path, "nas.test")
    files.certificate.write_bytes(pem.encode(leaf))
    files.fullchain.write_bytes(text)
    chains.complete(Caller(tmp_path, Home(tmp_path), "https://ca.test/directory"), files, tmp_path)
    assert files.fullchain.read_bytes() == text


def test_the_chain_of_another_leaf_is_left_for_the_judgement_to_find(tmp_path: Path) -> None:
    (leaf, _), (other, root) = MADE["rsa"], MADE["p521"]
    files = CertificateFiles(tmp_path, "nas.test")
    files.certificate.write_bytes(pem.encode(leaf))
    files.fullchain.write_bytes(pem.encode(other, root))
    chains.complete(Caller(tmp_path, Home(tmp_path), "https://ca.test/directory"), files, tmp_path)
    assert pem.certificates(files.fullchain.read_bytes()) == (other, root)
