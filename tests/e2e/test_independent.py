"""Against acme2certifier, an ACME server that shares no code with Pebble or step-ca."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Iterator

import pytest

from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.webserver import WebServer
from client import Client
from independent import Acme2Certifier

pytestmark = pytest.mark.skipif(sys.version_info < (3, 9), reason="acme2certifier needs cryptography of today")
CERTIFICATE = 'web: {{domains: [{names}], challenge: {{webroot: "{webroot}"}}}}'
EMAIL = "email: admin@internal.test"


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, dns: ChallengeServer, webserver: WebServer
) -> Iterator[Acme2Certifier]:
    folder = tmp_path_factory.mktemp("acme2certifier")
    with Acme2Certifier(folder, dns=dns.address, http_port=webserver.port) as server:
        yield server


@pytest.fixture
def client(tmp_path: Path, acme_sh_311: Path) -> Client:
    return Client(tmp_path / "machine", acme_sh_311)


def wanted(webroot: Path, names: str = "a.internal.test, b.internal.test") -> str:
    return CERTIFICATE.format(names=names, webroot=webroot)


def test_it_demands_an_address_and_then_issues(server: Acme2Certifier, client: Client, webserver: WebServer) -> None:
    client.configure(server.directory_url, server.ca_bundle, wanted(webserver.root))
    done = client.run("apply")
    failure = done.document["certificates"]["web"]["failure"]
    assert (done.returncode, failure["id"]) == (3, "account.contact")
    assert "`email`" in failure["remedy"]

    client.configure(server.directory_url, server.ca_bundle, wanted(webserver.root), EMAIL)
    done = client.run("apply")
    assert done.returncode == 0, done
    assert done.document["certificates"]["web"]["state"] == "valid"
    done = client.run("apply")
    assert (done.returncode, done.document["changed"]) == (0, False)


@pytest.mark.slow  # each is shown with Pebble as well
def test_it_renews_revokes_and_may_lose_its_accounts(
    server: Acme2Certifier, client: Client, webserver: WebServer
) -> None:
    client.configure(server.directory_url, server.ca_bundle, wanted(webserver.root), EMAIL)
    assert client.run("apply").returncode == 0
    assert client.run("issue", "--force").returncode == 0
    assert client.run("cron").document["changed"] is False
    server.lose_accounts()
    done = client.run("issue", "--force")
    assert (done.returncode, done.document["changed"]) == (0, True), done
    done = client.run("revoke", "web", "--yes")
    assert done.returncode == 0, done


@pytest.mark.slow  # each is shown with Pebble as well
def test_what_it_refuses_is_named(
    server: Acme2Certifier, client: Client, webserver: WebServer, dns: ChallengeServer
) -> None:
    dns.fail("gone.internal.test")
    for name, id, message in (
        ("blocked.internal.test", "ca.server_error", "enrollment failed"),  # all that it says
        ("gone.internal.test", "challenge.failed", "the authority gave no reason"),
    ):
        client.configure(server.directory_url, server.ca_bundle, wanted(webserver.root, name), EMAIL)
        failure = client.run("apply").document["certificates"]["web"]["failure"]
        assert (failure["id"], message in failure["message"]) == (id, True)


@pytest.mark.slow  # chains in other orders are shown in tests/process/test_chains.py
def test_the_root_may_be_sent_along_and_a_key_of_the_account_be_demanded(
    tmp_path: Path, client: Client, dns: ChallengeServer, webserver: WebServer
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(
        json.dumps({"kid_1": "V2VfbmVlZF9hbm90aGVyX3ZlcnkfX2xvbmdfaG1hY190b19jaGVja19lYWI"}), encoding="ascii"
    )
    more = f"[EABhandler]\neab_handler_module: acme2certifier.eabhandlers.json_handler\nkey_file: {keys}\n"
    folder = tmp_path / "authority"
    with Acme2Certifier(folder, dns=dns.address, http_port=webserver.port, root_sent=True, more=more) as server:

        def with_key(value: str) -> str:
            client.configure(server.directory_url, server.ca_bundle, wanted(webserver.root), f"{EMAIL}, {value}")
            done = client.run("apply")
            return str((done.document["certificates"]["web"]["failure"] or {"id": "ok"})["id"])

        assert with_key("") == "acme.eab_required"
        for key, outcome in (
            ("d3JvbmdfYnV0X2xvbmdfZW5vdWdoX3RvX2JlX29uZQ", "acme.eab_wrong"),
            (json.loads(keys.read_text())["kid_1"], "ok"),
        ):
            secret = client.folder / "hmac"
            secret.write_text(key, encoding="ascii")
            secret.chmod(0o600)
            assert with_key(f"eab: {{key_id: kid_1, hmac_key: {{file: {secret}}}}}") == outcome


@pytest.mark.slow
def test_a_name_with_an_underscore_is_certified_and_warned_of(
    server: Acme2Certifier, client: Client, webserver: WebServer
) -> None:
    client.configure(
        server.directory_url, server.ca_bundle, wanted(webserver.root, "an_underscore.internal.test"), EMAIL
    )
    assert client.run("apply").returncode == 0
    assert client.run("apply").document["changed"] is False
    assert client.run("issue", "--force").document["changed"] is True
    (warning,) = client.run("check").document["warnings"]
    assert "underscore" in warning["message"]
