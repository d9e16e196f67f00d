"""Commands of the user's own as processes, through the command line: what reaches them, and what if they misbehave."""

from __future__ import annotations

import json
import os
import pwd
import time
from pathlib import Path
from typing import Dict, List

import pytest

from acmewrap.cli import main
from acmewrap.report import document
from json_schema import accepts

CONFIGURATION = """\
authorities:
  internal: {{server: "https://ca.internal.test/dir", ca_bundle: "{pem}"}}
certificates:
  nas: {{domains: [nas.internal.test], challenge: {{webroot: web}}}}
commands: {commands}
"""
PEM = "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n"


def write(folder: Path, commands: List[Dict[str, object]]) -> List[str]:
    """A file whose `render` has something to do, and the options that name it."""
    file = folder / "acmewrap.yaml"
    file.write_text(CONFIGURATION.format(pem=PEM, commands=json.dumps(commands)), encoding="utf-8")
    return ["--config", str(file)]


def program(folder: Path, text: str, name: str = "own") -> str:
    script = folder / name
    script.write_text(f"#!/bin/sh\ncd {folder}\n{text}\n", encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def test_a_command_gets_its_words_the_environment_and_the_document_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_USER", "x y")
    own = program(tmp_path, 'printf "%s|" "$OF_THE_USER" "$@" > words; cat > given')
    words = ["$HOME {x} `id`", "", "a b"]
    options = write(tmp_path, [{"after": "run", "run": [own, *words]}])
    assert main([*options, "render"]) == 0
    assert (tmp_path / "words").read_text() == "x y|" + "|".join(words) + "|"
    given = json.loads((tmp_path / "given").read_text())
    assert accepts(document.schema(), given)
    assert (given["command"], given["exit_code"], given["steps"][0]["outcome"]) == ("render", 0, "done")
    (tmp_path / "given").unlink()
    assert main([*options, "render"]) == 0  # with nothing to do
    assert not (tmp_path / "given").exists()


def test_a_command_has_the_home_of_its_user_where_a_scheduler_gives_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = write(
        tmp_path, [{"after": "run", "run": [program(tmp_path, 'printf "%s" "$HOME" > own-home; cat > given')]}]
    )
    monkeypatch.delenv("HOME")
    assert main([*options, "render"]) == 0
    assert (tmp_path / "own-home").read_text() == pwd.getpwuid(os.geteuid()).pw_dir


def test_nothing_runs_for_who_only_looks(tmp_path: Path) -> None:
    own = program(tmp_path, "touch ran")
    options = write(tmp_path, [{"before": "run", "run": [own]}, {"after": "error", "run": [own]}])
    for words in (["plan"], ["render", "--dry-run"], ["status"], ["check"]):
        main([*options, *words])
    assert not (tmp_path / "ran").exists()


def test_a_command_that_fails_before_the_run_leaves_all_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = program(tmp_path, "echo its last words; exit 7")
    options = write(
        tmp_path, [{"before": "run", "run": [own]}, {"after": "error", "run": [program(tmp_path, "touch ran", "b")]}]
    )
    assert main([*options, "--json", "render"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {step["failure"]["id"] for step in found["steps"]} == {"command.failed"}
    assert [(one["moment"], one["failure"] is None) for one in found["commands"]] == [
        ("before", False),
        ("after", True),
    ]
    assert found["commands"][0]["failure"]["lines"] == ["its last words"]
    assert (tmp_path / "ran").exists()
    assert not (tmp_path / "ca.crt").exists()


@pytest.mark.parametrize(
    "text",
    [
        "sleep 30",
        pytest.param("trap '' TERM; sleep 30 & wait; sleep 30", marks=pytest.mark.slow),
        pytest.param("sleep 30 & exit 0", marks=pytest.mark.slow),  # who holds the pipe after it
    ],
)
def test_every_command_ends(tmp_path: Path, text: str) -> None:
    started = time.monotonic()
    options = write(tmp_path, [{"after": "run", "run": [program(tmp_path, text)], "timeout": "1s"}])
    code = main([*options, "render"])
    assert time.monotonic() - started < 15
    assert code == (0 if "exit 0" in text else 1)


def test_a_command_that_is_not_there_or_reads_nothing_is_no_crash(tmp_path: Path) -> None:
    options = write(tmp_path, [{"after": "run", "run": ["/nonexistent"]}, {"after": "run", "run": ["true"]}])
    assert main([*options, "render"]) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="it is root that is not to run it")
def test_root_runs_no_program_that_another_user_could_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = program(tmp_path, "touch ran")
    os.chown(own, 65534, 65534)
    options = write(tmp_path, [{"before": "run", "run": [own]}])
    assert main([*options, "--json", "render"]) != 0
    assert {step["failure"]["id"] for step in json.loads(capsys.readouterr().out)["steps"]} == {"trust.weak_path"}
    assert not (tmp_path / "ran").exists()
