"""Servers in which TLS begins on request, by what those of test_real_servers.py said (tests/dialogues)."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from pathlib import Path
from typing import Iterator, List, Mapping, Optional, Tuple

import pytest

from acmewrap.config.endpoint import Endpoint, StartTls
from acmewrap.pki import x509
from acmewrap.testing.certificates import make_leaf, make_root
from acmewrap.testing.tlsserver import load
from acmewrap.verify import tls_probe

Turn = Mapping[str, str]
RECORDED: Mapping[StartTls, List[Turn]] = json.loads(
    (Path(__file__).resolve().parents[1] / "dialogues" / "starttls.json").read_text(encoding="utf-8")
)
NAME = "mail.internal.test"  # the recorded servers' own


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair")
    made = make_leaf(folder, make_root(folder), [NAME])
    return made.certificate, made.key


@contextlib.contextmanager
def serving(turns: List[Turn], pair: Optional[Tuple[Path, Path]] = None) -> Iterator[Endpoint]:
    """A server that takes part in a dialogue as it was recorded, and begins TLS after it if it has a *pair*."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(10)
                for turn in turns:
                    heard = b""
                    expected = turn.get("client", "").encode("latin-1")
                    while len(heard) < len(expected):
                        heard += connection.recv(len(expected) - len(heard)) or expected
                    assert heard == expected
                    connection.sendall(turn.get("server", "").encode("latin-1"))
                if pair is not None:
                    with load(*pair).wrap_socket(connection, server_side=True) as session:
                        session.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Endpoint("127.0.0.1", server.getsockname()[1], NAME)
    thread.join(15)


@pytest.mark.parametrize("protocol", RECORDED)
def test_tls_begins_where_the_dialogue_ends(protocol: StartTls, pair: Tuple[Path, Path]) -> None:
    with serving(RECORDED[protocol], pair) as place:
        observed = tls_probe.look(Endpoint(place.host, place.port, NAME, starttls=protocol))
    leaf = x509.parse_pem(pair[0].read_bytes())[0]
    assert (observed.served, observed.error) == (leaf.sha256, None)


REFUSALS: List[Tuple[StartTls, List[Turn]]] = [
    ("smtp", [{"server": "554 no\r\n"}]),
    ("smtp", [*RECORDED["smtp"][:-1], {"server": "454 4.7.0 TLS not available\r\n"}]),
    ("imap", [*RECORDED["imap"][:-1], {"server": "* BYE\r\na NO\r\n"}]),
    ("pop3", [*RECORDED["pop3"][:-1], {"server": "-ERR\r\n"}]),
    ("ftp", [*RECORDED["ftp"][:-1], {"server": "530 Please login\r\n"}]),
    ("ldap", [*RECORDED["ldap"][:-1], {"server": "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x35\x04\x00\x04\x00"}]),
    ("ldap", [*RECORDED["ldap"][:-1], {"server": "\x30\x84\xff\xff\xff\xff"}]),
    ("postgres", [*RECORDED["postgres"][:-1], {"server": "N"}]),
    ("mysql", [{"server": "\x4a\x00\x00\x00\x0a5.5.5\0" + "\0" * 67}]),
    ("mysql", [{"server": "\x02\x00\x00\x00\xffx"}]),
    ("xmpp", [*RECORDED["xmpp"][:1], {"server": "<stream:features></stream:features>"}]),
    ("xmpp", [*RECORDED["xmpp"][:-1], {"server": "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"}]),
]
REFUSALS += [(protocol, [{"server": "x" * 100_000}]) for protocol in RECORDED]
REFUSALS += [(protocol, turns[:-1]) for protocol, turns in RECORDED.items() if "server" in turns[-1]]


@pytest.mark.parametrize(("protocol", "turns"), REFUSALS)
def test_a_server_that_does_not_begin_tls_is_an_error_and_no_wait(protocol: StartTls, turns: List[Turn]) -> None:
    started = time.monotonic()
    with serving(turns) as place:
        observed = tls_probe.look(Endpoint(place.host, place.port, NAME, starttls=protocol))
    assert observed.served is None
    assert observed.error is not None
    assert time.monotonic() - started < 4


def test_a_server_that_dribbles_has_no_more_time_than_one_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_probe, "_LOOK_TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                for _ in range(100):
                    connection.sendall(b"2")
                    time.sleep(0.05)

        thread = threading.Thread(target=serve)
        thread.start()
        started = time.monotonic()
        observed = tls_probe.look(Endpoint("127.0.0.1", server.getsockname()[1], NAME, starttls="smtp"))
        assert observed.error is not None
        assert "timed out" in observed.error
        assert time.monotonic() - started < 2
    thread.join(10)
