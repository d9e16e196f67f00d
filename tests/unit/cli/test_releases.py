"""`releases`, `upgrade` and `schema`: what could be written into the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Tuple

import pytest

from acmewrap import cli, config
from acmewrap.driver import release

YAML = """\
acme_sh: {release: "3.1.0"}
authorities: {internal: {server: https://ca.example.com/acme/directory}}
certificates:
  nas:
    domains: [nas.example.com]
    challenge: {dns: dns_cf}
    deploy: {web: {hook: synology_dsm, verify: no}}
"""


def test_releases_lists_every_pin_with_its_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["releases"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for one in release.releases().values():
        note = f"  vulnerable: {one.cve}" if one.cve else "  default" if one.version == release.DEFAULT else ""
        place = lines.index(f"{one.version}{note}")
        assert lines[place + 1 : place + 3] == [f"  {one.url}", f"  sha256 {one.sha256}"]


def test_releases_as_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--json", "releases"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["version"] for one in document["releases"]] == list(release.releases())
    assert [one["version"] for one in document["releases"] if one["default"]] == [release.DEFAULT]


def test_upgrade_names_the_files_that_differ_and_the_line_to_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "acmewrap.yaml"
    file.write_text(YAML)
    assert cli.main(["--config", str(file), "upgrade", "--to", "3.1.1"]) == 0
    said = capsys.readouterr().out
    assert "  changed: acme.sh, in use here\n" in said
    assert '    release: "3.1.1"\n' in said
    assert file.read_text() == YAML
    assert cli.main(["--json", "--config", str(file), "upgrade", "--to", "3.1.1"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["in_use"]) == {"acme.sh", "dnsapi/dns_cf.sh", "deploy/synology_dsm.sh"}
    old, new = release.manifest("3.1.0"), release.manifest("3.1.1")
    assert set(document["changed"]) == {path for path in old if path in new and old[path] != new[path]}
    assert set(document["added"]) == set(new) - set(old)


def test_upgrade_to_a_vulnerable_release_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "acmewrap.yaml"
    file.write_text(YAML)
    assert cli.main(["--config", str(file), "upgrade", "--to", "3.0.2"]) == 6


def test_upgrade_to_what_is_there_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "acmewrap.yaml"
    file.write_text(YAML)
    assert cli.main(["--config", str(file), "upgrade", "--to", "3.1.0"]) == 0
    assert "asks for acme.sh 3.1.0 already" in capsys.readouterr().out


def test_the_schema_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == config.schema()


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert "start here:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("doctor", "--http-port", "x"), "expected a port from 1 to 65535, not 'x'"),
        (("apply", "--timeout", "soon"), "expected a number of seconds above 0, not 'soon'"),
        (("aply",), "invalid choice: 'aply'"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_in_plain_words(
    words: Tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.startswith(f"usage: acmewrap {words[0]} " if len(words) > 1 else "usage: acmewrap COMMAND")
