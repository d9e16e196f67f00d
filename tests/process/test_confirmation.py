"""What cannot be undone is asked about at a terminal, by name and with no as the default; elsewhere it needs --yes."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path
from typing import List, Tuple

import pytest

from acmewrap.testing.certificates import make_leaf, make_root
from place import YAML, Place, make_place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Place:
    made = make_place(tmp_path, monkeypatch)
    capsys.readouterr()
    return made


def at_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    keyboard = io.StringIO(typed)
    monkeypatch.setattr(keyboard, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", keyboard)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


def shorten(place: Place) -> None:
    """The life of the certificate: six hours."""
    root, home = make_root(place.folder / "ca"), place.folder / ".acme.sh/nas.test_ecc"
    pair = make_leaf(place.folder / "ca", root, ["nas.test"], not_after=time.time() + 5 * 3600, file="short")
    for file, source in (
        ("nas.test.cer", pair.certificate),
        ("nas.test.key", pair.key),
        ("fullchain.cer", pair.fullchain),
    ):
        (home / file).write_bytes(source.read_bytes())
    (home / "ca.cer").write_bytes(root.certificate.read_bytes())
    (place.folder / "ca.crt").write_bytes(root.certificate.read_bytes())


@pytest.mark.parametrize("answer", ["y\n", "n\n", "--dry-run", "", "--yes"])
def test_a_schedule_that_is_too_rare_is_adjusted_in_the_file_and_the_scheduler_once_agreed_to(
    place: Place, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, table = place.folder / "acmewrap.yaml", place.crontab.read_text(encoding="utf-8")
    shorten(place)
    if answer.endswith("\n"):
        at_terminal(monkeypatch, answer)
    code = place.run("schedule", "adjust", *answer.split() if answer.startswith("-") else ())
    said, agreed = capsys.readouterr(), answer in ("y\n", "--yes")
    assert code == (0 if answer else 2)
    text = YAML.replace("every: 6h", "every: 2h") if agreed else YAML
    assert file.read_text(encoding="utf-8") == text
    assert (place.crontab.read_text(encoding="utf-8") != table) is agreed
    assert answer == "--yes" or "+schedule: {every: 2h}" in said.out + said.err
    if agreed:
        assert place.run("schedule", "adjust") == 0
        assert "Nothing to do" in capsys.readouterr().out


DESTROYING: Tuple[Tuple[str, ...], ...] = (
    ("revoke", "nas"),
    ("replace", "nas", "--compromised"),
    ("schedule", "remove"),
    ("apply", "--prune", "--only", "nas"),
)


@pytest.mark.parametrize("words", DESTROYING, ids=" ".join)
def test_without_a_terminal_it_is_refused_with_2_and_the_remedy_names_yes(
    place: Place, words: Tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    table = place.crontab.read_text(encoding="utf-8")
    assert place.run(*words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "[cli.not_confirmed]" in said.err
    assert "--yes" in said.err.splitlines()[-1]
    assert place.run("--json", *words) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["exit_code"], document["error"]["id"]) == (2, "cli.not_confirmed")
    assert place.crontab.read_text(encoding="utf-8") == table
    assert place.leftover.exists()


@pytest.mark.parametrize(
    ("words", "named", "typed"),
    [
        (DESTROYING[0], "This revokes nas, serial ", "\n"),
        (DESTROYING[1], "This replaces nas, serial ", "\n"),
        (DESTROYING[2], "# BEGIN acmewrap", "n\n"),
        (DESTROYING[2], "# BEGIN acmewrap", ""),
        (DESTROYING[3], "/.acme.sh/old.test_ecc", "maybe\n"),
    ],
)
def test_at_a_terminal_what_goes_is_named_and_anything_but_yes_is_no(
    place: Place, words: Tuple[str, ...], named: str, typed: str, request: pytest.FixtureRequest
) -> None:
    monkeypatch, capsys = request.getfixturevalue("monkeypatch"), request.getfixturevalue("capsys")
    table = place.crontab.read_text(encoding="utf-8")
    at_terminal(monkeypatch, typed)
    assert place.run(*words) == 0
    said = capsys.readouterr().out
    assert said.index(named) < said.index("Go ahead? [y/N] ") < said.index("Nothing was changed.")
    assert place.crontab.read_text(encoding="utf-8") == table
    assert place.leftover.exists()


@pytest.mark.parametrize("answer", ["y\n", "--yes"])
def test_what_is_agreed_to_is_done(place: Place, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    more: List[str] = []
    if answer == "--yes":
        more = ["--yes"]
    else:
        at_terminal(monkeypatch, answer)
    assert place.run("schedule", "remove", *more) == 0
    assert place.crontab.read_text(encoding="utf-8").strip() == ""
    if answer != "--yes":
        at_terminal(monkeypatch, answer)
    place.run("apply", "--prune", *more)
    assert not place.leftover.exists()


def test_what_appears_after_the_question_is_not_removed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    later = place.folder / ".acme.sh/later.test_ecc"

    def answer(_: str) -> str:
        later.mkdir()
        for file in place.leftover.iterdir():
            (later / file.name.replace("old.test", "later.test")).write_bytes(file.read_bytes())
        return "yes"

    at_terminal(monkeypatch, "")
    monkeypatch.setattr("builtins.input", answer)
    place.run("apply", "--prune")
    assert not place.leftover.exists()
    assert later.exists()


@pytest.mark.parametrize("words", DESTROYING[:2], ids=" ".join)
def test_a_certificate_that_was_replaced_while_the_question_was_open_is_not_revoked(
    place: Place, words: Tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(_: str) -> str:
        pair = make_leaf(place.folder / "ca", make_root(place.folder / "ca"), ["nas.test"], file="nas.test")
        home = place.folder / ".acme.sh/nas.test_ecc"
        (home / "nas.test.cer").write_bytes(pair.certificate.read_bytes())
        (home / "nas.test.key").write_bytes(pair.key.read_bytes())
        (home / "fullchain.cer").write_bytes(pair.fullchain.read_bytes())
        return "y"

    at_terminal(monkeypatch, "")
    monkeypatch.setattr("builtins.input", answer)
    assert place.run(*words) == 3
    assert "[certificate.replaced]" in capsys.readouterr().err


def test_where_there_is_nothing_to_destroy_nobody_is_asked(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert place.run("schedule", "remove", "--yes") == 0
    assert place.run("schedule", "remove") == 0
    assert capsys.readouterr().out.endswith("There was no entry.\n")
