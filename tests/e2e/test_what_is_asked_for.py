"""What a certificate may be asked for beside its names: addresses, a profile, a chain, usages; and what the authority adds."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Dict, Iterator

import pytest

from acmewrap.pki import x509
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import Change, Proxy
from acmewrap.testing.webserver import WebServer
from client import Client
from provisioned import Done
from releases import AcmeShRelease

pytestmark = pytest.mark.slow  # what each makes of the words for acme.sh is shown in tests/unit/config


class TwoRoots(Pebble):
    """Offers its chain to another root as well."""

    def _environment(self) -> Dict[str, str]:
        return {**super()._environment(), "PEBBLE_ALTERNATE_ROOTS": "1"}


@pytest.fixture(scope="module")
def authority(
    tmp_path_factory: pytest.TempPathFactory, dns: ChallengeServer, webserver: WebServer
) -> Iterator[TwoRoots]:
    with TwoRoots(tmp_path_factory.mktemp("two"), dns=dns.address, http_port=webserver.port) as server:
        yield server


@pytest.fixture
def proxy(authority: TwoRoots, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(tmp_path / "proxy", authority) as server:
        yield server


@pytest.fixture
def client(tmp_path: Path, acme_sh_311: Path) -> Client:
    return Client(tmp_path / "machine", acme_sh_311)


def certificate(webserver: WebServer, domains: str, more: str = "") -> str:
    return f'web: {{domains: [{domains}], challenge: {{webroot: "{webserver.root}"}}, {more}}}'


def stored(client: Client, file: str) -> str:
    (path,) = client.folder.glob(f".acme.sh/*_ecc/{file}")
    return str(path)


@pytest.mark.parametrize("domains", ["127.0.0.1", "a.asked.test, 127.0.0.1"])
def test_addresses_are_certified(client: Client, authority: TwoRoots, webserver: WebServer, domains: str) -> None:
    client.configure(authority.directory_url, authority.ca_bundle, certificate(webserver, domains))
    done = client.run("apply")
    assert done.returncode == 0, done
    assert client.run("apply").document["changed"] is False
    assert client.run("issue", "--force").document["changed"] is True


def test_each_release_asks_for_what_it_can_and_the_rest_is_a_problem(
    tmp_path: Path, authority: TwoRoots, webserver: WebServer, acme_sh: AcmeShRelease
) -> None:
    client = Client(tmp_path / "machine", acme_sh.path)
    file, script = client.folder / "acmewrap.yaml", (acme_sh.path / "acme.sh").read_text(encoding="utf-8")
    release = f"acme_sh: {{release: {acme_sh.version}, allow_vulnerable: {str(acme_sh.version < '3.0.6').lower()}}}\n"

    def check(more: str) -> Done:
        wanted = certificate(webserver, "floor.asked.test, 127.0.0.1", more)
        client.configure(authority.directory_url, authority.ca_bundle, wanted)
        file.write_text(release + file.read_text(encoding="utf-8"), encoding="utf-8")
        return client.run("check")

    kept = []
    for flag, more in (
        ("--cert-profile", "profile: shortlived"),
        ("--extended-key-usage", "usages: [server, client]"),
        ("--valid-to", "lifetime: 8h"),
    ):
        done = check(more)
        if flag not in script:
            assert (done.returncode, "write `release: 3." in done.stdout) == (78, True), done
        elif "profile" in more:  # Pebble 2.4 has none
            assert (done.returncode, "no profile shortlived; it offers: none" in done.stdout) == (78, True), done
        else:
            kept.append(more)
            assert done.returncode == 0, done
    check(", ".join(kept))
    for words in (("apply",), ("issue", "--force")):
        done = client.run(*words)
        assert done.returncode == 0, done
    assert client.run("apply").document["changed"] is False
    leaf = x509.parse_pem(Path(stored(client, "floor.asked.test.cer")).read_bytes())[0]
    assert set(leaf.names) == {"floor.asked.test", "127.0.0.1"}
    if "lifetime: 8h" in kept:
        assert abs(leaf.lifetime.total_seconds() - 8 * 3600) < 120


def test_servers_alone_are_asked_for_unless_the_file_says_more(
    client: Client, authority: TwoRoots, webserver: WebServer
) -> None:
    for usages, said in (("", False), ("usages: [server, client]", True)):
        client.configure(authority.directory_url, authority.ca_bundle, certificate(webserver, "u.asked.test", usages))
        assert client.run("apply").returncode == 0
        argv = ("openssl", "req", "-noout", "-text", "-in", stored(client, "*.csr"))
        text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        assert ("TLS Web Client Authentication" in text) == said
        assert "TLS Web Server Authentication" in text


def test_the_chain_that_is_preferred_is_stored(client: Client, authority: TwoRoots, webserver: WebServer) -> None:
    seen = set()
    for more in ("", *(f'preferred_chain: "{name}"' for name in roots(authority))):
        client.configure(authority.directory_url, authority.ca_bundle, certificate(webserver, "c.asked.test", more))
        assert client.run("apply").returncode == 0
        argv = ("openssl", "x509", "-noout", "-issuer", "-in", stored(client, "ca.cer"))
        issuer = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        assert more.partition('"')[2].rstrip('"') in issuer
        seen.add(issuer)
    assert len(seen) == 2


def roots(authority: TwoRoots) -> Iterator[str]:
    from acmewrap.testing.counterpart import fetch

    for number in range(2):
        url = f"https://localhost:{authority._management_port}/roots/{number}"
        pem = fetch(url, ca_bundle=authority.ca_bundle)
        argv = ("openssl", "x509", "-noout", "-subject", "-nameopt", "multiline")
        said = subprocess.run(argv, input=pem, capture_output=True, check=True).stdout.decode()
        yield said.split("commonName")[1].partition("=")[2].split("\n")[0].strip()


def test_a_profile_is_held_against_those_of_the_directory(client: Client, proxy: Proxy, webserver: WebServer) -> None:
    def offer(body: bytes) -> bytes:
        document = json.loads(body)
        document["meta"]["profiles"] = {"classic": "", "shortlived": ""}
        return json.dumps(document).encode("ascii")

    proxy.misbehave("/dir", Change(body=offer))
    file = client.folder / "acmewrap.yaml"
    for profile, code in (("shortlived", 0), ("shortlive", 78)):
        client.configure(
            proxy.directory_url, proxy.ca_bundle, certificate(webserver, "p.asked.test", f"profile: {profile}")
        )
        file.write_text("acme_sh: {release: 3.1.3}\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
        checked = client.run("check")
        assert checked.returncode == code, checked
        assert ("it offers: classic, shortlived" in checked.stdout) == bool(code)


def test_names_that_the_authority_added_are_shown(client: Client, authority: TwoRoots, webserver: WebServer) -> None:
    client.configure(authority.directory_url, authority.ca_bundle, certificate(webserver, "n.asked.test, m.asked.test"))
    assert client.run("apply").returncode == 0
    client.configure(authority.directory_url, authority.ca_bundle, certificate(webserver, "n.asked.test"))
    found = client.run("status").document["certificates"]["web"]
    assert found["names"] == ["n.asked.test", "m.asked.test"]
