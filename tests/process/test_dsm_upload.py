"""An import of our own, where acme.sh's hook cannot find the entry again or has no chain to send."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterator

import pytest

from acmewrap.driver.homes.home import CertificateFiles
from acmewrap.errors import DeployError, UnreachableError
from acmewrap.secrets import Secret
from acmewrap.synology import certificates
from acmewrap.synology.upload import hook_can_find, import_certificate
from acmewrap.synology.web import Client
from acmewrap.testing.certificates import Pair, make_leaf, make_root
from acmewrap.testing.dsm import IMPORT, DsmSimulator

NAME = "Gr\u00fc\u00dfe a/b"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_root(tmp_path_factory.mktemp("root"))


@pytest.fixture
def files(root: Pair, tmp_path: Path) -> CertificateFiles:
    return renew(CertificateFiles(tmp_path, "nas.test"), root)


@pytest.fixture(params=[False, True], ids=["raw", "escaped"])
def nas(request: pytest.FixtureRequest) -> Iterator[DsmSimulator]:
    with DsmSimulator() as simulator:
        simulator.change(escapes_unicode=request.param)
        yield simulator


def renew(files: CertificateFiles, root: Pair) -> CertificateFiles:
    leaf = make_leaf(files.folder, root, ["nas.test"], file="leaf")
    for source, place in (
        (leaf.key, files.key),
        (leaf.certificate, files.certificate),
        (root.certificate, files.chain),
    ):
        shutil.copy(str(source), str(place))
    return files


def upload(nas: DsmSimulator, files: CertificateFiles, description: str = NAME) -> None:
    with Client(nas.url, nas.account, Secret(nas.password)) as client:
        found = certificates.find(certificates.read(client), description)
        import_certificate(client, files, description, found)


def test_an_entry_is_replaced_by_its_id_and_keeps_its_services(
    nas: DsmSimulator, files: CertificateFiles, root: Pair
) -> None:
    upload(nas, files)
    (first,) = nas.state.certificates.by_description(NAME)
    assert not nas.calls(IMPORT)[0].parameters.get("as_default")
    nas.state.certificates.make_default(first.id)
    nas.state.certificates.service("smbftpd/ftpd").certificate = first.id
    upload(nas, renew(files, root))
    (second,) = nas.state.certificates.by_description(NAME)
    assert second.id == first.id == nas.state.certificates.default
    assert second.fingerprint != first.fingerprint
    assert nas.state.certificates.service("smbftpd/ftpd").certificate == first.id


def test_a_certificate_without_a_chain_is_taken(nas: DsmSimulator, files: CertificateFiles) -> None:
    files.chain.write_bytes(b"\n")
    upload(nas, files)
    assert "inter_cert" not in nas.calls(IMPORT)[0].uploads
    assert len(nas.state.certificates.by_description(NAME)) == 1


def test_a_refusal_has_its_id_and_a_lost_answer_is_no_refusal(nas: DsmSimulator, files: CertificateFiles) -> None:
    nas.change(ecc_refusal=5598)
    with pytest.raises(DeployError) as caught:
        upload(nas, files)
    assert caught.value.id == "dsm.key_unsupported"
    nas.change(ecc_refusal=0)
    nas.fail(IMPORT, 5510)
    with pytest.raises(DeployError) as caught:
        upload(nas, files)
    assert caught.value.id == "dsm.import_refused"
    nas.fail(IMPORT, "reply_lost")
    with pytest.raises(UnreachableError):
        upload(nas, files)
    assert len(nas.state.certificates.by_description(NAME)) == 1


@pytest.mark.parametrize(
    ("description", "found"),
    [("acme", True), ("a [b] *.c^$ \u0026 'd'", True), ("a/b", False), ("Gr\u00fc\u00dfe", False)],
)
def test_what_the_hook_finds_again_is_left_to_it(description: str, found: bool) -> None:
    assert hook_can_find(description) is found
