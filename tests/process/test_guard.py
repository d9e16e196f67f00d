"""What stands between an authority's answers and acme.sh, fed with answers good and bad, through the functions that acme.sh has."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest

from acmewrap.config.arguments import is_safe_url
from acmewrap.driver.concealment import shell_functions
from acmewrap.driver.homes.configuration import parse_account, parse_configuration

# What acme.sh does around a request (3.1.1, _inithttp, _post and _get), without the rest.
SCRIPT = """
HTTP_HEADER={folder}/http.header; : >"$HTTP_HEADER"; ACME_DIRECTORY={directory}
_ACME_CURL="curl --silent --dump-header $HTTP_HEADER -L -g "
_post() {{ response="$($_ACME_CURL --user-agent "agent" -X POST -H "" --data "{{}}" "$1")"; printf "%s" "$response"; }}
_get() {{ $_ACME_CURL $2 --user-agent "agent" -H "" "$1"; }}
{script}
"""
PEM = "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n"
PAYLOADS = (
    "'",
    "$(x)",
    "`x`",
    '"$(x)"',
    "a[$(x)]",
    "\\x27",
    "\\n",
    "x\ny",
    "|w",
    "a;b",
    "a#b",
    "a,b",
    "*'",
    "\x1b[31m",
    "é",
)


class Answers:
    """The next answer of a server, raw."""

    status, body = 200, b""
    headers: Tuple[Tuple[str, str], ...] = ()


@pytest.fixture(scope="module")
def server() -> Iterator[Tuple[str, Answers]]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response_only(answers.status)
            for name, value in answers.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answers.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answers.body)

        do_GET = do_HEAD = do_POST  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", answers
        http.shutdown()
        thread.join()


class Shell:
    """Runs a line of shell with the functions of acme.sh; what is said, and the headers that are left."""

    def __init__(self, folder: Path, directory: str) -> None:
        self.folder, self.directory = folder, directory
        folder.mkdir(exist_ok=True)

    def run(self, script: str, **environment: str) -> Tuple[str, str, int]:
        program = self.folder / "acme.sh"
        program.write_text(SCRIPT.format(folder=self.folder, directory=self.directory, script=script), encoding="utf-8")
        variables = {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C",
            **shell_functions(self.folder, secrets=False),
            **environment,
        }
        done = subprocess.run(["/bin/bash", str(program)], env=variables, capture_output=True, check=False)
        self.headers = (self.folder / "http.header").read_text(encoding="latin-1")
        return done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"), done.returncode


@pytest.fixture
def shell(tmp_path: Path, server: Tuple[str, Answers]) -> Shell:
    return Shell(tmp_path / "acme", server[0])


def answer(answers: Answers, body: object = "", status: int = 200, **headers: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    answers.status, answers.body = status, text.encode("utf-8")
    answers.headers = tuple((name.replace("_", "-"), value) for name, value in headers.items())


def test_what_public_resolvers_say_of_a_record_is_none_of_the_authority_s(
    shell: Shell, server: Tuple[str, Answers]
) -> None:
    answer(server[1], "<html>" + "x" * 300_000, Location="https://x y/")
    text, said, code = shell.run(f"_ns_is_available_cf() {{ _get {server[0]}; }}; _ns_is_available_cf | wc -c")
    assert (text.strip(), said, code) == ("300006", "", 0)
    answer(server[1], '{"Answer":[{"name":"a","type":16,"TTL":60,"data":"\\"x-_1\\""}]}')
    assert "x-_1" in shell.run(f"_ns_lookup_impl() {{ _get {server[0]}; }}; _ns_lookup_impl")[0]


TOKEN = "a-_Z0" * 5  # 128 bits take 22 characters
ORDER: Dict[str, object] = {
    "status": "pending",
    "expires": "2026-01-01T00:00:00.5+01:00",
    "identifiers": [{"type": "dns", "value": "*.nas.test"}, {"type": "ip", "value": "2001:db8::1"}],
    "authorizations": ["https://ca.test/authz/1", "https://[2001:db8::1]:14000/authz/2"],
    "finalize": "https://ca.test/finalize/1?x=a%20b&y=~+",
    "wildcard": True,
    "retries": -1.5e3,
    "error": None,
    "challenges": [
        {
            "type": "http-01",
            "url": "https://ca.test/chal/1",
            "token": TOKEN,
            "validationRecord": [],
        }
    ],
}


def test_what_an_authority_that_means_well_says_arrives_as_it_was(shell: Shell, server: Tuple[str, Answers]) -> None:
    url, answers = server
    answer(
        answers,
        ORDER,
        Replay_Nonce="nonce-_1",
        Location="https://ca.test/acct/1?x=1",
        Link='<https://ca.test/alternate>;rel="alternate"',
        Retry_After="3",
        Content_Type="application/json; charset=utf-8",
        Date="Thu, 26 Nov 2026 18:00:00 GMT",
        Cache_Control="public, max-age=0, no-cache",
    )
    said, complaint, _ = shell.run(f'_post "{url}/order"')
    assert (json.loads(said), complaint) == (ORDER, "")
    assert shell.headers.splitlines()[:7] == [
        "HTTP/1.0 200",
        "Replay-Nonce: nonce-_1",
        "Location: https://ca.test/acct/1?x=1",
        'Link: <https://ca.test/alternate>;rel="alternate"',
        "Retry-After: 3",
        "Content-Type: application/json; charset=utf-8",
        "Date: Thu, 26 Nov 2026 18:00:00 GMT",
    ]
    assert "Cache-Control" not in shell.headers
    said, _, _ = shell.run(f'_get "{url}/order" -I')
    assert "Replay-Nonce: nonce-_1\r\n" in said


def test_escapes_that_json_allows_in_a_url_are_undone(shell: Shell, server: Tuple[str, Answers]) -> None:
    answer(server[1], r'{"finalize": "https:\/\/ca.test\/f?a=1\u0026b=2"}')
    said, _, _ = shell.run(f'_post "{server[0]}"')
    assert json.loads(said) == {"finalize": "https://ca.test/f?a=1&b=2"}


def test_two_challenges_of_a_type_or_a_token_that_could_be_a_word_are_refused(
    shell: Shell, server: Tuple[str, Answers]
) -> None:
    good = {"type": "http-01", "url": "https://ca.test/c", "token": TOKEN}
    for challenges in ([good, good], [{**good, "token": "verified_ok"}], [{**good, "token": ""}]):
        answer(server[1], {"status": "pending", "challenges": challenges})
        said, _, _ = shell.run(f'_post "{server[0]}"')
        assert "unsafe_response" in said
    answer(server[1], {"status": "pending", "challenges": [good, {**good, "type": "dns-01"}]})
    said, _, _ = shell.run(f'_post "{server[0]}"')
    assert json.loads(said)["challenges"][0] == good


def test_a_value_behind_an_object_has_the_name_of_its_list(shell: Shell, server: Tuple[str, Answers]) -> None:
    answer(server[1], {"authorizations": [{"detail": "x"}, "../../a b#c"]})
    said, _, _ = shell.run(f'_post "{server[0]}"')
    assert "unsafe_response" in said


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", "7"),
        ("Thu, 26 Nov 2026 18:00:05 GMT", "5"),
        ("Thu, 26 Nov 2026 19:00:00 GMT", "120"),
        ("99999999999999999999", "120"),
        ("Thu, 26 Nov 2026 17:00:00 GMT", "2"),
        ("soon", "2"),
    ],
)
def test_acme_sh_itself_waits_as_the_authority_asks_with_a_date_too(shell: Shell, asked: str, waited: str) -> None:
    headers = f"Date: Thu, 26 Nov 2026 18:00:00 GMT\nRetry-After: {asked}"
    values = (
        f"responseHeaders={shlex.quote(headers)} _retryafter={shlex.quote(asked)} _acmewrap_polls="  # poll: acme.sh
    )
    assert shell.run(f'{values}; command() {{ echo "$@"; }}; sleep "$_retryafter"')[:2] == (f"sleep {waited}\n", "")


def test_a_chain_arrives_as_it_was_and_without_what_is_around_it(shell: Shell, server: Tuple[str, Answers]) -> None:
    answer(server[1], f"subject=';id;'\n{PEM}\r\nissuer=$(id)\n{PEM}`id`\nQUJD\n")
    said, _, _ = shell.run(f'_post "{server[0]}"')
    assert said == (PEM + PEM).rstrip("\n")


def test_the_words_of_a_refusal_stay_readable(shell: Shell, server: Tuple[str, Answers]) -> None:
    answer(
        server[1], {"type": "urn:ietf:params:acme:error:tls", "detail": 'Get "http://a/b": it\'s\tno $x'}, status=400
    )
    said, _, _ = shell.run(f'_post "{server[0]}"')
    assert json.loads(said) == {"type": "urn:ietf:params:acme:error:tls", "detail": "Get  http://a/b : it s no  x"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_value_that_acme_sh_needs_and_that_cannot_be_ends_the_talk(
    shell: Shell, server: Tuple[str, Answers], payload: str
) -> None:
    url, answers = server
    for key in ("newOrder", "finalize", "authorizations", "certificate", "url", "token"):
        bad = f"https://ca.test/1{payload}" if key != "token" else payload
        answer(answers, {"a": [{key: [bad] if key == "authorizations" else bad}]}, Replay_Nonce="n")
        said, complaint, _ = shell.run(f'_post "{url}"; _post "{url}"; sleep 100')
        assert set(re.findall('"type":"([^"]*)"', said)) == {"urn:acmewrap:unsafe_response"}
        assert complaint == f"\nacmewrap: refused an unsafe answer of the authority: {key} in its JSON\n"
        assert shell.headers == "HTTP/1.1 400 acmewrap-refused\n\n"


@pytest.mark.parametrize("payload", [one for one in PAYLOADS if "\n" not in one])
def test_so_does_a_header(shell: Shell, server: Tuple[str, Answers], payload: str) -> None:
    url, answers = server
    values = {"Location": f"https://ca.test/1{payload}", "Replay_Nonce": f"n{payload}", "Retry_After": payload}
    for name, value in values.items():
        answer(answers, ORDER)
        answers.headers = ((name.replace("_", "-"), value),)
        _, complaint, _ = shell.run(f'_post "{url}"')
        if (name, payload) != ("Retry_After", "a,b"):
            assert f"refused an unsafe answer of the authority: the header {name.replace('_', '-')}\n" in complaint


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_else_holds_what_means_something_to_a_shell_or_ends_a_string(
    shell: Shell, server: Tuple[str, Answers], payload: str
) -> None:
    url, answers = server
    for body in (
        {
            "meta": {"website": f"x{payload}", f"k{payload}": [payload]},
            "status": payload,
            "value": payload,
            "type": payload,
        },
        {"detail": f'"token":"evil{payload}"', "title": f"\\{payload}"},
        f'<html>"token":"{payload}"</html>',
        f'{{"token":"a",{payload}}}',
        f"{PEM}{payload}",
    ):
        answer(answers, body, X_Note=f"Replay-Nonce: {payload}" if "\n" not in payload else "a\r\n Replay-Nonce: b")
        said, _, _ = shell.run(f'_post "{url}"')
        assert not re.search(r"[`$\\\\\x00-\x09\x1b]", said)
        assert not re.search(r"[;|'#]", said)
        assert "evil" not in "".join(re.findall('"token":"([^"]*)"', said))
        assert "Replay-Nonce" not in shell.headers


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "-o/tmp/x",
        "-K/x",
        "",
        "gopher://a/b",
        "https://u@h/",
        "https://h/../x",
        "https://h/a b",
        "x",
    ],
)
def test_only_a_plain_web_address_is_asked(shell: Shell, url: str) -> None:
    said, complaint, _ = shell.run(f"_get '{url}'")
    assert "urn:acmewrap:unsafe_response" in said
    assert "refused an unsafe answer of the authority: the URL " in complaint


def test_an_authority_with_tls_leads_to_no_address_without(shell: Shell, server: Tuple[str, Answers]) -> None:
    answer(server[1], {"a": 1})
    assert shell.run(f'_get "{server[0]}"')[0] == '{"a": 1}'
    shell.directory = "https://ca.test/dir"
    assert shell.run(f'_get "{server[0]}"; echo $?')[0] == "1\n"  # CURLE_UNSUPPORTED_PROTOCOL


def test_a_hook_gets_what_its_own_server_says(shell: Shell, server: Tuple[str, Answers]) -> None:
    hook = shell.folder / "dns_x.sh"
    hook.write_text('dns_x_add() { _get "$1"; }\n', encoding="ascii")
    answer(server[1], "it's $(fine)")
    assert shell.run(f'. {hook}; dns_x_add "{server[0]}"; curl -s {server[0]}')[0] == "it's $(fine)" * 2


@pytest.mark.parametrize("path", ["{}/deploy/../../x.sh", "../x", "{}/a b", "{}/$(id)"])
def test_what_is_no_hook_is_not_sourced(shell: Shell, path: str) -> None:
    place = path.format(shell.folder)
    assert shell.run(f"( . '{place}' ); echo $?")[0].split() == ["78"]


URLS = {
    "https://ca.test": True,
    "http://127.0.0.1:14000/a/b?x=1&y=%20~@:+": True,
    "https://[2001:db8::1]:14000/x": True,
    "https://[2001:db8::1]/x": True,
    "https://": False,
    "https:///x": False,
    "https://a:/x": False,
    "https://a:1x/": False,
    "https://a@b/": False,
    "https://[::1/x": False,
    "https://[::1]x/y": False,
    "https://[a$b]/y": False,
    "https://a/[x]": False,
    "https://a/.": False,
    "https://a/..?x": False,
    "https://a/./b": False,
    "https://a/b#c": False,
    "https://a/b,c": False,
    "https://a/b c": False,
    "https://a/\xe9": False,
    "-https://a/": False,
    "file://a/": False,
}


def test_shell_and_python_agree_on_what_a_url_may_be(shell: Shell) -> None:
    script = " ".join(f"_acmewrap_is_url '{url}' && echo '{url}';" for url in URLS)
    expected = [url for url, good in URLS.items() if good]
    assert shell.run(script)[0].splitlines() == expected
    assert [url for url in URLS if is_safe_url(url)] == expected


FILES = {
    "A='1'\n\n# it's a comment\nB='x=\"y\" $z `q`'\n": True,
    "ACCOUNT_URL='https://ca.test/acct/1'\nCA_KEY_HASH='a/b='\nCA_EMAIL='a@b.c'\n": True,
    "ACCOUNT_URL=''\nLe_NextRenewTime='1764000000'\nLe_RenewalDays='-1'": True,
    "Le_LinkCert='https://[::1]:14000/certZ/4?x=%20'\n": True,
    "A='1';id\n": False,
    "A='1'id'2'\n": False,
    "id\n": False,
    "A=1\n": False,
    ' A="1"\n': False,
    "A='two\nlines'\n": False,
    "A='1'\r\n": False,
    "ACCOUNT_URL='u'\n": False,
    "Le_LinkOrder='https://ca.test/../x'\n": False,
    "Le_OrderFinalize='https://ca.test/$(id)'\n": False,
    "Le_RenewalDays='a[0]'\n": False,
    "Le_CertCreateTime='x'\n": False,
    "AUTO_UPGRADE='0'\nUSER_PATH='/bin'\nACME_OPENSSL_BIN='openssl'\n": True,
    "AUTO_UPGRADE='1'\n": False,  # would put another acme.sh in the place of the pinned one
    "PATH='/tmp'\n": False,
    "LD_PRELOAD='/tmp/x.so'\n": False,
    "BASH_ENV='/tmp/x'\n": False,
    "_SCRIPT_HOME='/tmp'\n": False,
}


@pytest.mark.parametrize("text", FILES)
def test_shell_and_python_agree_on_what_a_configuration_may_hold(shell: Shell, text: str) -> None:
    path = shell.folder / "nas.conf"
    path.write_bytes(text.encode("utf-8"))
    done = shell.run(f"( . {path} ); echo $?")
    try:
        parse_configuration(text)
        parsed = True
    except ValueError:
        parsed = False
    assert (done[0], parsed) == (("0\n", True) if FILES[text] else ("78\n", False))
    assert ("nas.conf, line" in done[1]) == (not FILES[text])


@pytest.mark.parametrize(
    ("key", "allowed"), [("ACCOUNT_URL", True), ("CA_EMAIL", True), ("PATH", False), ("Le_X", False)]
)
def test_they_agree_on_the_keys_of_an_account(shell: Shell, key: str, allowed: bool) -> None:
    path = shell.folder / "ca.conf"
    text = f"{key}=''\n"
    path.write_text(text, encoding="ascii")
    assert (shell.run(f"( . {path} ); echo $?")[0] == "0\n") is allowed
    if allowed:
        assert parse_account(text) == {key: ""}
    else:
        with pytest.raises(ValueError, match=key):
            parse_account(text)


def test_the_guard_passes_shellcheck(tmp_path: Path) -> None:
    path = shell_functions(tmp_path, secrets=False)["BASH_ENV"]
    done: List[object] = []
    checked = subprocess.run(["shellcheck", "--shell=bash", path], capture_output=True, text=True, check=False)
    done += [checked.returncode, checked.stdout]
    assert done == [0, ""]


def flood(head: bytes, piece: bytes) -> Tuple[str, socket.socket]:
    """An authority that says *head*, and then *piece* for ever."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as client:
            client.recv(4096)
            client.sendall(head)
            while True:
                client.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/x", listener


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 1000 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x" * 65536),
    ],
    ids=["headers", "body"],
)
def test_an_answer_without_end_is_cut_off_and_refused(tmp_path: Path, head: bytes, piece: bytes) -> None:
    url, listener = flood(head, piece)
    with listener:
        started = time.monotonic()
        said, errors, _ = Shell(tmp_path / "acme", "http://127.0.0.1").run(f"_get {url}")
        assert time.monotonic() - started < 20
    assert "refused by acmewrap" in said or "headers" in errors
    assert len(said) < 300_000


