"""Who is given the password over https: a NAS with the pinned certificate, or with one of the authority's; nobody else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from acmewrap.config.model import DsmCertificate
from acmewrap.driver.homes.home import Home
from acmewrap.driver.homes.staging import stage
from acmewrap.errors import UnreachableError
from acmewrap.pki.x509 import X509, parse_pem
from acmewrap.secrets import Secret
from acmewrap.synology import certificates
from acmewrap.synology.web import Client
from acmewrap.testing.certificates import Pair, make_leaf, make_root
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.tlsserver import TlsServer

OTHER = "ab" * 32


@pytest.fixture
def nas() -> Iterator[DsmSimulator]:
    with DsmSimulator() as simulator:
        yield simulator


def client(nas: DsmSimulator, fingerprint: str, root: Pair) -> Client:
    bundle = str(root.certificate)
    return Client(nas.https_url, nas.account, Secret(nas.password), ca_bundle=bundle, fingerprint=fingerprint)


def factory(nas: DsmSimulator) -> X509:
    return parse_pem(nas.served.certificate)[0]


def test_the_pinned_certificate_is_trusted_and_told(nas: DsmSimulator, tmp_path: Path) -> None:
    with client(nas, factory(nas).sha256, make_root(tmp_path)) as session:
        assert len(certificates.read(session)) == 1
    assert session.pinned == factory(nas)
    assert [one.password for one in nas.logins] == [nas.password]


def test_another_certificate_than_the_pinned_is_refused_before_anything_is_sent(
    nas: DsmSimulator, tmp_path: Path
) -> None:
    seen = factory(nas).sha256.upper()
    reported = ":".join(seen[at : at + 2] for at in range(0, 64, 2))
    with pytest.raises(UnreachableError) as caught, client(nas, OTHER, make_root(tmp_path)):
        raise AssertionError("there is no session")
    assert caught.value.id == "dsm.tls_untrusted"
    assert f"its SHA-256 fingerprint is {reported}, not that of `synology.fingerprint`" in caught.value.failure.message
    assert nas.requests == []


def test_a_session_goes_on_when_the_nas_changes_to_a_certificate_of_the_authority(
    nas: DsmSimulator, tmp_path: Path
) -> None:
    pin, root = factory(nas).sha256, make_root(tmp_path)
    leaf = make_leaf(tmp_path, root, ["127.0.0.1"])
    entry = nas.state.certificates.install(
        "", "acme", leaf.key.read_bytes(), leaf.certificate.read_bytes(), None, as_default=False
    )
    with client(nas, pin, root) as session:
        certificates.put_to_use(session, DsmCertificate())
        assert nas.served == entry
    with client(nas, pin, root) as session:
        assert session.pinned is None
    with pytest.raises(UnreachableError), client(nas, pin, make_root(tmp_path / "other")):
        raise AssertionError("there is no session")
    assert len(nas.logins) == 2


def test_curl_talks_to_a_server_with_the_pinned_key_and_to_no_other(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    pinned, other = (make_leaf(tmp_path, root, ["nas"], file=file) for file in ("pinned", "other"))
    codes = []
    for pair in (pinned, other):
        with TlsServer(pair.certificate, pair.key) as server, stage(
            Home(tmp_path / "home"), pinned=parse_pem(pinned.certificate.read_bytes())[0]
        ) as staging:
            # the bundle, which acme.sh names too, trusts both; so does `insecure`
            command = ["curl", "--silent", "--cacert", str(root.certificate), f"https://localhost:{server.port}/"]
            codes.append(subprocess.run(command, env={"CURL_HOME": str(staging.curl)}, check=False).returncode)
    assert codes == [0, 90]
