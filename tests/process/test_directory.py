"""One look at a directory, against servers that are there, are not, or are something else: the right id for each."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Iterator, Optional, Tuple

import pytest

from acmewrap.acme import directory
from acmewrap.errors import UnreachableError
from acmewrap.testing.certificates import DAY, Pair, make_leaf, make_root
from acmewrap.testing.tlsserver import HttpsServer

DOCUMENT = {"newNonce": "https://ca/n", "newOrder": "https://ca/o", "newAccount": "https://ca/a"}


class Server(HttpsServer):
    """Answers with ``status`` and ``body``; None: it never answers."""

    status = 200
    body: Optional[bytes] = json.dumps(DOCUMENT).encode()
    raw = b""

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        if self.raw:
            request.wfile.write(self.raw)
        elif self.body is None:
            request.connection.settimeout(None)
            request.rfile.read(1)  # until the client gives up
        else:
            request.send_response(self.status)
            request.send_header("Content-Length", str(len(self.body)))
            request.end_headers()
            request.wfile.write(self.body)


@pytest.fixture
def root(tmp_path: Path) -> Pair:
    return make_root(tmp_path)


@pytest.fixture
def server(tmp_path: Path, root: Pair) -> Iterator[Server]:
    pair = make_leaf(tmp_path, root, ["localhost"])
    with Server(pair.fullchain, pair.key) as running:
        yield running


def fetch(port: int, bundle: Optional[Path], host: str = "localhost", timeout: float = 2.0) -> directory.Directory:
    return directory.fetch(f"https://{host}:{port}/acme/directory", bundle, timeout=timeout)


def id_of(port: int, bundle: Optional[Path], host: str = "localhost", timeout: float = 2.0) -> str:
    with pytest.raises(UnreachableError) as caught:
        fetch(port, bundle, host, timeout)
    assert f"https://{host}:{port}/acme/directory" in str(caught.value)
    return caught.value.id


@contextlib.contextmanager
def listening() -> Iterator[Tuple[socket.socket, int]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield listener, listener.getsockname()[1]


def test_a_directory_tells_what_it_offers(server: Server, root: Pair) -> None:
    meta = {"profiles": {"short": "six days"}}
    server.body = json.dumps({**DOCUMENT, "renewalInfo": "https://ca/ri", "meta": meta}).encode()
    found = fetch(server.port, root.certificate)
    assert (found.renewal_info, found.profiles) == ("https://ca/ri", ("short",))


@pytest.mark.parametrize("meta", [None, [], "x", {}, {"profiles": []}])
def test_odd_particulars_of_a_directory_do_no_harm(server: Server, root: Pair, meta: object) -> None:
    server.body = json.dumps({**DOCUMENT, "renewalInfo": 7, "meta": meta}).encode()
    found = fetch(server.port, root.certificate)
    assert (found.renewal_info, found.profiles) == (None, ())


def test_another_root_is_not_trusted(server: Server, tmp_path: Path) -> None:
    assert id_of(server.port, make_root(tmp_path / "other", "Other").certificate) == "ca.tls_untrusted"


def test_the_roots_of_the_system_do_not_know_ours(server: Server) -> None:
    assert id_of(server.port, None) == "ca.tls_untrusted"


def test_a_certificate_for_another_name_is_not_trusted(server: Server, root: Pair) -> None:
    assert id_of(server.port, root.certificate, "127.0.0.1") == "ca.tls_untrusted"


def test_an_expired_certificate_is_not_trusted(tmp_path: Path, root: Pair) -> None:
    pair = make_leaf(tmp_path, root, ["localhost"], not_before=DAY, not_after=2 * DAY, file="old")
    with Server(pair.fullchain, pair.key) as running:
        assert id_of(running.port, root.certificate) == "ca.tls_untrusted"


@pytest.mark.parametrize(("days", "code"), [((1, 2), 10), ((40_000, 50_000), 9)], ids=["expired", "not yet valid"])
def test_why_a_certificate_is_refused_is_known_by_number(
    tmp_path: Path, root: Pair, days: Tuple[int, int], code: int
) -> None:
    pair = make_leaf(tmp_path, root, ["localhost"], not_before=days[0] * DAY, not_after=days[1] * DAY, file="odd")
    with Server(pair.fullchain, pair.key) as running, pytest.raises(UnreachableError) as caught:
        fetch(running.port, root.certificate)
    assert caught.value.verify_code == code


def test_what_is_no_refusal_of_a_certificate_has_no_number() -> None:
    with pytest.raises(UnreachableError) as caught:
        fetch(1, None)
    assert caught.value.verify_code is None


@pytest.mark.parametrize("content", [None, b"", b"no certificate\n"])
def test_a_bundle_that_is_missing_or_empty_is_named(server: Server, tmp_path: Path, content: Optional[bytes]) -> None:
    bundle = tmp_path / "bundle.crt"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(UnreachableError) as caught:
        fetch(server.port, bundle)
    assert caught.value.id == "ca.tls_untrusted"
    assert str(bundle) in caught.value.remedy


def test_a_port_where_nobody_listens_is_unreachable(root: Pair) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        assert id_of(reserved.getsockname()[1], root.certificate) == "ca.unreachable"


def test_a_name_without_an_address_is_told(root: Pair) -> None:
    assert id_of(443, root.certificate, "nobody.invalid") == "ca.name_unresolved"


def test_a_server_that_never_shakes_hands_times_out(root: Pair) -> None:
    with listening() as (_, port):
        assert id_of(port, root.certificate, timeout=0.2) == "ca.timeout"


def test_a_server_that_never_answers_times_out(server: Server, root: Pair) -> None:
    server.body = None
    assert id_of(server.port, root.certificate, timeout=0.3) == "ca.timeout"


def test_a_server_that_hangs_up_at_once_is_told(root: Pair) -> None:
    with listening() as (listener, port):

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            assert id_of(port, root.certificate) in ("ca.unreachable", "ca.tls_untrusted")
        finally:
            thread.join()


def test_a_server_that_hangs_up_after_the_request_is_unreachable(server: Server, root: Pair) -> None:
    server.respond = lambda request: setattr(request, "close_connection", True)  # type: ignore[method-assign]
    server._server.respond = server.respond
    assert id_of(server.port, root.certificate) == "ca.unreachable"


def test_a_server_without_tls_is_told(root: Pair) -> None:
    with listening() as (listener, port):

        def speak() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as connection:
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        try:
            assert id_of(port, root.certificate) == "ca.tls_untrusted"
        finally:
            thread.join()


@pytest.mark.parametrize(
    ("status", "id"),
    [(404, "ca.not_acme"), (401, "ca.not_acme"), (500, "ca.server_error"), (503, "ca.server_error")],
)
def test_a_status_says_whose_fault_it_is(server: Server, root: Pair, status: int, id: str) -> None:
    server.status = status
    assert id_of(server.port, root.certificate) == id


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>login</html>",
        b"[]",
        b"{}",
        b'{"newOrder": 7}',
        b"null",
        b"\xff\xfe",
        b"[" * 200_000,
        b'"' * 2_000_000,
    ],
)
def test_an_answer_that_is_no_directory_is_told(server: Server, root: Pair, body: bytes) -> None:
    server.body = body
    assert id_of(server.port, root.certificate) == "ca.not_acme"


def test_an_answer_that_is_no_http_is_told(server: Server, root: Pair) -> None:
    server.raw = b"SSH-2.0-OpenSSH_9.2\r\n"
    assert id_of(server.port, root.certificate) == "ca.not_acme"
