"""What an authority, a NAS, a certificate, a file's name or a hook says reaches no terminal, log or document as it was sent."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any, Iterator

import pytest

from acmewrap.testing.certificates import make_leaf, make_root
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import Answer, Change, Fault, Proxy, problem
from acmewrap.testing.tlsserver import TlsServer
from acmewrap.testing.webserver import WebServer
from forkserver import forkserver
from provisioned import CERTIFICATES, HEAD, PASSWORD, Machine

EVIL = (
    "OWNED \x1b]0;title\x07\x1b[2J\x1b]8;;http://evil.test\x1b\\click\x1b]8;;\x1b\\ \x9b31m \u202egnp.exe \u200b \x7f "
    "[red]no[/red] \nforged: done in 0.1 s\u2028forged \r"
)
PAIRS = ("\x1b]", "\x1b[2J", "\x9b", "\u202e", "\u200b", "\x7f", "\u2028", "\x07")
PROBLEM = problem("rejectedIdentifier", EVIL, 400)
RAW = dataclasses.replace(
    PROBLEM, body=json.dumps(json.loads(PROBLEM.body), ensure_ascii=False).replace("\\u001b", "\x1b").encode()
)


@pytest.fixture
def nas() -> Iterator[DsmSimulator]:
    with DsmSimulator(password=PASSWORD) as simulator:
        yield simulator


@pytest.fixture
def machine(tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer, nas: DsmSimulator) -> Machine:
    return Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)


def assert_clean(text: str) -> None:
    assert [letter for letter in text if not (letter.isprintable() or letter in "\n\t")] == []
    assert not any(line.startswith("forged") for line in text.splitlines())


def assert_document_is_clean(value: Any) -> None:
    """What a consumer has once it has decoded the document."""
    if isinstance(value, str):
        assert_clean(value)
    elif isinstance(value, dict):
        for key, one in value.items():
            assert_clean(key)
            assert_document_is_clean("\n".join(f"| {line}" for line in one) if key == "lines" else one)
    elif isinstance(value, list):
        for one in value:
            assert_document_is_clean(one)


def look_everywhere(machine: Machine, *commands: str) -> str:
    """Run *commands*, plain, as documents and on a terminal; all of what they print is clean, and returned as one text."""
    texts = []
    for command in commands:
        words = command.split()
        done = machine.run(*words)
        for text in (done.stdout, done.stderr):
            assert_clean(text)
            texts.append(text)
        document = machine.run("--json", *words)
        assert_clean(document.stdout + document.stderr)
        assert_document_is_clean(document.document)
        shown = machine.on_terminal(*words)
        assert [pair for pair in PAIRS if pair in shown] == []
        texts.append(shown)
    return "\n".join(texts)


@pytest.mark.parametrize(
    "fault",
    [pytest.param(PROBLEM, marks=pytest.mark.slow), RAW],  # what is decoded from JSON is in test_guard.py, too
    ids=["escaped in its JSON", "raw in its JSON"],
)
def test_the_words_of_an_authority(machine: Machine, pebble: Pebble, tmp_path: Path, fault: Answer) -> None:
    with Proxy(tmp_path / "proxy", pebble) as proxy:
        proxy.misbehave("/order-plz", fault)
        machine.configure(server=proxy.directory_url, bundle=proxy.ca_bundle)
        said = look_everywhere(machine, "apply -v", "status", "doctor")
        assert_clean(machine.run("rehearse").stdout)
    assert "OWNED" in said
    assert "red no /red" in said  # the guard leaves no brackets in what an authority says


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("/order-plz", Change(headers={"Location": "https://localhost/\x1b]0;title\x07\x1b[2J\x9b31m"})),
        pytest.param(
            "/dir",
            Change(body=lambda body: body.replace(b"/order-plz", b"/\\u001b]0;title\\u0007\\u001b[2J\xe2\x80\xae")),
            marks=pytest.mark.slow,
        ),
        pytest.param("/dir", Answer(500, b"\x1b[2J"), marks=pytest.mark.slow),
        pytest.param(
            "/certZ/",
            Answer(body=b"-----BEGIN CERTIFICATE-----\n\x1b]0;title\x07\x1b[2J\n-----END CERTIFICATE-----\n"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["an order's Location", "a URL of the directory", "a body that is no JSON", "a certificate that is none"],
)
def test_the_headers_and_bodies_of_an_authority(
    machine: Machine, pebble: Pebble, tmp_path: Path, pattern: str, fault: Fault
) -> None:
    with Proxy(tmp_path / "proxy", pebble) as proxy:
        proxy.misbehave(pattern, fault)
        machine.configure(server=proxy.directory_url, bundle=proxy.ca_bundle)
        look_everywhere(machine, "issue -v", "status", "doctor")


def test_the_names_that_a_nas_has(machine: Machine, issued_home: Path) -> None:
    machine.adopt(issued_home)
    for service in machine.nas.state.certificates.services:
        service.description["display_name"] = EVIL
    machine.nas.fail("SYNO.Core.Certificate.Service.set", "ignored", times=None)
    said = look_everywhere(machine, "apply -v", "plan", "status")
    assert "OWNED" in said


def test_the_names_in_a_certificate_that_is_stored_and_served(
    machine: Machine, issued_home: Path, tmp_path: Path
) -> None:
    pair = make_leaf(
        tmp_path, make_root(tmp_path, "OWNED \x1b]0;title\x07\x1b[2J Root"), ["OWNED\x1b[2J\x1b]0;title\x07.test"]
    )
    machine.adopt(issued_home)
    home = machine.folder / ".acme.sh/nas.internal.test_ecc"
    for name, source in (
        ("nas.internal.test.cer", pair.certificate),
        ("nas.internal.test.key", pair.key),
        ("fullchain.cer", pair.fullchain),
        ("ca.cer", tmp_path / "root.pem"),
    ):
        (home / name).write_bytes(source.read_bytes())
    with TlsServer(pair.fullchain, pair.key) as server:
        machine.configure(port=server.port)
        said = look_everywhere(machine, "status", "plan", "doctor", "revoke nas --dry-run")
    assert "OWNED" in said


def test_what_a_hook_and_a_reload_command_print(machine: Machine, issued_home: Path) -> None:
    machine.adopt(issued_home)
    (machine.folder / "talk").write_text(EVIL, encoding="utf-8")
    text = CERTIFICATES.replace(
        "deploy: {{dsm: synology}}",
        'deploy: {{files: {{install: {{fullchain_file: tls.pem, reload: "cat {folder}/talk; exit 1"}}, verify: no}}}}',
    )
    machine.configure(HEAD + text, folder=machine.folder)
    said = look_everywhere(machine, "apply -v", "status", "doctor")
    assert "OWNED" in said


@pytest.mark.parametrize(
    "name", ["a\x1b[2J\x1b]0;title\x07.yaml", "caf\udce9.yaml", "gpj\u202e.yaml", "a\nforged: fine"]
)
@pytest.mark.parametrize("there", [True, False], ids=["there", "not there"])
def test_the_name_of_the_file(tmp_path: Path, name: str, there: bool) -> None:
    file = tmp_path / name
    if there:
        file.write_text("nonsense: 1\n", encoding="utf-8")
    for words in (("check",), ("--json", "check"), ("init",)):
        done = forkserver().run(("--config", str(file), *words), os.environ)
        said = (done.stdout + done.stderr).decode("utf-8")
        assert done.returncode in (2, 77, 78), done
        assert_clean(said)
        if "--json" in words:
            assert_document_is_clean(json.loads(said))


def test_the_values_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "acmewrap.yaml"
    file.write_text(
        'authorities: {"in\\e[2J": {server: "https://a\\e]0;title\\a.test/"}}\n'
        'certificates: {"\\u202e": {domains: ["\\e[2J"], challenge: {webroot: "/tmp/\\u202e"}}}\n'
        'synology: {url: "http://\\u200bnas", account: {name: "\\e", password: {env: "\\e"}}, verify: "\\u2028:1"}\n'
        '"\\e[2J": 1\n',
        encoding="utf-8",
    )
    done = forkserver().run(("--config", str(file), "check"), os.environ)
    assert done.returncode == 78
    assert_clean(done.stderr.decode("utf-8"))
