"""Looks at servers: at each address of a name, within the versions of TLS that are asked for, and beside the leaf."""

from __future__ import annotations

import ssl
import time
from typing import Iterator, List, Optional, Tuple

import pytest

from acmewrap.config.endpoint import Endpoint, TlsVersion
from acmewrap.net import connection
from acmewrap.pki import x509
from acmewrap.testing.certificates import DAY, Pair, make_intermediate, make_leaf, make_root
from acmewrap.testing.counterpart import free_port
from acmewrap.testing.tlsserver import TlsServer
from acmewrap.verify import tls_probe
from acmewrap.verify.tls_probe import Observation

NAME = "nas.internal.test"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> List[Pair]:
    """Of the leaf that is looked for, and of another one."""
    folder = tmp_path_factory.mktemp("pairs")
    issuer = make_intermediate(folder, make_root(folder))
    return [make_leaf(folder, issuer, [NAME], file=file) for file in ("leaf", "other")]


def leaf(pair: Pair) -> x509.X509:
    return x509.parse_pem(pair.certificate.read_bytes())[0]


def issuers(pair: Pair) -> List[x509.X509]:
    return list(x509.parse_pem(pair.fullchain.read_bytes())[1:])


@pytest.fixture
def server(pairs: List[Pair]) -> Iterator[TlsServer]:
    with TlsServer(pairs[0].fullchain, pairs[0].key) as running:
        yield running


@pytest.mark.parametrize(
    ("shown", "seen"),
    [
        ("all leaf leaf", "leaf"),
        ("any leaf other", "leaf"),
        ("all leaf other", "other"),
        ("any nothing leaf", "leaf"),
        ("all leaf nothing", None),
    ],
)
def test_with_all_addresses_each_of_them_has_to_show_the_certificate(
    pairs: List[Pair],
    server: TlsServer,
    monkeypatch: pytest.MonkeyPatch,
    shown: str,
    seen: Optional[str],
) -> None:
    with TlsServer(pairs[1].fullchain, pairs[1].key) as other:
        ports = {"leaf": server.port, "other": other.port, "nothing": free_port()}
        which, *names = shown.split()
        addresses = [("127.0.0.1", ports[one]) for one in names]
        monkeypatch.setattr(connection, "resolve", lambda *_: addresses)
        observed = tls_probe.look(Endpoint(NAME, 443, NAME, all_addresses=which == "all"), leaf(pairs[0]))
    expected = {"leaf": leaf(pairs[0]).sha256, "other": leaf(pairs[1]).sha256, None: None}[seen]
    assert (observed.served, observed.obstacle) == (expected, None if seen else "server")


@pytest.mark.parametrize(
    ("least", "most", "talked"),
    [(None, None, ("1.2", "1.3")), (None, "1.2", ("1.2",)), ("1.3", None, ("1.3",))],
)
def test_a_look_stays_within_the_versions_of_tls(
    pairs: List[Pair],
    server: TlsServer,
    least: Optional[TlsVersion],
    most: Optional[TlsVersion],
    talked: Tuple[str, ...],
) -> None:
    place = Endpoint("127.0.0.1", server.port, NAME, min_tls=least, max_tls=most)
    for name, version in (("1.2", ssl.TLSVersion.TLSv1_2), ("1.3", ssl.TLSVersion.TLSv1_3)):
        server._server.context.minimum_version = ssl.TLSVersion.TLSv1_2
        server._server.context.maximum_version = ssl.TLSVersion.TLSv1_3
        server._server.context.minimum_version = server._server.context.maximum_version = version
        observed = tls_probe.look(place, leaf(pairs[0]))
        assert (observed.served is not None, observed.error is None) == (name in talked, name in talked)


def test_an_issuer_that_has_expired_is_a_flaw_of_what_is_served(pairs: List[Pair], server: TlsServer) -> None:
    place = Endpoint("127.0.0.1", server.port, NAME)
    for days, flaws in ((0, ()), (3648, ()), (3650, ("expired",))):
        clock = lambda days=days: time.time() + days * DAY  # noqa: E731
        assert tls_probe.look(place, leaf(pairs[0]), issuers(pairs[0]), clock).flaws == flaws


@pytest.mark.parametrize(
    ("shown", "looks", "count"),
    [
        ("new", 1, 1),
        ("new new", 2, 2),
        ("old new old new new", 2, 5),  # as nginx does while a former worker of it still answers
        ("old", 2, None),
    ],
)
def test_after_a_reload_a_certificate_counts_once_it_is_shown_again_and_again(
    pairs: List[Pair], monkeypatch: pytest.MonkeyPatch, shown: str, looks: int, count: Optional[int]
) -> None:
    now, new = [0.0], leaf(pairs[0])
    answers = shown.split()
    seen: List[str] = []

    def look(*_: object) -> Observation:
        seen.append(answers[min(len(seen), len(answers) - 1)])
        return Observation(new.sha256 if seen[-1] == "new" else "old")

    monkeypatch.setattr(tls_probe, "look", look)
    place = Endpoint(NAME, 443, NAME, timeout=20)
    sleep = lambda seconds: now.__setitem__(0, now[0] + seconds)  # noqa: E731
    observed = tls_probe.wait_for(place, new, looks=looks, clock=lambda: now[0], sleep=sleep)
    assert (observed.served == new.sha256, now[0] <= 20) == (count is not None, True)
    assert count in (None, len(seen))


def test_who_cannot_be_found_is_no_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> None:
        raise TimeoutError(f"no name server answered for {NAME} in time")

    monkeypatch.setattr(connection, "resolve", late)
    assert tls_probe.look(Endpoint(NAME, 443, NAME)).obstacle == "network"
    monkeypatch.undo()
    assert tls_probe.look(Endpoint("nas.invalid", 443, NAME)).obstacle == "network"
    assert tls_probe.look(Endpoint("127.0.0.1", free_port(), NAME)).obstacle == "server"
