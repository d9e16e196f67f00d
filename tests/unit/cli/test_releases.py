"""`releases` and `schema`: what could be written into the file."""

from __future__ import annotations

import json
from typing import Tuple

import pytest

from acmewrap import cli, config
from acmewrap.config.model import DEFAULT_RELEASE
from acmewrap.driver.release import pin


def test_releases_lists_every_pin_with_its_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["releases"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for release in pin.releases().values():
        note = (
            f"  vulnerable: {release.cve}" if release.cve else "  default" if release.version == DEFAULT_RELEASE else ""
        )
        place = lines.index(f"{release.version}{note}")
        assert lines[place + 1 : place + 3] == [f"  {release.url}", f"  sha256 {release.sha256}"]


def test_releases_as_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--json", "releases"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["version"] for one in document["releases"]] == list(pin.releases())
    assert [one["version"] for one in document["releases"] if one["default"]] == [DEFAULT_RELEASE]


def test_the_schema_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == config.schema()


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert "start here:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (("doctor", "--http-port", "x"), "expected a port from 1 to 65535, not 'x'"),
        (("self-update", "--from", "x", "--sha256", "12"), "expected 64 hexadecimal digits, not '12'"),
        (("apply", "--timeout", "soon"), "expected a number of seconds above 0, not 'soon'"),
        (("aply",), "there is no command 'aply'"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_in_plain_words(
    words: Tuple[str, ...], reported: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert reported in said
    assert said.startswith(f"usage: acmewrap {words[0]} " if len(words) > 1 else "usage: acmewrap COMMAND")
