"""`pin`: a release that acmewrap does not know becomes one that it checks like its own."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Dict, Mapping, Tuple

import pytest

from acmewrap import cli, config
from acmewrap.config.manifest import parse_pin
from acmewrap.driver.release.pin import manifest

REPOSITORY = Path(__file__).resolve().parents[3]
NAME, NEXT = "acmewrap.yaml", "3.1.6"
HOOK = b"ssh_deploy() { true; }\n"


def script(version: str) -> bytes:
    return f"#!/usr/bin/env sh\n\nVER={version}\n".encode()


FILES: Mapping[str, bytes] = {"acme.sh": script(NEXT), "deploy/ssh.sh": HOOK, "dnsapi/dns_cf.sh": b"# cf\n"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    machine = tmp_path / "machine"
    machine.mkdir()
    (machine / NAME).write_text(
        """\
acme_sh:
  release: 3.1.1   # ours
authorities: {internal: {server: https://ca.example.com/acme/directory}}
certificates:
  nas:
    domains: [nas.example.com]
    challenge: {webroot: /tmp}
    deploy: {standby: {hook: ssh, verify: no}}
""",
        encoding="utf-8",
    )
    return machine


def run(folder: Path, *words: str) -> int:
    return cli.main(["--no-color", "--config", str(folder / NAME), *words])


def packed(path: Path, files: Mapping[str, bytes] = FILES, top: str = "acme.sh-3.1.6/") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(top + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


def pinned(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    """The manifest, after the archive of *files* was pinned."""
    assert run(folder, "pin", str(packed(folder.parent / "brought.tar.gz", files))) == 0
    (place,) = folder.glob("acme.sh-*.sha256")
    return place


def test_what_was_pinned_stands_in_a_manifest_that_the_file_names_and_all_else_stays(folder: Path) -> None:
    before = (folder / NAME).read_text(encoding="utf-8")
    place = pinned(folder, {**FILES, "README.md": b"x", "deploy/README.md": b"x"})
    digest = hashlib.sha256(place.read_bytes()).hexdigest()
    after = (folder / NAME).read_text(encoding="utf-8")
    assert after == before.replace("  release:", f'  sha256: "{digest}"\n  manifest: "{place.name}"\n  release:')
    assert parse_pin(place.read_text(encoding="ascii")).files == {
        path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()
    }


def test_the_difference_to_the_release_before_it_is_shown_first_what_is_in_use(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pinned(folder)
    lines = said(capsys).splitlines()
    assert lines[0].startswith(
        f"From acme.sh 3.1.5 to {NEXT}, files: 0 added, {len(manifest('3.1.5')) - 3} removed, 3 changed"
    )
    assert "  changed: deploy/ssh.sh, in use here" in lines
    assert lines[-1] == f"To switch to it: acmewrap upgrade --to {NEXT}"


def test_with_dry_run_nothing_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = packed(folder.parent / "brought.tar.gz")
    before = (folder / NAME).read_bytes()
    assert run(folder, "--json", "pin", "--dry-run", str(archive)) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["from"], document["to"], document["changed"]) == ("3.1.5", NEXT, False)
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).read_bytes() == before


def test_it_is_installed_checked_and_left_again_like_the_built_in_ones(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pinned(folder)
    (folder.parent / "brought.tar.gz").unlink()
    assert run(folder, "upgrade", "--to", NEXT, "--yes") == 0
    installed = folder / "src" / "acme.sh"
    assert (installed / "deploy" / "ssh.sh").read_bytes() == HOOK
    assert run(folder, "check") == 0
    (installed / "deploy" / "ssh.sh").write_bytes(b"curl evil\n")
    assert run(folder, "install") == 6
    assert "deploy/ssh.sh has other content" in said(capsys)
    assert run(folder, "upgrade", "--to", "3.1.1", "--dry-run") == 0


def test_releases_lists_it_with_the_user_as_its_only_witness(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pinned(folder)
    capsys.readouterr()
    assert run(folder, "releases") == 0
    assert said(capsys).splitlines()[-4::3] == [NEXT, "  1 witness: user"]
    assert run(folder, "--json", "releases") == 0
    last = json.loads(capsys.readouterr().out)["releases"][-1]
    assert (last["version"], last["sha256"], last["witnesses"]) == (NEXT, None, ["user"])


def test_releases_needs_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "releases") == 0
    assert "3.1.1" in said(capsys)


def test_the_commands_of_the_guide_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (REPOSITORY / "docs" / "guide-web-server.md").read_text(encoding="utf-8")
    block = next(part for part in guide.split("```") if part.startswith("sh\nacmewrap pin "))
    commands = [line.split()[1:] for line in block.splitlines()[1:]]
    packed(folder / commands[0][1])
    monkeypatch.chdir(folder)
    assert [run(folder, *words, *(["--yes"] if words[0] == "upgrade" else [])) for words in commands] == [0, 0]
    assert f"release: {NEXT} " in (folder / NAME).read_text(encoding="utf-8")


def test_a_manifest_that_was_changed_makes_the_file_invalid(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = pinned(folder)
    place.write_text(place.read_text(encoding="ascii").replace("  deploy/ssh.sh", "  deploy/sshd.sh"), encoding="ascii")
    assert run(folder, "check") == 78
    assert "`sha256` names another one" in said(capsys)


def test_another_archive_of_the_same_release_takes_its_place(folder: Path) -> None:
    first = pinned(folder)
    assert run(folder, "pin", str(packed(folder.parent / "other.tar.gz", {**FILES, "deploy/ssh.sh": b"# new\n"}))) == 0
    pin = config.load(folder / NAME).acme_sh.pin
    assert pin is not None
    assert pin.files["deploy/ssh.sh"] == hashlib.sha256(b"# new\n").hexdigest()
    assert first.exists()


def test_a_folder_can_be_pinned_as_well(folder: Path) -> None:
    for path, content in FILES.items():
        (folder.parent / "unpacked" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder.parent / "unpacked" / path).write_bytes(content)
    assert run(folder, "pin", str(folder.parent / "unpacked")) == 0
    assert config.load(folder / NAME).acme_sh.pin is not None


def unfit() -> Dict[str, Tuple[Mapping[str, bytes], str]]:
    return {
        "no acme.sh": ({"deploy/ssh.sh": HOOK}, "release.source"),
        "no version": ({"acme.sh": b"echo\n"}, "release.source"),
        "a release that acmewrap pins": ({**FILES, "acme.sh": script("3.1.1")}, "release.pinned"),
        "a path that leads out": ({**FILES, "../../evil": HOOK}, "release.unsafe"),
        "an odd name": ({**FILES, "deploy/a\nb.sh": HOOK}, "release.unsafe"),
    }


@pytest.mark.parametrize("case", unfit())
def test_an_archive_that_is_no_such_release_is_refused_and_nothing_written(
    folder: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files, id = unfit()[case]
    assert run(folder, "pin", str(packed(folder.parent / "brought.tar.gz", files))) != 0
    assert f"[{id}]" in said(capsys)
    assert [path.name for path in folder.iterdir()] == [NAME]


def test_check_refuses_a_release_that_nobody_pinned_and_names_the_way(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / NAME).read_text(encoding="utf-8")
    (folder / NAME).write_text(text.replace("3.1.1", NEXT), encoding="utf-8")
    assert run(folder, "check") == 6
    assert "acmewrap pin ARCHIVE" in said(capsys)
    pinned(folder)
    assert run(folder, "check") == 0


def test_a_release_without_a_hook_in_use_is_refused_with_the_names(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pinned(folder, {"acme.sh": script(NEXT), "dnsapi/dns_cf.sh": b"# cf\n"})
    assert run(folder, "upgrade", "--to", NEXT, "--yes") == 2
    assert "acme.sh 3.1.6 has no deploy/ssh.sh, in use here" in said(capsys)
    assert not (folder / "src").exists()
    text = (folder / NAME).read_text(encoding="utf-8")
    (folder / NAME).write_text(text.replace("{webroot: /tmp}", "{dns: dns_hetzner}"), encoding="utf-8")
    assert run(folder, "upgrade", "--to", "3.1.5", "--yes") == 2
    assert "dnsapi/dns_hetzner.sh" in said(capsys)
    assert run(folder, "check") == 0
