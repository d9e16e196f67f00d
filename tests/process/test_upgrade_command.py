"""`upgrade`: what another release changes, and the switch to it and back, which happens whole or not at all."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

import pytest

from acmewrap import cli
from acmewrap.driver.release import verification
from acmewrap.driver.release.pin import manifest
from acmewrap.engine.steps import machine as steps
from acmewrap.report.document import schema
from json_schema import accepts
from synthetic import pin

OLD: Mapping[str, bytes] = {"acme.sh": b"# old", "deploy/ssh.sh": b"# ssh", "dnsapi/dns_cf.sh": b"# cf"}
NEW: Mapping[str, bytes] = {
    "acme.sh": b"# new",
    "dnsapi/dns_cf.sh": b"# cf 2",
    "deploy/ssh.sh": b"# ssh",
    "dnsapi/dns_x.sh": b"# x",
}
YAML = """\
# The house.
acme_sh:
  release: "9.9.8"   # tried for a year
  archive: brought
authorities: {internal: {server: https://ca.example.com/acme/directory}}
certificates:
  nas:
    domains: [nas.example.com]
    challenge: {dns: dns_cf}
    deploy: {web: {hook: ssh, verify: no}}
"""
SWITCHED = YAML.replace("9.9.8", "9.9.9")


@dataclass
class Place:
    """A folder whose file was applied as far as acme.sh and its wrapper go."""

    folder: Path

    def bring(self, contents: Mapping[str, bytes]) -> None:
        """Let the archive hold this release and no other."""
        shutil.rmtree(str(self.folder / "brought"), ignore_errors=True)
        for path, content in contents.items():
            (self.folder / "brought" / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / "brought" / path).write_bytes(content)

    @property
    def file(self) -> Path:
        return self.folder / "acmewrap.yaml"

    @property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def run(self, *words: str) -> int:
        return cli.main(["--config", str(self.file), *words])

    def snapshot(self) -> Tuple[str, str, bytes]:
        """What a switch changes: the file, the release in use, the wrapper."""
        return self.text, os.readlink(str(self.folder / "src/acme.sh")), (self.folder / "acme.sh").read_bytes()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Place:
    pin(monkeypatch, "9.9.8", OLD)
    pin(monkeypatch, "9.9.9", NEW)
    place = Place(tmp_path / "place")
    place.bring(OLD)
    place.file.write_text(YAML, encoding="utf-8")
    assert place.run("install") == place.run("render") == 0
    place.bring(NEW)
    capsys.readouterr()
    return place


def test_it_names_the_files_that_differ_and_changes_nothing_without_a_word(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    before = place.snapshot()
    assert place.run("upgrade") == 0
    assert capsys.readouterr().out.splitlines() == [
        "From acme.sh 9.9.8 to 9.9.9, files: 1 added, 0 removed, 2 changed",
        "  changed: acme.sh, in use here",
        "  changed: dnsapi/dns_cf.sh, in use here",
        "  not in use here: dnsapi/dns_x.sh",
        "Nothing was changed. To switch: acmewrap upgrade --to 9.9.9 --yes",
    ]
    assert place.run("upgrade", "--dry-run", "--yes") == 0
    assert "Nothing was changed." in capsys.readouterr().out
    assert place.snapshot() == before


def test_the_pinned_releases_are_compared_file_by_file(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.file.write_text(YAML.replace("9.9.8", "3.1.0"), encoding="utf-8")
    assert place.run("--json", "upgrade", "--to", "3.1.1") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"]["in_use"] == ["acme.sh", "deploy/ssh.sh", "dnsapi/dns_cf.sh"]
    old, new = manifest("3.1.0"), manifest("3.1.1")
    assert set(document["files"]["changed"]) == {path for path in old if path in new and old[path] != new[path]}
    assert set(document["files"]["added"]) == set(new) - set(old)
    assert (document["switched"], document["steps"]) == (False, [])


def test_it_switches_and_back_and_forth_again_without_any_source(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    before = place.snapshot()
    assert place.run("upgrade", "--yes") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == [
        f"Switched: {place.file} asks for acme.sh 9.9.9, and that is installed.",
        "The way back: acmewrap upgrade --to 9.9.8",
    ]
    text, link, wrapper = place.snapshot()
    assert (text, link) == (SWITCHED, "acme.sh-9.9.9")
    verification.verify(place.folder / "src/acme.sh", "9.9.9")
    place.bring({})
    assert place.run("plan") == place.run("install") == place.run("render") == 0
    assert place.snapshot() == (text, link, wrapper)
    assert place.run("upgrade", "--to", "9.9.8", "--yes") == 0
    assert place.snapshot() == before
    assert place.run("upgrade", "--to", "9.9.9", "--yes") == 0
    assert place.snapshot() == (text, link, wrapper)


def document_of(place: Place, capsys: pytest.CaptureFixture[str], *words: str) -> Dict[str, Any]:
    code = place.run("--json", "upgrade", *words)
    document: Dict[str, Any] = json.loads(capsys.readouterr().out)
    assert accepts(schema(), document), document
    assert document["exit_code"] == code
    return document


def test_the_document_tells_of_the_switch_and_its_steps(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    document = document_of(place, capsys, "--yes")
    assert (document["exit_code"], document["from"], document["to"]) == (0, "9.9.8", "9.9.9")
    assert document["switched"] is True
    assert [(step["kind"], step["outcome"]) for step in document["steps"]] == [("install", "done"), ("render", "done")]
    assert document["changed"] is True
    assert place.text == SWITCHED


@pytest.mark.parametrize("words", [(), ("--dry-run", "--yes")], ids=" ".join)
def test_the_document_never_asks(place: Place, words: Tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    document = document_of(place, capsys, *words)
    assert (document["exit_code"], document["switched"], place.text) == (0, False, YAML)


def test_without_a_source_all_stays_as_it_was(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.bring({})
    before = place.snapshot()
    assert place.run("upgrade", "--yes") == 6
    said = capsys.readouterr().out
    assert "[release.source]" in said
    assert said.endswith(f"Not switched: {place.file} asks for acme.sh 9.9.8, as before.\n")
    document = document_of(place, capsys, "--yes")
    assert (document["exit_code"], document["switched"]) == (6, False)
    assert [(step["kind"], step["outcome"]) for step in document["steps"]] == [("install", "failed")]
    assert place.snapshot() == before


def test_when_the_wrapper_cannot_be_written_the_release_is_put_back(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.folder / "acme.sh").write_text("#!/bin/sh\n# somebody's own\n")
    before = place.snapshot()
    document = document_of(place, capsys, "--yes")
    assert (document["exit_code"], document["switched"]) == (77, False)
    steps = [(step["kind"], step["release"], step["path"], step["outcome"]) for step in document["steps"]]
    program, wrapper = str(place.folder / "src/acme.sh"), str(place.folder / "acme.sh")
    assert steps[:3] == [
        ("install", "9.9.9", program, "done"),
        ("render", None, wrapper, "failed"),
        ("install", "9.9.8", program, "done"),
    ]
    assert place.snapshot() == before


def test_a_file_that_cannot_be_written_is_noticed_before_anything_is_changed(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = place.snapshot()

    def refuse(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if flags & os.O_EXCL:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return opened(path, flags, *more, **options)

    opened = os.open
    with monkeypatch.context() as patch:
        patch.setattr("os.open", refuse)
        assert place.run("upgrade", "--yes") == 77
    said = capsys.readouterr()
    assert f"{place.file}: Read-only file system [file.read_only]" in said.err
    assert "install" not in said.out
    assert place.snapshot() == before
    assert not (place.folder / "src/acme.sh-9.9.9").exists()


def test_when_the_last_step_fails_the_machine_is_put_back(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, replace = place.snapshot(), os.replace

    def refuse(source: str, target: str) -> None:
        if target == str(place.file):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        assert place.run("upgrade", "--yes") == 1
    assert "Device or resource busy [file.failed]" in capsys.readouterr().err
    assert place.snapshot() == before
    assert sorted(path.name for path in place.folder.iterdir() if path.is_file()) == ["acme.sh", "acmewrap.yaml"]


def test_what_somebody_saves_during_the_switch_stays_and_the_machine_is_put_back(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, link, wrapper = place.snapshot()
    render = steps._render

    def save(*words: Any) -> None:
        render(*words)
        place.file.write_text(YAML + "jobs: 2\n", encoding="utf-8")

    monkeypatch.setattr(steps, "_render", save)
    assert place.run("upgrade", "--yes") == 75
    assert "[config.changed]" in capsys.readouterr().err
    assert place.snapshot() == (YAML + "jobs: 2\n", link, wrapper)


def test_an_interruption_puts_the_machine_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before, render = place.snapshot(), steps._render
    interruptions: List[type] = [KeyboardInterrupt]

    def interrupt(*words: Any) -> None:
        render(*words)
        if interruptions:
            raise interruptions.pop()

    monkeypatch.setattr(steps, "_render", interrupt)
    assert place.run("upgrade", "--yes") == 130
    assert place.snapshot() == before


def test_a_file_in_which_the_release_cannot_change_alone_is_refused(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(str(place.folder / "brought"), str(place.folder / "9.9.8"))
    place.file.write_text(YAML.replace('"9.9.8"', "&it 9.9.8").replace("brought", "*it"), encoding="utf-8")
    before = place.snapshot()
    assert place.run("upgrade", "--yes") == 78
    said = capsys.readouterr().err
    assert f"{place.file}:3:12: acme_sh.release: " in said
    assert 'What to do: Write it yourself, `release: "9.9.9"` under `acme_sh`' in said
    assert place.snapshot() == before


@pytest.mark.parametrize("version", ["3.0.2", "9.9.0"], ids=["vulnerable", "not pinned"])
def test_a_release_that_may_not_be_used_is_refused(place: Place, version: str) -> None:
    before = place.snapshot()
    assert place.run("upgrade", "--to", version, "--yes") == 6
    assert place.snapshot() == before


def test_what_the_file_asks_for_already_is_said(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    before = place.snapshot()
    assert place.run("upgrade", "--to", "9.9.8", "--yes") == 0
    assert "asks for acme.sh 9.9.8 already" in capsys.readouterr().out
    assert document_of(place, capsys, "--to", "9.9.8", "--yes")["switched"] is False
    assert place.snapshot() == before


@pytest.mark.parametrize(
    ("typed", "text"),
    [("y\n", SWITCHED), ("Yes\n", SWITCHED), ("\n", YAML), ("n\n", YAML), ("maybe\n", YAML), ("", YAML)],
)
def test_on_a_terminal_it_asks(
    place: Place, typed: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keyboard = io.StringIO(typed)
    monkeypatch.setattr(keyboard, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", keyboard)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert place.run("--no-color", "upgrade") == 0
    said = capsys.readouterr().out
    assert "\nSwitch to 9.9.9? [y/N] " in said
    assert place.text == text
    assert ("Nothing was changed." in said) == (text == YAML)
