"""Input that nobody expects, from the real thing where there is one: a failure of its own, that ends no more than its step."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping

import pytest

from acmewrap import unexpected
from acmewrap.config.endpoint import Endpoint
from acmewrap.errors import AcmewrapError, UnreachableError
from acmewrap.schedule import crontab
from acmewrap.secrets import CommandReference, EnvironmentReference, FileReference, Secret, resolve
from acmewrap.synology.web import Client
from acmewrap.system import files
from acmewrap.verify import tls_probe

HEAD = b"HTTP/1.1 200 OK\r\n"
LONG = b"x" * 100_000


def of(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


DSM: Mapping[str, bytes] = {
    "nothing": b"",
    "a chunked reply that is cut off": HEAD + b"Transfer-Encoding: chunked\r\n\r\n100\r\n{",
    "a chunk of negative size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n",
    "a chunk of no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n{}",
    "a chunk that never ends": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + LONG,
    "a body that is cut off": HEAD + b"Content-Length: 1000\r\n\r\n{}",
    "a length that is none": HEAD + b"Content-Length: -7\r\n\r\n{}",
    "ssh": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "smtp": b"220 mail.test ESMTP\r\n",
    "tls": b"\x15\x03\x01\x00\x02\x02\x46",
    "noise": bytes(range(256)),
    "a long status line": b"HTTP/1.1 200 " + LONG + b"\r\n\r\n{}",
    "a long header": HEAD + b"X: " + LONG + b"\r\n\r\n{}",
    "many headers": HEAD + b"X: y\r\n" * 1000 + b"\r\n{}",
    "a status that is none": b"HTTP/1.1 abc OK\r\n\r\n{}",
    "a redirect to nowhere": b"HTTP/1.1 302 Found\r\nLocation: https://[bad\r\nContent-Length: 0\r\n\r\n",
    "a port that is none": b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:99999999/\r\nContent-Length: 0\r\n\r\n",
    "no json": of(b"<html>"),
    "nested json": of(b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "json of 200 levels": of(b'{"success":true,"data":' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}"),
    "a number of a million digits": of(b'{"success":true,"data":{"a":' + b"9" * 1_000_000 + b"}}"),
    "infinity": of(b'{"success":true,"data":{"SYNO.API.Auth":{"maxVersion":Infinity}}}'),
    "half a surrogate pair": of(b'{"success":true,"data":{"SYNO.API.Auth":{"path":"\\ud800"}}}'),
    "a list": of(b"[]"),
    "null": of(b"null"),
    "null data": of(b'{"success":true,"data":null}'),
    "a list as data": of(b'{"success":true,"data":[]}'),
    "a text as code": of(b'{"success":false,"error":{"code":"many"}}'),
    "a list as code": of(b'{"success":false,"error":{"code":[105]}}'),
    "a text as error": of(b'{"success":false,"error":"no"}'),
    "no sid": of(b'{"success":true,"data":{"SYNO.API.Auth":{"maxVersion":7}}}'),
    "a text as version": of(b'{"success":true,"data":{"SYNO.API.Auth":{"maxVersion":"7"},"sid":{}}}'),
    "a token that breaks a line": of(
        b'{"success":true,"data":{"SYNO.API.Auth":{},"sid":"a","synotoken":"a\\r\\nHost: b"}}'
    ),
    "a path that is none": of(b'{"success":true,"data":{"SYNO.API.Auth":{"path":"a b\\r\\n"},"sid":"a"}}'),
}


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A port that answers the same to everything."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.settimeout(5)
                        connection.recv(65536)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize("name", DSM)
def test_whatever_answers_for_dsm_there_is_an_error_that_says_so(name: str) -> None:
    with answering(DSM[name]) as port, pytest.raises(AcmewrapError) as raised:
        Client(f"http://127.0.0.1:{port}", "acme", Secret("s3cr3t")).__enter__()
    assert raised.value.id.startswith("dsm.")
    assert raised.value.remedy
    assert "s3cr3t" not in str(raised.value)


def test_another_protocol_on_the_port_of_https_is_unreachable_or_not_trusted() -> None:
    with answering(DSM["ssh"]) as port, pytest.raises(UnreachableError):
        Client(f"https://127.0.0.1:{port}", "acme", Secret("s")).__enter__()


@pytest.mark.parametrize("kind", ["ed25519", "ed448"])
def test_a_server_with_a_key_of_a_new_kind_is_seen(tmp_path: Path, kind: str) -> None:
    key, certificate = tmp_path / "key", tmp_path / "cer"
    words = [
        "req",
        "-x509",
        "-newkey",
        kind,
        "-nodes",
        "-subj",
        "/CN=nas.test",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(certificate), str(key))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as session:
                session.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        observed = tls_probe.look(Endpoint("127.0.0.1", server.getsockname()[1], "nas.test"))
    thread.join(5)
    expected = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))).hexdigest()
    assert (observed.served, observed.error) == (expected, None)
    assert observed.not_after is not None


def program(path: Path, text: bytes, mode: int = 0o755) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text)
    path.chmod(mode)
    return path


COMMANDS: Mapping[str, tuple[bytes, int]] = {
    "bytes": (b"#!/bin/sh\nprintf 's3cr3t\\377'\n", 0o755),
    "a zero byte": (b"#!/bin/sh\nprintf 's3cr3t\\0x'\n", 0o755),
    "no #!": (b"echo s3cr3t\n", 0o755),
    "a program that is not there": (b"#!/nonexistent/program\necho s3cr3t\n", 0o755),
    "not executable": (b"#!/bin/sh\necho s3cr3t\n", 0o644),
    "a failure": (b"#!/bin/sh\necho s3cr3t >&2; exit 3\n", 0o755),
    "no answer": (b"#!/bin/sh\necho s3cr3t; sleep 30\n", 0o755),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_prints_no_secret_is_a_failure_that_shows_none(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acmewrap.secrets._TIMEOUT", 0.5)
    script = program(tmp_path / "tools" / "ask", *COMMANDS[name])
    with pytest.raises(AcmewrapError) as raised:
        resolve(CommandReference((str(script),)), {"PATH": "/usr/bin:/bin"})
    assert raised.value.id == "secret.unavailable"
    assert "s3cr3t" not in f"{raised.value}{raised.value.failure}"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b"])
def test_a_secret_in_a_file_or_variable_that_nothing_can_take_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    environ = {"SECRET": content.decode("utf-8", "surrogateescape")}
    for reference in (FileReference(file), EnvironmentReference("SECRET")):
        with pytest.raises(AcmewrapError) as raised:
            resolve(reference, environ)
        assert raised.value.id == "secret.unavailable"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the crontab command shows and takes."""
    table = tmp_path / "table"
    program(
        tmp_path / "tools" / "crontab",
        b'#!/bin/sh\ncase $1 in -l) cat "%s" ;; *) cat >"%s" ;; esac\n' % (2 * (bytes(table),)),
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}:{os.environ['PATH']}")
    return table


