"""The functions that stand in for curl and openssl: they do the same, and show nothing in the arguments of a process."""

from __future__ import annotations

import hashlib
import hmac
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest

from acmewrap.driver.concealment import shell_functions

Request = Tuple[str, str, Dict[str, str], bytes]


@pytest.fixture
def server() -> Iterator[Tuple[str, List[Request]]]:
    requests: List[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            requests.append((self.command, self.path, dict(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        do_GET = do_PUT = do_POST  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", requests
        http.shutdown()
        thread.join()


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """What curl and openssl got as arguments."""
    record = tmp_path / "arguments"
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("curl", "openssl"):
        tool = tools / name
        tool.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>{record}\nexec /usr/bin/{name} "$@"\n', encoding="ascii"
        )
        tool.chmod(0o755)
    return record


def bash(
    folder: Path, script: str, *words: str, path: str = "", given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    program = folder / "acme.sh"
    program.write_text(script, encoding="utf-8")
    environment = {"PATH": path or f"{folder / 'tools'}:{os.defpath}", "LC_ALL": "C", **shell_functions(folder)}
    command = ["/bin/bash", "-c", 'exec "$BASH" "$@"', "-", str(program), *words]
    return subprocess.run(command, env=environment, input=given, capture_output=True, check=False)


# As acme.sh 3.1.1 calls it (_post and _get).
POST = (
    '_CURL="curl --silent --dump-header /dev/null -L  -g "; '
    '$_CURL --user-agent "agent" -X "$1" -H "$2" -H "$3" -H "" --data "$4" "$5"'
)


@pytest.mark.parametrize(
    "body",
    [
        "plain",
        "c4n4ry $ ' \" & % \\ end",
        'quotes "" and \\" and \\\\ and \\n as two letters',
        "line\nline\r\n\ttab\v\f\x01\x7f",
        "# no comment, = no : assignment",
        "-d looks like an option",
        "ümläut \u20ac \U0001f511",
        "-----BEGIN PRIVATE KEY-----\n" + "A" * 20_000 + "\n-----END PRIVATE KEY-----\n",
    ],
)
def test_what_is_sent_arrives_byte_for_byte_and_is_in_no_argument(
    tmp_path: Path, recorded: Path, server: Tuple[str, List[Request]], body: str
) -> None:
    url, requests = server
    header = "X-Token: t0ken \\ \" '"
    done = bash(tmp_path, POST, "PUT", header, "X-Other: 2", body, f"{url}/path?passwd=s3cret%20&x={{1,2}}[3-4]")
    assert (done.returncode, done.stdout) == (0, b"ok"), done
    ((method, path, headers, sent),) = requests
    assert (method, path, sent) == ("PUT", "/path?passwd=s3cret%20&x={1,2}[3-4]", body.encode())
    assert (headers["X-Token"], headers["X-Other"], headers["User-Agent"]) == ("t0ken \\ \" '", "2", "agent")
    reported = recorded.read_text(encoding="utf-8")
    assert reported.startswith("curl --silent --dump-header /dev/null -L -g --user-agent agent -X PUT -H ")
    assert not any(secret in reported for secret in ("t0ken", "s3cret", body, body.splitlines()[0]))


def test_an_address_given_as_an_option_is_in_no_argument_either(
    tmp_path: Path, recorded: Path, server: Tuple[str, List[Request]]
) -> None:
    url, requests = server
    assert bash(tmp_path, 'curl --url "$1" -s', f"{url}/login?passwd=s3cret").stdout == b"ok"
    assert [path for _, path, *_ in requests] == ["/login?passwd=s3cret"]
    assert "s3cret" not in recorded.read_text(encoding="utf-8")


def test_a_value_that_begins_with_at_is_still_a_file_and_standard_input_still_reaches_curl(
    tmp_path: Path, recorded: Path, server: Tuple[str, List[Request]]
) -> None:
    url, requests = server
    (tmp_path / "body").write_text("from the file", encoding="ascii")
    assert bash(tmp_path, 'curl -s --data-binary "$1" "$2"', f"@{tmp_path / 'body'}", url).returncode == 0
    assert bash(tmp_path, 'curl -s --data-binary @- "$1"', url, given=b"from the pipe").returncode == 0
    assert [body for *_, body in requests] == [b"from the file", b"from the pipe"]
    assert recorded.exists()


def test_the_exit_code_of_curl_is_handed_on(tmp_path: Path, recorded: Path) -> None:
    assert bash(tmp_path, "curl -s http://127.0.0.1:1/ -d x").returncode == 7
    assert bash(tmp_path, "curl -s -d x http://127.0.0.1:1/").returncode == 7
    assert recorded.exists()


def test_the_address_of_a_proxy_stays_with_its_option(tmp_path: Path, server: Tuple[str, List[Request]]) -> None:
    url, requests = server
    assert bash(tmp_path, 'curl -s "http://other.test/" -x "$1"', url).stdout == b"ok"
    assert [path for _, path, *_ in requests] == ["http://other.test/"]


def test_where_there_is_no_curl_acme_sh_still_finds_that_out(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = bash(tmp_path, "type curl >/dev/null 2>&1 || echo none", path=str(tmp_path / "empty"))
    assert done.stdout == b"none\n"


def test_scripts_that_acme_sh_starts_are_left_alone(tmp_path: Path) -> None:
    done = bash(tmp_path, 'type -t curl; /bin/bash -c "type -t curl; echo ${BASH_ENV-unset}"')
    assert done.stdout.split() == [b"function", b"file", b"unset"]


@pytest.mark.parametrize("length", [1, 32, 63, 64, 65, 100, 200])
@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_the_hmac_is_the_one_of_openssl_and_its_key_in_no_argument(
    tmp_path: Path, recorded: Path, length: int, algorithm: str
) -> None:
    key, message = bytes((17 * n + length) % 256 for n in range(length)), b"me\0ss\nage\xff"
    script = 'openssl dgst -"$1" -mac HMAC -macopt "hexkey:$2" -binary'  # acme.sh 3.1.1, _hmac
    done = bash(tmp_path, script, algorithm, key.hex(), given=message)
    assert done.stdout == hmac.new(key, message, getattr(hashlib, algorithm)).digest()
    reported = recorded.read_text(encoding="ascii")
    assert reported.count("openssl dgst") >= 2
    assert key.hex() not in reported.replace(f"-{algorithm}", "") or length == 1


def test_every_other_call_of_openssl_is_passed_on(tmp_path: Path, recorded: Path) -> None:
    done = bash(tmp_path, "openssl dgst -sha256 -hex | cut -d = -f 2", given=b"message")
    assert done.stdout.strip() == hashlib.sha256(b"message").hexdigest().encode()
    assert recorded.read_text(encoding="ascii") == "openssl dgst -sha256 -hex\n"


def test_the_functions_pass_shellcheck(tmp_path: Path) -> None:
    path = shell_functions(tmp_path)["BASH_ENV"]
    done = subprocess.run(["shellcheck", "--shell=bash", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
