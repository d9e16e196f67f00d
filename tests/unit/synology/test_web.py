"""A session with DSM's web API, against a web server that answers what a test wants."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Dict, Iterator, List, Tuple, Union
from urllib.parse import parse_qs, urlsplit

import pytest

from acmewrap.errors import UnreachableError
from acmewrap.secrets import Secret
from acmewrap.synology.web import ApiError, Client

PASSWORD = "c4n4ry $ ' \" & % \\ end"
INFORMATION: Dict[str, Any] = {"SYNO.API.Auth": {"maxVersion": 7, "minVersion": 1, "path": "entry.cgi"}}

Reply = Union[Dict[str, Any], int, bytes]


class Stub:
    """Answers by method: a dictionary is the data, a number an error of DSM, bytes the body as it is."""

    def __init__(self) -> None:
        self.replies: Dict[str, Reply] = {"query": INFORMATION, "login": {"sid": "S", "synotoken": "T"}, "logout": {}}
        self.status = 200
        self.requests: List[Tuple[str, Dict[str, str], Dict[str, str]]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                words = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
                stub.requests.append((self.path, words, dict(self.headers)))
                content = stub.answer(words["method"])
                self.send_response(stub.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, method: str) -> bytes:
        reply = self.replies.get(method, {})
        if isinstance(reply, bytes):
            return reply
        if isinstance(reply, int):
            return json.dumps({"error": {"code": reply}, "success": False}).encode()
        return json.dumps({"data": reply, "success": True}).encode()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def methods(self) -> List[str]:
        return [words["method"] for _, words, _ in self.requests]


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


def client(stub: Stub) -> Client:
    return Client(stub.url, "certupdater", Secret(PASSWORD))


def test_a_session_asks_what_is_offered_logs_in_calls_and_logs_out(stub: Stub) -> None:
    stub.replies["list"] = {"certificates": []}
    with client(stub) as session:
        assert session.call("SYNO.Core.Certificate.CRT", "list", 1) == {"certificates": []}
    assert stub.methods() == ["query", "login", "list", "logout"]


def test_the_password_travels_in_the_body_alone_and_byte_for_byte(stub: Stub) -> None:
    with client(stub):
        pass
    path, words, headers = stub.requests[1]
    assert words["passwd"] == PASSWORD
    assert words["version"] == "7"
    assert urlsplit(path).query == ""
    assert "c4n4ry" not in str(headers)
    assert all("passwd" not in other for _, other, _ in (stub.requests[0], *stub.requests[2:]))


def test_calls_carry_the_session_and_its_token(stub: Stub) -> None:
    with client(stub) as session:
        session.call("SYNO.Core.User", "get", 1, name='a "name"', digits="123", flag=True)
    path, words, headers = stub.requests[2]
    assert (words["_sid"], words["SynoToken"], headers["X-SYNO-TOKEN"]) == ("S", "T", "T")
    assert parse_qs(urlsplit(path).query)["_sid"] == ["S"]
    assert (words["name"], words["digits"], words["flag"]) == ('"a \\"name\\""', '"123"', "true")


@pytest.mark.parametrize(("offered", "used"), [(6, "6"), (7, "7"), (9, "7")])
def test_the_version_of_the_login_is_the_newest_that_both_know(stub: Stub, offered: int, used: str) -> None:
    stub.replies["query"] = {"SYNO.API.Auth": {"maxVersion": offered, "path": "auth.cgi"}}
    with client(stub):
        pass
    path, words, _ = stub.requests[1]
    assert (path, words["version"]) == ("/webapi/auth.cgi", used)


@pytest.mark.parametrize(
    ("code", "id"),
    [
        (400, "dsm.login_refused"),
        (401, "dsm.account_disabled"),
        (402, "dsm.permission"),
        (403, "dsm.otp_required"),
        (404, "dsm.otp_wrong"),
        (406, "dsm.otp_enforced"),
        (407, "dsm.blocked"),
        (408, "dsm.password_expired"),
        (409, "dsm.password_expired"),
        (410, "dsm.password_expired"),
        (411, "dsm.account_locked"),
        (999, "dsm.refused"),
    ],
)
def test_a_refused_login_is_told_by_what_can_be_done_about_it(stub: Stub, code: int, id: str) -> None:
    stub.replies["login"] = code
    with pytest.raises(ApiError) as caught, client(stub):
        raise AssertionError("there is no session")
    assert (caught.value.id, caught.value.code) == (id, code)
    assert "certupdater" in str(caught.value)
    assert "c4n4ry" not in repr(caught.value) + str(caught.value.failure)
    assert stub.methods().count("login") == 1


def test_a_session_that_failed_is_logged_out_all_the_same(stub: Stub) -> None:
    with pytest.raises(ZeroDivisionError), client(stub):
        raise ZeroDivisionError
    assert stub.methods()[-1] == "logout"


def test_a_failing_logout_hides_nothing(stub: Stub) -> None:
    stub.replies["logout"] = b"no JSON"
    with client(stub) as session:
        session.call("SYNO.Core.User", "list", 1)


@pytest.mark.parametrize("body", [b"", b"{", b"<html>502</html>", b"[]", b"null", b"\xff\xfe"])
def test_an_answer_that_is_no_document_of_dsm_is_unreachable(stub: Stub, body: bytes) -> None:
    stub.replies["query"] = body
    with pytest.raises(UnreachableError) as caught, client(stub):
        raise AssertionError("there is no session")
    assert caught.value.id == "dsm.unreachable"


def test_something_else_that_speaks_json_is_told(stub: Stub) -> None:
    stub.replies["query"] = {"SYNO.Other": {}}
    with pytest.raises(UnreachableError, match="does not speak DSM's web API"), client(stub):
        raise AssertionError("there is no session")


def test_a_web_server_that_answers_502_while_it_restarts_is_asked_again(stub: Stub) -> None:
    stub.status = 502

    def recover() -> None:
        stub.status = 200

    timer = threading.Timer(0.3, recover)
    timer.start()
    with Client(stub.url, "certupdater", Secret(PASSWORD), patience=30):
        pass
    timer.join()
    assert stub.methods().count("query") >= 2


def test_without_patience_502_is_the_end(stub: Stub) -> None:
    stub.status = 502
    with pytest.raises(UnreachableError), client(stub):
        raise AssertionError("there is no session")
    assert stub.methods() == ["query"]


def test_a_port_where_nothing_listens_is_unreachable_with_its_address() -> None:
    from acmewrap.testing.counterpart import free_port

    port = free_port()
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}"), Client(
        f"http://127.0.0.1:{port}", "certupdater", Secret(PASSWORD)
    ):
        raise AssertionError("there is no session")
