"""The counterparts themselves: they start, do what the real world does, misbehave on request, and leave nothing behind."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
from datetime import timedelta
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from acmewrap.config.model import KeyType
from acmewrap.errors import AcmewrapError
from acmewrap.pki.chain import sort_chain
from acmewrap.pki.x509 import key_matches, parse_der, parse_pem
from acmewrap.testing.certificates import Pair, make_intermediate, make_leaf, make_root
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.counterpart import Counterpart, fetch
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import EMPTY, GARBAGE, LEAF_ALONE, STEP_BAD_NONCE, Change, Cut, Hang, Proxy
from acmewrap.testing.tlsserver import TlsServer
from acmewrap.testing.webserver import WebServer

NO_ERROR, SERVER_FAILURE = 0, 2  # RFC 1035 section 4.1.1


class Missing(Counterpart):
    program = "a-program-that-nobody-has"
    package = "some-package"


class Broken(Counterpart):
    """A shell that says why, and ends."""

    program = "sh"
    package = "dash"

    def _prepare(self) -> None:
        pass

    def _arguments(self) -> List[str]:
        return ["-c", "echo the reason; exit 3"]

    def _answers(self) -> bool:
        return False


class Family(Broken):
    """A shell with a child that ignores TERM."""

    def _arguments(self) -> List[str]:
        return ["-c", "sh -c 'trap \"\" TERM; echo $$ >child; while :; do sleep 1; done' & wait"]

    def _answers(self) -> bool:
        return (self.folder / "child").exists() and bool((self.folder / "child").read_text())


def test_a_missing_program_is_told_with_its_debian_package(tmp_path: Path) -> None:
    with pytest.raises(AcmewrapError) as caught, Missing(tmp_path):
        pass
    assert caught.value.id == "demo.tool_missing"
    assert "apt-get install some-package" in caught.value.remedy


def test_a_program_that_ends_at_once_is_told_with_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(AcmewrapError) as caught, Broken(tmp_path):
        pass
    assert caught.value.id == "demo.not_started"
    assert caught.value.failure.lines == ("the reason",)
    assert str(tmp_path / "sh.log") in caught.value.remedy


def test_leaving_ends_the_whole_process_group(tmp_path: Path) -> None:
    with Family(tmp_path):
        child = int((tmp_path / "child").read_text())
        os.kill(child, 0)
    assert is_gone(child)


def test_a_server_ends_with_whoever_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal\nfrom acmewrap.testing.webserver import WebServer\n"
        f"with WebServer(pathlib.Path({str(tmp_path)!r})):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while (tmp_path / "nginx.pid").exists():
        assert time.monotonic() < deadline, "nginx is still there"
        time.sleep(0.02)


def test_pebble_is_trusted_through_its_bundle_and_through_nothing_else(pebble: Pebble) -> None:
    directory = json.loads(fetch(pebble.directory_url, ca_bundle=pebble.ca_bundle))
    assert directory["newOrder"].startswith(f"https://localhost:{pebble.port}/")
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(pebble.directory_url)


def test_pebble_tells_its_issuing_root(pebble: Pebble) -> None:
    (root,) = parse_pem(pebble.root().encode("ascii"))
    assert root.is_authority
    assert root.subject == root.issuer != parse_pem(pebble.ca_bundle.read_bytes())[0].subject


def test_pebble_can_come_back_at_the_same_place_with_another_issuing_root(tmp_path: Path, dns: ChallengeServer) -> None:
    with Pebble(tmp_path, dns=dns.address, http_port=1) as first:
        bundle, root = first.ca_bundle.read_bytes(), first.root()
    with Pebble(tmp_path, dns=dns.address, http_port=1, port=first.port) as second:
        assert (second.directory_url, second.ca_bundle.read_bytes()) == (first.directory_url, bundle)
        assert second.root() != root


def test_pebble_can_ask_for_an_external_account(tmp_path: Path, dns: ChallengeServer) -> None:
    with Pebble(tmp_path, dns=dns.address, http_port=1, eab=True) as server:
        directory = json.loads(fetch(server.directory_url, ca_bundle=server.ca_bundle))
    assert directory["meta"]["externalAccountRequired"] is True


def test_every_name_lies_on_this_machine_until_it_is_told_otherwise(dns: ChallengeServer) -> None:
    name = f"{secrets.token_hex(4)}.test"
    assert ask(dns, name) == (NO_ERROR, "127.0.0.1")
    dns.set_addresses(name, ["192.0.2.1"])
    assert ask(dns, name) == (NO_ERROR, "192.0.2.1")
    dns.clear_addresses(name)
    assert ask(dns, name) == (NO_ERROR, "127.0.0.1")


def test_a_name_can_fail_and_recover(dns: ChallengeServer) -> None:
    name = f"{secrets.token_hex(4)}.test"
    dns.fail(name)
    assert ask(dns, name)[0] == SERVER_FAILURE
    dns.recover(name)
    assert ask(dns, name) == (NO_ERROR, "127.0.0.1")


def test_the_web_server_serves_what_lies_in_its_webroot(webserver: WebServer) -> None:
    file = webserver.root / secrets.token_hex(4)
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(f"http://127.0.0.1:{webserver.port}/{file.name}")
    caught.value.close()
    assert caught.value.code == 404
    file.write_text("token", encoding="ascii")
    assert fetch(f"http://127.0.0.1:{webserver.port}/{file.name}") == b"token"


def test_a_server_shows_a_new_certificate_once_it_reloads(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    first = make_leaf(tmp_path, root, ["localhost"])
    with TlsServer(first.fullchain, first.key) as server:
        assert served(server.port, root) == sha256_of(first)
        before = sha256_of(first)
        second = make_leaf(tmp_path, root, ["localhost"])
        assert served(server.port, root) == before
        server.reload()
        assert served(server.port, root) == sha256_of(second) != before


def test_a_server_that_cannot_reload_goes_on_with_what_it_had(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    leaf = make_leaf(tmp_path, root, ["localhost"])
    before = sha256_of(leaf)
    with TlsServer(leaf.fullchain, leaf.key) as server:
        leaf.key.write_bytes(root.key.read_bytes())
        with pytest.raises(ssl.SSLError):
            server.reload()
        assert served(server.port, root) == before


def test_a_server_ends_although_a_client_hangs_on(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    leaf = make_leaf(tmp_path, root, ["localhost"])
    with TlsServer(leaf.fullchain, leaf.key) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"\x16")
        assert server.port
    client.close()


@pytest.mark.parametrize("key_type", ["ec-256", "ec-384", "2048"])
def test_a_leaf_is_valid_when_and_for_whom_it_was_asked(tmp_path: Path, key_type: KeyType) -> None:
    intermediate = make_intermediate(tmp_path, make_root(tmp_path))
    names = ["nas.test", "*.nas.test", "127.0.0.1"]
    leaf = make_leaf(
        tmp_path, intermediate, names, not_before=1_500_000_000, not_after=1_600_000_000, key_type=key_type
    )
    chain = parse_pem(leaf.fullchain.read_bytes())
    assert chain[0].validity == (1_500_000_000, 1_600_000_000)
    assert (chain[0].names, chain[0].key_type) == (tuple(names), key_type)
    assert key_matches(leaf.key.read_bytes(), chain[0])
    assert [certificate.subject for certificate in chain] == ["nas.test", "Test Intermediate"]
    assert sort_chain(chain[0], chain[1:]) == chain[1:]


@pytest.fixture
def proxy(pebble: Pebble, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(tmp_path, pebble) as server:
        yield server


def test_what_passes_the_proxy_points_back_to_the_proxy(proxy: Proxy) -> None:
    directory = json.loads(fetch(proxy.directory_url, ca_bundle=proxy.ca_bundle))
    assert directory["newOrder"].startswith(f"https://localhost:{proxy.port}/")
    assert fetch(directory["newNonce"], ca_bundle=proxy.ca_bundle) == b""
    assert proxy.exchanges == [("GET", "/dir", 200), ("GET", "/nonce-plz", 204)]


def test_the_proxy_answers_in_the_place_of_the_authority(proxy: Proxy) -> None:
    proxy.misbehave("^/dir$", GARBAGE, times=1)
    proxy.misbehave("^/dir$", EMPTY, times=1)
    answers = [fetch(proxy.directory_url, ca_bundle=proxy.ca_bundle) for _ in range(3)]
    assert answers[:2] == [GARBAGE.body, b""]
    assert b"newOrder" in answers[2]


def test_the_proxy_refuses_a_nonce_in_the_words_of_step_ca(proxy: Proxy) -> None:
    proxy.misbehave("^/order-plz$", STEP_BAD_NONCE, method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(proxy.directory_url.replace("/dir", "/order-plz"), data=b"{}", ca_bundle=proxy.ca_bundle)
    with caught.value as answer:
        assert json.load(answer)["detail"] == "The client sent an unacceptable anti-replay nonce"
    assert (answer.code, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_the_proxy_changes_what_the_authority_says(proxy: Proxy) -> None:
    proxy.misbehave("^/dir$", Change(status=203, body=bytes.upper, headers={"Cache-Control": None, "X-Seen": "yes"}))
    connection = connect(proxy)
    try:
        connection.request("GET", "/dir")
        with connection.getresponse() as response:
            assert (response.status, response.headers["X-Seen"], response.headers["Cache-Control"]) == (
                203,
                "yes",
                None,
            )
            assert b'"NEWORDER"' in response.read()
    finally:
        connection.close()


def test_the_proxy_can_hand_out_a_leaf_without_its_chain(tmp_path: Path) -> None:
    leaf = make_leaf(tmp_path, make_intermediate(tmp_path, make_root(tmp_path)), ["nas.test"])
    assert LEAF_ALONE.body is not None
    assert LEAF_ALONE.body(leaf.fullchain.read_bytes()) == leaf.certificate.read_bytes()


def test_the_proxy_cuts_the_connection_until_it_is_told_to_behave(proxy: Proxy) -> None:
    proxy.misbehave("^/dir$", Cut())
    with pytest.raises(OSError, match=r"closed|reset|EOF"):
        fetch(proxy.directory_url, ca_bundle=proxy.ca_bundle)
    assert proxy.exchanges == [("GET", "/dir", 0)]
    proxy.behave()
    assert b"newOrder" in fetch(proxy.directory_url, ca_bundle=proxy.ca_bundle)


def test_a_hanging_proxy_ends_with_its_block(pebble: Pebble, tmp_path: Path) -> None:
    with Proxy(tmp_path, pebble) as proxy:
        proxy.misbehave("^/dir$", Hang())
        connection = connect(proxy)
        connection.request("GET", "/dir")
        connection.sock.settimeout(0.2)
        with pytest.raises(socket.timeout):
            connection.sock.recv(1)
    connection.close()


@pytest.mark.usefixtures("fast_sleep")
def test_acme_sh_gets_a_certificate_from_pebble(
    pebble: Pebble, webserver: WebServer, acme_sh_311: Path, tmp_path: Path
) -> None:
    home = tmp_path / "acme-home"
    folders = ["--home", str(acme_sh_311), "--config-home", str(home)]
    authority = ["--server", pebble.directory_url, "--ca-bundle", str(pebble.ca_bundle)]
    wanted = ["--webroot", str(webserver.root), "--domain", "nas.counterpart.test"]
    done = subprocess.run(
        ["/bin/bash", str(acme_sh_311 / "acme.sh"), "--issue", *folders, *authority, *wanted],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    chain = parse_pem((home / "nas.counterpart.test_ecc" / "fullchain.cer").read_bytes())
    assert (chain[0].names, chain[0].lifetime) == (("nas.counterpart.test",), timedelta(seconds=86399))
    above = (*chain[1:], *parse_pem(pebble.root().encode("ascii")))
    assert sort_chain(chain[0], above) == above


def connect(proxy: Proxy) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(proxy.ca_bundle))
    return http.client.HTTPSConnection(f"localhost:{proxy.port}", context=context, timeout=10)


def served(port: int, root: Pair) -> str:
    context = ssl.create_default_context(cafile=str(root.certificate))
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    with plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
        der = connection.getpeercert(binary_form=True)
    assert der is not None
    return parse_der(der).sha256


def sha256_of(pair: Pair) -> str:
    return parse_pem(pair.certificate.read_bytes())[0].sha256


def ask(dns: ChallengeServer, name: str) -> Tuple[int, str]:
    """The response code for an A question (RFC 1035) and the address in the first record of the answer."""
    host, _, port = dns.address.partition(":")
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    question = b"\x00\x01\x01\x00" + b"\x00\x01" + b"\x00" * 6 + labels + b"\x00" + b"\x00\x01\x00\x01"
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(question, (host, int(port)))
        answer = client.recv(512)
    record = answer[len(question) :].partition(b"\x00\x01\x00\x01")[
        2
    ]  # behind its name, type and class: TTL, length, address
    return answer[3] & 0x0F, ".".join(str(byte) for byte in record[6:10])


def is_gone(process: int) -> bool:
    """Whether it has ended; who adopted it may need a moment to take note."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(") ")[2].startswith("Z"):
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False
