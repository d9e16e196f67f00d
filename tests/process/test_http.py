"""One exchange ends, whatever the server does: within its deadline, within its size, at the servers that were meant."""

from __future__ import annotations

import contextlib
import socket
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Callable, Dict, Iterator, Tuple

import pytest

from acmewrap.acme import directory
from acmewrap.errors import UnreachableError
from acmewrap.net.http import Http, HttpError, Reason
from acmewrap.net.tls import Trust
from acmewrap.secrets import Secret
from acmewrap.synology.web import Client
from acmewrap.testing.certificates import Pair, make_leaf, make_root
from acmewrap.testing.tlsserver import HttpsServer
from connect_proxy import ConnectProxy

DEADLINE = 1.0
SPARE = 1.0  # for a machine with much to do


class Server(HttpsServer):
    """Answers with what stands under the path: a status, headers, a body. A path that is not there drips without end."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.pages: Dict[str, Tuple[int, Dict[str, str], bytes]] = {}
        super().__init__(certificate, key)

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        if request.path not in self.pages:
            with contextlib.suppress(OSError):
                for piece in drips(request.path.strip("/")):
                    request.wfile.write(piece)
                    request.wfile.flush()
                    time.sleep(0.1)
            return
        status, headers, body = self.pages[request.path]
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)


def drips(what: str) -> Iterator[bytes]:
    """Bytes that no reader of single bytes would ever tire of; it ends all the same, for the test's own sake."""
    yield {"status": b"HTTP/1.1 2", "headers": b"HTTP/1.1 200 OK\r\nX: ", "body": b"HTTP/1.1 200 OK\r\n\r\n"}[what]
    yield from (b"0" for _ in range(100))


@pytest.fixture
def root(tmp_path: Path) -> Pair:
    return make_root(tmp_path)


@pytest.fixture
def server(tmp_path: Path, root: Pair) -> Iterator[Server]:
    pair = make_leaf(tmp_path, root, ["localhost"])
    with Server(pair.fullchain, pair.key) as running:
        yield running


def client(root: Pair, **how: object) -> Http:
    return Http(DEADLINE, 1000, trust=Trust(str(root.certificate)), **how)  # type: ignore[arg-type]


def reason_of(work: Callable[[], object]) -> Reason:
    with pytest.raises(HttpError) as caught:
        work()
    return caught.value.reason


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert DEADLINE - 0.1 < time.monotonic() - started < DEADLINE + SPARE


@pytest.mark.parametrize("part", ["status", "headers", "body"])
def test_a_server_that_drips_is_left_at_the_deadline(server: Server, root: Pair, part: str) -> None:
    with in_time():
        assert reason_of(lambda: client(root).fetch(f"https://localhost:{server.port}/{part}")) is Reason.TIMEOUT


def test_a_directory_that_drips_is_left_in_time(server: Server, root: Pair) -> None:
    with in_time(), pytest.raises(UnreachableError) as caught:
        directory.fetch(f"https://localhost:{server.port}/body", root.certificate, timeout=DEADLINE / 5)
    assert caught.value.id == "ca.timeout"


