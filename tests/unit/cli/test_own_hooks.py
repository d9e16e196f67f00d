"""`acme_sh: {hooks: FOLDER}`: hooks of one's own are held to the content that was installed, as those of the release are."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from acmewrap import cli, config
from acmewrap.config.manifest import parse_pin, render_pin
from acmewrap.driver.release import verification

NAME = "acmewrap.yaml"
DNS = "dns_own_add() { true; }\ndns_own_rm() { true; }\n"
DEPLOY = "mine_deploy() { true; }\n"
RELEASES = {
    release: {"acme.sh": f"VER={release}\n", "deploy/ssh.sh": "ssh_deploy() { true; }\n", **more}
    for release, more in (("9.1.0", {}), ("9.2.0", {"deploy/mine.sh": DEPLOY}))
}
TEXT = """\
acme_sh: {{release: "9.1.0", archive: "{archive}", manifest: {manifest}, sha256: {sha256}, hooks: own}}
authorities: {{internal: {{server: "https://ca.example.com/dir"}}}}
certificates:
  nas:
    domains: [nas.example.com]
    challenge: {{dns: dns_own}}
    deploy: {{there: {{hook: mine, verify: no}}}}
"""


def pin(folder: Path, release: str) -> str:
    """The text of a file that pins *release*, with an archive of it beside."""
    files, archive, manifest = RELEASES[release], folder / f"{release}.tar.gz", folder / f"{release}.sha256"
    with tarfile.open(str(archive), "w:gz") as packed:
        for path, text in files.items():
            member = tarfile.TarInfo(f"acme.sh-{release}/{path}")
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))
    digests = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
    listed = f"# acme.sh {release}\n" + "".join(f"{digests[path]}  {path}\n" for path in sorted(digests))
    assert render_pin(parse_pin(listed)) == listed
    manifest.write_text(listed, encoding="ascii")
    given = {"archive": archive, "manifest": manifest, "sha256": hashlib.sha256(listed.encode()).hexdigest()}
    return TEXT.format(**given).replace("9.1.0", release, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in (("deploy/mine.sh", DEPLOY), ("dnsapi/dns_own.sh", DNS), ("README.md", "ours\n")):
        (tmp_path / "own" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / path).write_text(text, encoding="utf-8")
    (tmp_path / NAME).write_text(pin(tmp_path, "9.1.0"), encoding="utf-8")
    return tmp_path


def run(folder: Path, *words: str) -> int:
    return cli.main(["--no-color", "--config", str(folder / NAME), *words])


def test_they_are_installed_beside_those_of_the_release_and_nothing_else_is(folder: Path) -> None:
    assert run(folder, "check") == 0
    assert run(folder, "install") == 0
    program = folder / "src" / "acme.sh"
    found = {str(path.relative_to(program)) for path in program.rglob("*") if path.is_file()}
    assert found == {"acme.sh", "deploy/ssh.sh", "deploy/mine.sh", "dnsapi/dns_own.sh"}
    assert (program / "deploy/mine.sh").read_text(encoding="utf-8") == DEPLOY


@pytest.mark.parametrize("place", ["own/deploy/mine.sh", "src/acme.sh/deploy/mine.sh"])
def test_one_with_other_content_is_not_run_until_somebody_says_so(
    folder: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "install") == 0
    (folder / place).write_text(DEPLOY + "# more\n", encoding="utf-8")
    capsys.readouterr()
    assert run(folder, "install") == 6
    assert "deploy/mine.sh has other content" in capsys.readouterr().out
    assert run(folder, "install", "--force") == 0
    loaded = config.load(folder / NAME)
    verification.verify_settings(folder / "src" / "acme.sh", loaded.acme_sh)
    assert (folder / "src/acme.sh/deploy/mine.sh").read_bytes() == (folder / "own/deploy/mine.sh").read_bytes()


def test_a_new_one_is_installed_without_further_ado_and_without_the_archive(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "install") == 0
    (folder / "9.1.0.tar.gz").unlink()
    (folder / "own/deploy/more.sh").write_text("more_deploy() { true; }\n", encoding="utf-8")
    assert run(folder, "install", "--dry-run") == 0
    assert "deploy/more.sh of" in capsys.readouterr().out
    assert run(folder, "install") == 0
    assert (folder / "src/acme.sh/deploy/more.sh").exists()
    assert run(folder, "install") == 0


@pytest.mark.parametrize(
    ("path", "text", "code", "said"),
    [
        ("deploy/ssh.sh", "ssh_deploy() { true; }\n", 6, "acme.sh 9.1.0 has deploy/ssh.sh itself"),
        ("deploy/ssh", "ssh_deploy() { true; }\n", 78, "call it ssh.sh"),
        ("deploy/other.sh", "mine_deploy() { true; }\n", 78, "has no function other_deploy"),
        ("dnsapi/dns_x.sh", "dns_x_add () {\n}\n", 78, "has no function dns_x_rm"),
    ],
)
def test_what_acme_sh_would_take_for_another_hook_or_could_not_call_is_refused(  # noqa: PLR0917
    folder: Path, path: str, text: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "own" / path).write_text(text, encoding="utf-8")
    for command in ("check", "install"):
        assert run(folder, command) == code
        found = capsys.readouterr()
        assert said in found.out + found.err
    assert not (folder / "src").exists()


def test_names_are_compared_with_them_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (folder / NAME).read_text(encoding="utf-8")
    (folder / NAME).write_text(text.replace("hook: mine", "hook: mien"), encoding="utf-8")
    assert run(folder, "check") == 78
    assert "did you mean 'mine'?" in capsys.readouterr().err


def test_a_folder_without_hooks_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (folder / NAME).read_text(encoding="utf-8")
    (folder / NAME).write_text(text.replace("hooks: own", "hooks: none"), encoding="utf-8")
    assert run(folder, "check") == 78
    assert "holds neither deploy/NAME.sh nor dnsapi/dns_NAME.sh" in capsys.readouterr().err


def test_a_release_that_has_such_a_hook_itself_is_not_switched_to(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "install") == 0
    newer = pin(folder, "9.2.0").replace('release: "9.2.0"', 'release: "9.1.0"')
    (folder / NAME).write_text(newer.replace('release: "9.1.0"', 'release: "3.1.1"'), encoding="utf-8")
    assert run(folder, "upgrade", "--to", "9.2.0", "--yes") == 6
    assert "acme.sh 9.2.0 has deploy/mine.sh itself" in capsys.readouterr().err
    assert run(folder, "upgrade", "--dry-run", "--to", "3.1.3", "--yes") == 0