def test_every_request_to_an_authority_has_a_limit_of_time(tmp_path: Path) -> None:
    (tmp_path / "curl").write_text('#!/bin/sh\necho "$@" >&2\n', encoding="ascii")
    (tmp_path / "curl").chmod(0o755)
    shell = Shell(tmp_path / "acme", "http://ca.test")
    _, said, _ = shell.run("_get http://ca.test/x", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert "--connect-timeout 10 --max-time 120" in said


@pytest.mark.parametrize(
    ("asked", "slept"), [("31536000", "120"), ("99999999999999999999", "120"), ("90", "90"), ("5", "5")]
)
def test_an_authority_has_acme_sh_sleep_for_two_minutes_at_most(tmp_path: Path, asked: str, slept: str) -> None:
    (tmp_path / "sleep").write_text('#!/bin/sh\necho "slept $1"\n', encoding="ascii")
    (tmp_path / "sleep").chmod(0o755)
    shell = Shell(tmp_path / "acme", "http://ca.test")
    said, _, _ = shell.run(f"_retryafter={asked}; sleep {asked}; sleep 900", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert said.split() == ["slept", slept, "slept", "900"]


CHALLENGE = '{"type":"http-01","status":"%s","url":"https://ca.test/c/1"%s},{"type":"dns-01","status":"pending","url":"https://ca.test/c/2"%s}'
ERROR = ',"error":{"type":"urn:ietf:params:acme:error:connection","detail":"refused"}'


@pytest.mark.parametrize(
    ("status", "first", "second", "code"),
    [
        ("pending", ERROR, "", 0),
        ("pending", "", "", 1),
        ("pending", "", ERROR, 1),  # of a challenge that is not in use
        ("processing", ERROR, "", 1),  # the authority still tries
    ],
)
def test_a_challenge_is_given_up_that_failed_and_is_still_pending(
    shell: Shell, status: str, first: str, second: str, code: int
) -> None:
    response = CHALLENGE % (status, first, second)
    script = f"response='{response}' uri=https://ca.test/c/1; _acmewrap_is_given_up; exit $?"
    assert shell.run(script)[2] == code
