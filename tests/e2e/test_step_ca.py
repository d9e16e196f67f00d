"""Against the real step-ca: what it issues under a root of each kind is proven, and accounts that it lost are made anew."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.webserver import WebServer
from client import Client
from stepca import KEYS, StepCa, build

pytestmark = pytest.mark.slow  # the program is built first, which takes half a minute

CERTIFICATE = 'web: {{domains: [localhost], challenge: {{webroot: "{webroot}"}}}}'


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("step-ca"))


@pytest.fixture(scope="module")
def port_80(tmp_path_factory: pytest.TempPathFactory, program: Path) -> Iterator[WebServer]:
    """step-ca looks nowhere else."""
    assert program.exists()
    with WebServer(tmp_path_factory.mktemp("web"), port=80) as server:
        yield server


@pytest.fixture(params=KEYS)
def step(request: pytest.FixtureRequest, tmp_path: Path, program: Path, dns: ChallengeServer) -> Iterator[StepCa]:
    with StepCa(tmp_path / "authority", program, request.param, dns=dns.address) as server:
        yield server


@pytest.fixture
def client(tmp_path: Path, acme_sh_311: Path) -> Client:
    return Client(tmp_path / "machine", acme_sh_311)


def test_a_certificate_is_issued_renewed_and_outlives_the_loss_of_the_accounts(
    client: Client, step: StepCa, port_80: WebServer
) -> None:
    client.configure(step.directory_url, step.ca_bundle, CERTIFICATE.format(webroot=port_80.root))
    done = client.run("apply")
    assert done.returncode == 0, done
    assert done.document["certificates"]["web"]["state"] == "valid"
    assert client.run("apply").document["changed"] is False

    step.__exit__(None, None, None)
    step.lose_accounts()
    with step:
        done = client.run("issue", "--force")
    assert done.returncode == 0, done
    assert done.document["changed"] is True


@pytest.mark.parametrize("step", ["ec"], indirect=True)
def test_a_webroot_that_is_not_served_is_told_from_a_silent_web_server_at_once(
    client: Client, step: StepCa, port_80: WebServer, tmp_path: Path
) -> None:
    """step-ca says the same of both, and keeps the challenge pending."""
    client.configure(step.directory_url, step.ca_bundle, CERTIFICATE.format(webroot=tmp_path / "elsewhere"))
    began = time.monotonic()
    done = client.run("apply", "--yes")
    assert time.monotonic() - began < 30  # acme.sh alone waits for 60 s
    failure = done.document["certificates"]["web"]["failure"]
    assert failure["id"] == "challenge.wrong_content"
    assert "HTTP status 404" in failure["message"]

    port_80.__exit__(None, None, None)
    try:
        failure = client.run("issue").document["certificates"]["web"]["failure"]
    finally:
        port_80.__enter__()
    assert failure["id"] == "challenge.not_reachable"
    assert "from here: localhost at 127.0.0.1, port 80: Connection refused" in failure["message"]


@pytest.mark.parametrize("step", ["ec"], indirect=True)
def test_a_lifetime_that_is_not_granted_is_named(client: Client, step: StepCa, port_80: WebServer) -> None:
    wanted = CERTIFICATE.format(webroot=port_80.root).replace("domains:", "lifetime: 90d, domains:")
    client.configure(step.directory_url, step.ca_bundle, wanted)
    failure = client.run("apply").document["certificates"]["web"]["failure"]
    assert failure["id"] == "acme.lifetime"
    assert "`lifetime`" in failure["remedy"]


@pytest.mark.parametrize("step", ["ec"], indirect=True)
def test_an_underscore_in_a_name_is_warned_of_and_certified(client: Client, step: StepCa, port_80: WebServer) -> None:
    """Pebble and acme2certifier refuse it."""
    wanted = CERTIFICATE.format(webroot=port_80.root).replace("localhost", "localhost, first_floor.internal.test")
    client.configure(step.directory_url, step.ca_bundle, wanted)
    checked = client.run("check")
    assert (checked.returncode, "certify no underscore" in checked.stdout) == (0, True), checked
    for words, changed in ((("apply",), True), (("apply",), False), (("issue", "--force"), True), (("cron",), False)):
        done = client.run(*words)
        assert (done.returncode, done.document["changed"]) == (0, changed), done


TEMPLATE = """{{"subject": {{{{ toJson .Subject }}}}, {names}, "keyUsage": ["digitalSignature"], "extKeyUsage": ["serverAuth"]}}"""


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ('"sans": {{ toJson .SANs }}, "dnsNames": ["extra.internal.test"], "ipAddresses": ["192.0.2.7"]', ""),
        ('"dnsNames": ["another.internal.test"]', "is for another.internal.test, not for localhost"),
        ('"emailAddresses": ["nobody@internal.test"]', "lacks localhost"),
        ('"isCA": false', "has no subjectAltName at all; it lacks localhost"),
    ],
    ids=["more names", "other names", "no DNS name", "subject only"],
)
def test_a_template_may_add_names_and_what_lacks_one_is_never_stored(  # noqa: PLR0917  they are fixtures
    client: Client, tmp_path: Path, program: Path, port_80: WebServer, dns: ChallengeServer, names: str, message: str
) -> None:
    with StepCa(tmp_path / "authority", program, dns=dns.address, template=TEMPLATE.format(names=names)) as step:
        client.configure(step.directory_url, step.ca_bundle, CERTIFICATE.format(webroot=port_80.root))
        done = client.run("apply")
        found = done.document["certificates"]["web"]
        if message:
            assert (done.returncode, found["failure"]["id"]) == (3, "certificate.names_missing"), done
            assert message in found["failure"]["message"]
            assert not list(client.folder.glob(".acme.sh/*_ecc/fullchain.cer"))
            return
        assert (done.returncode, found["state"]) == (0, "valid"), done
        assert set(found["names"]) == {"localhost", "extra.internal.test", "192.0.2.7"}
        assert client.run("apply").document["changed"] is False
        assert client.run("issue", "--force").document["changed"] is True


def test_an_account_is_opened_with_a_binding_alone(
    client: Client, tmp_path: Path, program: Path, port_80: WebServer, dns: ChallengeServer
) -> None:
    """step-ca 0.19 answers a key that it does not know, and a wrong HMAC key, with an error of its own (HTTP status 500)."""
    step = StepCa(tmp_path / "authority", program, dns=dns.address, requireEAB=True)
    key_id, hmac_key = step.make_binding()

    def apply(eab: str) -> Any:
        client.configure(step.directory_url, step.ca_bundle, CERTIFICATE.format(webroot=port_80.root), eab)
        done = client.run("apply")
        return (done.document["certificates"]["web"]["failure"] or {"id": done.returncode})["id"]

    def with_key(key_id: str, hmac_key: str) -> Any:
        secret = client.folder / "hmac"
        secret.write_text(hmac_key, encoding="ascii")
        secret.chmod(0o600)
        return apply(f"eab: {{key_id: {key_id}, hmac_key: {{file: {secret}}}}}")

    with step:
        assert apply("") == "acme.eab_required"
        assert with_key("unknown", hmac_key) == "acme.eab_refused"
        assert with_key(key_id, "d3JvbmdfYnV0X2xvbmdfZW5vdWdoX3RvX2JlX29uZQ") == "acme.eab_refused"
        assert with_key(key_id, hmac_key) == 0
