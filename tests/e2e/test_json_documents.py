"""With --json every command prints one document on standard output and nothing else, also when it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Iterator, Tuple

import pytest

from acmewrap.report.document import commands, schema
from acmewrap.testing.dsm import LOGIN, DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from json_schema import accepts
from provisioned import CERTIFICATES, HEAD, PASSWORD, SYNOLOGY, Machine

SCHEMA = schema()

# In this order, on one machine; `demo` is a machine of its own, and its document has no part of its own.
GOOD: Tuple[Tuple[str, ...], ...] = (
    ("check",),
    ("plan",),
    ("apply", "--dry-run"),
    ("install",),
    ("render",),
    ("issue", "nas"),
    ("deploy",),
    ("apply",),
    ("cron",),
    ("status",),
    ("report",),
    ("rehearse",),
    ("schedule", "show"),
    ("schedule", "remove", "--yes"),
    ("releases",),
    ("upgrade",),
    ("version",),
    ("schema",),
    ("completion", "bash"),
    (
        "init",
        "--template",
        "dns",
        "--domain",
        "a.test",
        "--server",
        "https://ca.test/dir",
        "--ca-bundle",
        "ca.crt",
        "--output",
        "-",
    ),
)


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> Iterator[Machine]:
    with DsmSimulator(password=PASSWORD) as nas:
        machine = Machine(tmp_path_factory.mktemp("json") / "machine", acme_sh_311, pebble, webserver, nas)
        machine.configure(HEAD + CERTIFICATES + SYNOLOGY + "schedule: {{every: 6h, by: crontab}}\n")
        yield machine


def test_a_document_goes_through_json_tool(machine: Machine) -> None:
    with machine.start("--json", "issue", "nas") as acmewrap:
        assert acmewrap.stdout is not None
        tool = subprocess.run(
            [sys.executable, "-m", "json.tool"], stdin=acmewrap.stdout, stdout=subprocess.PIPE, check=True
        )
        assert acmewrap.stderr is not None
        assert acmewrap.stderr.read() == ""
    assert acmewrap.returncode == 0
    assert b'"outcome": "issued"' in tool.stdout


@pytest.mark.parametrize("words", GOOD, ids=" ".join)
def test_a_command_prints_the_document_of_the_schema(machine: Machine, words: Tuple[str, ...]) -> None:
    done = machine.run("--json", *words)
    assert accepts(SCHEMA, done.document), done
    assert (done.returncode, done.document["exit_code"], done.stderr) == (0, 0, ""), done
    assert done.document["command"] == words[0]


def test_a_report_has_the_runs_that_did_something_and_none_that_did_not(machine: Machine) -> None:
    before = machine.run("--json", "report").document["runs"]
    assert machine.run("cron").returncode == 0
    assert machine.run("--force", "issue").returncode == 0
    (last, *others) = machine.run("--json", "report").document["runs"]
    assert others == before
    assert (last["command"], last["outcome"], [step["kind"] for step in last["steps"]]) == ("issue", "ok", ["renew"])


def test_a_report_is_a_page_in_the_place_of_the_one_before(machine: Machine) -> None:
    page = machine.folder / "report.html"
    page.write_text("the one before", encoding="utf-8")
    assert machine.run("report", "--output", str(page)).stdout == f"Written to {page}\n"
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "nas.internal.test" in text
    assert machine.run("report").stdout.startswith("<!DOCTYPE html>")
    assert PASSWORD not in text


def test_no_command_is_left_out() -> None:
    elsewhere = {"pin", "self-update", "monitoring", "replace"}  # test_pin.py, test_replaced.py, and so on
    assert {words[0] for words in GOOD} | {"demo", "doctor", "revoke"} | elsewhere == set(commands())


@pytest.mark.parametrize(
    "words",
    [("deploy", "--force"), ("status", "unknown"), ("issue", "unknown"), ("revoke", "unknown"), ("doctor",)],
    ids=" ".join,
)
def test_a_failing_command_prints_the_document_of_the_schema(machine: Machine, words: Tuple[str, ...]) -> None:
    machine.nas.fail(LOGIN, 400, times=None)
    try:
        done = machine.run("--json", *words)
    finally:
        machine.nas.heal()
    assert accepts(SCHEMA, done.document), done
    assert done.returncode == done.document["exit_code"] != 0
    assert done.stderr == ""


def test_a_file_with_problems_is_one_document_with_all_of_them(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "acmewrap.yaml"
    file.write_text("authorities: 7\nnonsense: true\ncertificates: {}\n", encoding="utf-8")
    for command in ("check", "apply", "cron", "status", "install", "revoke"):
        done = machine.run("--json", "--config", str(file), command, *(["nas"] if command == "revoke" else []))
        assert accepts(SCHEMA, done.document), done
        assert (done.returncode, done.stderr) == (78, "")
        assert len(done.document["error"]["problems"]) >= 2


def test_a_revocation_prints_the_document_of_the_schema(machine: Machine) -> None:
    done = machine.run("--json", "revoke", "nas", "--yes")
    assert accepts(SCHEMA, done.document), done
    assert (done.returncode, done.document["revoked"]["name"]) == (0, "nas")
    past = machine.run("--json", "report").document["runs"][0]
    assert (past["command"], past["changed"], past["steps"][0]["kind"]) == ("revoke", True, "revoke")
