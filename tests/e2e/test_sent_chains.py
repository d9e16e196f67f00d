"""Chains as real authorities send them, and directories that lead elsewhere: real Pebble, with a proxy in between."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from acmewrap.pki import pem, x509
from acmewrap.pki.chain import sort_chain
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.counterpart import fetch, free_port
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import LEAF_ALONE, Change, Proxy
from acmewrap.testing.webserver import WebServer
from client import Client

pytestmark = (
    pytest.mark.slow
)  # tests/process/test_chains.py and tests/unit/test_chain.py show each without an authority

CERTIFICATE = 'web: {{domains: [c.sent.test], challenge: {{webroot: "{webroot}"}}}}'


class Twins(Pebble):
    """Its intermediate is signed by two roots: one name and key, two certificates."""

    def _environment(self) -> Dict[str, str]:
        return {**super()._environment(), "PEBBLE_ALTERNATE_ROOTS": "1"}

    def known(self, kind: str, number: int = 0) -> bytes:
        """One of its ``roots`` or ``intermediates``."""
        url = f"https://localhost:{self._management_port}/{kind}/{number}"
        return pem.certificates(fetch(url, ca_bundle=self.ca_bundle))[0]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, dns: ChallengeServer, webserver: WebServer) -> Iterator[Twins]:
    with Twins(tmp_path_factory.mktemp("twins"), dns=dns.address, http_port=webserver.port) as server:
        yield server


@pytest.fixture
def proxy(authority: Twins, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(tmp_path / "proxy", authority) as server:
        yield server


@pytest.fixture
def client(tmp_path: Path, acme_sh_311: Path) -> Client:
    return Client(tmp_path / "machine", acme_sh_311)


def stored(client: Client, *tops: bytes) -> List[bytes]:
    """What lies there, which OpenSSL finds to lead from the leaf to one of *tops*; of twins it looks at one alone."""
    (path,) = client.folder.glob(".acme.sh/*_ecc/fullchain.cer")
    top = client.folder / "top.pem"
    top.write_bytes(pem.encode(*tops))
    argv = ("openssl", "verify", "-partial_chain", "-CAfile", str(top), "-untrusted", str(path), str(path))
    subprocess.run(argv, check=True, capture_output=True)
    return list(pem.certificates(path.read_bytes()))


@pytest.mark.parametrize(
    "order",
    ["IR", "RI", "IIR", "LI", "IJ", "JI", "JIRS"],
    ids=["root along", "out of order", "twice", "leaf twice", "cross-signed", "twin first", "two ways up"],
)
def test_a_chain_in_any_order_is_stored_once_and_in_order(
    client: Client, authority: Twins, proxy: Proxy, webserver: WebServer, order: str
) -> None:
    def sent(body: bytes) -> bytes:
        leaf, own, *_ = pem.certificates(body)
        known = {"L": leaf, "R": authority.known("roots"), "S": authority.known("roots", 1)}
        twins = [authority.known("intermediates", number) for number in (0, 1)]
        known.update(I=own, J=next(one for one in twins if one != own))
        return pem.encode(leaf, *(known[letter] for letter in order))

    proxy.misbehave("/certZ/", Change(body=sent))
    client.configure(proxy.directory_url, proxy.ca_bundle, CERTIFICATE.format(webroot=webserver.root))
    done = client.run("apply")
    assert done.returncode == 0, done
    found = stored(client, authority.known("roots"), authority.known("roots", 1))
    assert len(found) == len(set(order) | {"L"})
    leaf, *above = map(x509.parse_der, found)
    assert sort_chain(leaf, above) == tuple(above)
    assert client.run("apply").document["changed"] is False
    assert client.run("cron").document["changed"] is False


def test_a_leaf_that_comes_alone_is_followed_by_its_issuer_of_the_bundle(
    tmp_path: Path, client: Client, authority: Twins, proxy: Proxy, webserver: WebServer
) -> None:
    proxy.misbehave("/certZ/", LEAF_ALONE)
    issuers = [authority.known("intermediates", number) for number in (0, 1)]
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(proxy.ca_bundle.read_bytes() + pem.encode(issuers[0]))
    client.configure(proxy.directory_url, bundle, CERTIFICATE.format(webroot=webserver.root))
    done = client.run("apply")
    assert done.returncode == 0, done
    assert stored(client, issuers[0])[1:] == [issuers[0]]
    assert client.run("apply").document["changed"] is False


@pytest.mark.parametrize(("host", "id"), [("inside.invalid", "ca.name_unresolved"), ("localhost", "ca.unreachable")])
def test_an_address_behind_a_reverse_proxy_that_cannot_be_reached_is_named(
    client: Client, proxy: Proxy, webserver: WebServer, host: str, id: str
) -> None:
    inside = f"https://{host}:{free_port()}"
    proxy.misbehave("/dir", Change(body=lambda body: body.replace(proxy.directory_url[:-4].encode(), inside.encode())))
    client.configure(proxy.directory_url, proxy.ca_bundle, CERTIFICATE.format(webroot=webserver.root))
    failure = client.run("apply").document["certificates"]["web"]["failure"]
    assert failure["id"] == id
    assert f"{inside}/nonce-plz, to which {proxy.directory_url} leads" in failure["message"]
    assert inside.partition(":")[2].lstrip("/").partition(":")[0] in failure["remedy"]


@pytest.mark.parametrize(("hours", "latest"), [(12, 0.5), (144, 0.75)])
def test_a_short_life_is_renewed_after_its_half_unless_the_authority_advises_less_than_that_later(  # noqa: PLR0917  they are fixtures
    tmp_path: Path, client: Client, dns: ChallengeServer, webserver: WebServer, hours: int, latest: float
) -> None:
    """Pebble's window is two days wide: no advice for 12 hours."""
    folder, life = tmp_path / "authority", hours * 3600
    with Pebble(folder, dns=dns.address, http_port=webserver.port, validity_seconds=life) as authority:
        client.configure(authority.directory_url, authority.ca_bundle, CERTIFICATE.format(webroot=webserver.root))
        assert client.run("apply").returncode == 0
        found = client.run("status").document["certificates"]["web"]
    left = seconds(found["not_after"]) - seconds(found["due_at"])
    assert 1 - latest - 0.01 <= left / life <= 0.51


def seconds(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").timestamp()