def test_a_crontab_that_is_no_utf_8_keeps_its_bytes(table: Path) -> None:
    table.write_bytes(b"# M\xfcller, \xff\xfe\n15 3 * * 0 /bin/true\n")
    before = crontab.read()
    crontab.write(before + "# more\n")
    assert table.read_bytes() == b"# M\xfcller, \xff\xfe\n15 3 * * 0 /bin/true\n# more\n"


@pytest.mark.parametrize("script", [b"#!/bin/sh\nsleep 30\n", b"#!/bin/sh\nsleep 30 & sleep 30\n", b"no program\n"])
def test_a_crontab_command_that_hangs_or_does_not_start_is_a_failure(
    table: Path, script: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crontab, "_TIMEOUT", 0.5)
    program(table.parent / "tools" / "crontab", script)
    for work in (crontab.read, lambda: crontab.write("")):
        with pytest.raises(AcmewrapError) as raised:
            work()
        assert raised.value.id == "schedule.refused"


@pytest.mark.parametrize(("number", "id"), [(errno.ENOLCK, "lock.unavailable"), (errno.EROFS, "file.read_only")])
def test_a_home_that_gives_no_lock_or_is_read_only_is_said_so(
    tmp_path: Path, number: int, id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError) as raised, files.lock(tmp_path / "home" / ".lock"):  # noqa: PT011
        pass
    told = unexpected.explain(raised.value, tmp_path, "the home").failure
    assert (told.id, str(tmp_path / "home") in f"{told.message}{told.remedy}") == (id, True)


def test_a_crontab_that_cannot_be_read_ends_no_plan(table: Path) -> None:
    program(table.parent / "tools" / "crontab", b"#!/bin/sh\necho odd >&2; exit 3\n")
    text = (
        'directory: .\nauthorities: {internal: {server: "https://localhost:1/dir", ca_bundle: ca.crt}}\n'
        "certificates: {nas: {domains: [nas.test], challenge: {webroot: /tmp}}}\nschedule: {daily: 4:55}\n"
    )
    folder = table.parent
    (folder / "acmewrap.yaml").write_text(text, encoding="utf-8")
    (folder / "ca.crt").touch()
    done = subprocess.run(
        [sys.executable, "-m", "acmewrap", "--config", str(folder / "acmewrap.yaml"), "--json", "plan"],
        capture_output=True,
        check=False,
    )
    document: Dict[str, Any] = json.loads(done.stdout)
    assert "issue" in {step["kind"] for step in document["plan"]}
    assert [one["reason"]["failure"]["id"] for one in document["blocked"] if one["kind"] == "schedule"] == [
        "schedule.refused"
    ]
    assert done.stderr == b""