def test_a_nas_that_drips_is_left_in_time(server: Server, root: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acmewrap.synology.transport._TIMEOUT", DEADLINE)
    url = f"https://localhost:{server.port}"
    server._server.respond = drip_body
    with in_time(), pytest.raises(UnreachableError) as caught, Client(
        url, "certupdater", Secret("x"), ca_bundle=str(root.certificate)
    ):
        raise AssertionError("there is no session")
    assert caught.value.id == "dsm.unreachable"


def drip_body(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True
    with contextlib.suppress(OSError):
        for piece in drips("body"):
            request.wfile.write(piece)
            time.sleep(0.1)


def test_a_handshake_that_never_ends_is_left_at_the_deadline(root: Pair) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        url = f"https://localhost:{listener.getsockname()[1]}/"
        with in_time():
            assert reason_of(lambda: client(root).fetch(url)) is Reason.TIMEOUT


def test_a_body_beyond_the_limit_is_not_read_to_its_end(server: Server, root: Pair) -> None:
    server.pages["/large"] = 200, {}, bytes(100_000)
    assert reason_of(lambda: client(root).fetch(f"https://localhost:{server.port}/large")) is Reason.TOO_LARGE


def test_a_body_that_is_cut_off_is_no_reply(server: Server, root: Pair) -> None:
    server.pages["/half"] = 200, {"Content-Length": "10"}, b"12345"
    assert reason_of(lambda: client(root).fetch(f"https://localhost:{server.port}/half")) is Reason.UNREACHABLE


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://localhost/x"])
def test_no_other_scheme_is_spoken_directly_or_after_a_redirect(server: Server, root: Pair, where: str) -> None:
    server.pages["/away"] = 302, {"Location": where}, b""
    assert reason_of(lambda: client(root).fetch(where)) is Reason.MALFORMED
    url = f"https://localhost:{server.port}/away"
    assert reason_of(lambda: client(root, redirects=3).fetch(url)) is Reason.MALFORMED


def test_redirects_are_followed_as_far_as_the_caller_says(server: Server, root: Pair) -> None:
    url = f"https://localhost:{server.port}"
    server.pages.update({f"/{n}": (302, {"Location": f"/{n + 1}"}, b"") for n in range(2)})
    server.pages["/2"] = 200, {}, b"here"
    assert client(root).fetch(f"{url}/0").status == 302
    assert reason_of(lambda: client(root, redirects=1).fetch(f"{url}/0")) is Reason.MALFORMED
    reply = client(root, redirects=2).fetch(f"{url}/0")
    assert (reply.url, reply.status, reply.body) == (f"{url}/2", 200, b"here")


def test_why_a_certificate_is_not_trusted_is_a_number(tmp_path: Path, root: Pair) -> None:
    pair = make_leaf(tmp_path, root, ["localhost"], not_before=1, not_after=2, file="old")
    with Server(pair.fullchain, pair.key) as running, pytest.raises(HttpError) as caught:
        client(root).fetch(f"https://localhost:{running.port}/")
    assert (caught.value.reason, caught.value.verify_code) == (Reason.UNTRUSTED, 10)


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_is_asked_that_the_environment_names_which_the_caller_gives_and_no_other(
    server: Server, root: Pair, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    url = f"https://localhost:{server.port}/page"
    server.pages["/page"] = 200, {}, b"here"
    with ConnectProxy() as proxy:
        environ = {name: proxy.url}
        assert client(root, proxy=environ).fetch(url).body == b"here"
        assert proxy.heads[0].startswith(f"CONNECT localhost:{server.port} ")
        assert client(root, proxy={**environ, "no_proxy": "localhost"}).fetch(url).body == b"here"
        monkeypatch.setenv(name, proxy.url)
        assert client(root).fetch(url).body == client(root, proxy={}).fetch(url).body == b"here"
        assert len(proxy.heads) == 1
        assert client(root, proxy=proxy.url).fetch(url).body == b"here"  # whatever no_proxy says
    assert len(proxy.heads) == 2


@pytest.mark.parametrize(
    ("url", "reported"),
    [
        ("http://127.0.0.1:9", "the proxy 127.0.0.1:9: [Errno 111] Connection refused"),
        ("http://proxy.invalid:3128", "the proxy proxy.invalid:3128: [Errno -2] Name or service not known"),
        ("socks5://name:secret@127.0.0.1:9", "the URL of the proxy does not begin with http://"),
    ],
)
def test_a_proxy_that_does_not_work_is_blamed_itself_and_shows_no_password(url: str, reported: str) -> None:
    with pytest.raises(HttpError) as caught:
        Http(5.0, 1000, proxy={"all_proxy": url}).fetch("https://ca.invalid/directory")
    assert caught.value.reason is Reason.PROXY
    assert str(caught.value) == reported
