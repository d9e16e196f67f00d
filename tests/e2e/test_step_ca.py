"""Against the real step-ca: what it issues under a root of each kind is proven, and accounts that it lost are made anew."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Iterator

import pytest

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
def step(request: pytest.FixtureRequest, tmp_path: Path, program: Path) -> Iterator[StepCa]:
    with StepCa(tmp_path / "authority", program, request.param) as server:
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
