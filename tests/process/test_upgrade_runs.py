"""`upgrade` with the real acme.sh 3.1.1 and a next one made of it, as several users, at a terminal, and killed."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Tuple

import pytest

from acmewrap import cli
from acmewrap.driver.release.pin import manifest
from acmewrap.system import files
from synthetic import pin
from unprivileged import NOBODY, folder_of_nobody, run_unprivileged

YAML = """\
acme_sh: {{release: 3.1.1, archive: "{archive}"}}  # ours
authorities: {{internal: {{server: https://ca.example.com/acme/directory}}}}
certificates: {{nas: {{domains: [nas.example.com], challenge: {{webroot: /tmp}}}}}}
"""
NEXT = "99.1.0"


@pytest.fixture
def folder(tmp_path: Path, acme_sh_311: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """acme.sh 3.1.1 is installed, and the archive holds the next release."""
    archive, folder = tmp_path / "archive", tmp_path / "machine"
    folder.mkdir()
    (folder / "acmewrap.yaml").write_text(YAML.format(archive=archive), encoding="utf-8")
    archive.symlink_to(acme_sh_311)
    assert run(folder, "install") == run(folder, "render") == 0
    archive.unlink()
    shutil.copytree(str(acme_sh_311), str(archive))
    script = archive / "acme.sh"
    script.write_bytes(script.read_bytes().replace(b"\nVER=3.1.1\n", f"\nVER={NEXT}\n".encode()))
    pin(monkeypatch, NEXT, {path: (archive / path).read_bytes() for path in manifest("3.1.1")})
    return folder


def run(folder: Path, *words: str) -> int:
    return cli.main(["--no-color", "--config", str(folder / "acmewrap.yaml"), *words])


def versions(folder: Path) -> Tuple[str, str]:
    """The release that the file asks for, and the one that the wrapper runs."""
    reported = subprocess.run([str(folder / "acme.sh"), "--version"], stdout=subprocess.PIPE, check=True, text=True)
    text = (folder / "acmewrap.yaml").read_text(encoding="utf-8")
    return text.partition("release: ")[2].partition(",")[0], reported.stdout.split()[-1]


def test_acme_sh_runs_as_the_other_release_and_then_as_the_first_again(folder: Path) -> None:
    assert versions(folder) == ("3.1.1", "v3.1.1")
    assert run(folder, "upgrade", "--yes") == 0
    assert versions(folder) == (NEXT, f"v{NEXT}")
    shutil.rmtree(str(folder.parent / "archive"))
    assert run(folder, "upgrade", "--to", "3.1.1", "--yes") == 0
    assert versions(folder) == ("3.1.1", "v3.1.1")
    assert (folder / "acmewrap.yaml").read_text(encoding="utf-8") == YAML.format(archive=folder.parent / "archive")


def test_the_file_stays_its_owners_behind_its_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = folder.parent / "elsewhere.yaml"
    os.rename(str(folder / "acmewrap.yaml"), str(real))
    (folder / "acmewrap.yaml").symlink_to("../elsewhere.yaml")
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(str(real), NOBODY, NOBODY)
        monkeypatch.setenv("SUDO_UID", str(NOBODY))  # who called sudo: any other user's file makes root that user
    before = real.stat()
    assert run(folder, "upgrade", "--yes") == 0
    after = real.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert (folder / "acmewrap.yaml").is_symlink()
    assert versions(folder) == (NEXT, f"v{NEXT}")


@pytest.mark.parametrize("moment", ["before the file is written", "after"])
def test_killed_in_between_the_next_run_brings_what_the_file_says(folder: Path, moment: str) -> None:
    rewrite = files.rewrite

    def die(path: Path, content: bytes, *, pretend: bool = False, **_: object) -> None:
        if pretend or moment == "after":
            rewrite(path, content, pretend=pretend)
        if not pretend:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        files.rewrite = die
        run(folder, "upgrade", "--yes")
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    wanted = "3.1.1" if moment == "before the file is written" else NEXT
    assert versions(folder) == (wanted, f"v{NEXT}")
    assert run(folder, "install") == run(folder, "render") == 0
    assert versions(folder) == (wanted, f"v{wanted}")


@pytest.mark.parametrize(("answer", "version"), [(b"y\n", NEXT), (b"n\n", "3.1.1")])
def test_it_asks_at_a_terminal(folder: Path, answer: bytes, version: str) -> None:
    child, terminal = pty.fork()
    if child == 0:
        sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
        os._exit(run(folder, "upgrade"))
    said = b""
    while not said.endswith(b"[y/N] "):
        said += os.read(terminal, 1000)
    os.write(terminal, answer)
    while True:
        try:
            said += os.read(terminal, 1000)
        except OSError:  # the child has ended
            break
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0, said
    assert versions(folder) == (version, f"v{version}")


def test_where_the_file_may_not_be_written_nothing_is_changed(
    acme_sh_311: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with folder_of_nobody() as place:
        machine, output = place / "machine", place / "output"
        shutil.copytree(str(acme_sh_311), str(machine / "src/acme.sh-3.1.1"))
        (machine / "src/acme.sh").symlink_to("acme.sh-3.1.1")
        pin(monkeypatch, NEXT, {"acme.sh": b"# next"})
        (place / "next").mkdir()
        (place / "next/acme.sh").write_bytes(b"# next")
        locked = place / "locked"
        locked.mkdir()
        text = f"directory: {machine}\n" + YAML.format(archive=place / "next")
        (locked / "acmewrap.yaml").write_text(text, encoding="utf-8")
        if os.geteuid() == 0:
            for path in (place, *place.rglob("*")):
                os.chown(str(path), NOBODY, NOBODY, follow_symlinks=False)
        locked.chmod(0o500)
        code = run_unprivileged(lambda: run(locked, "upgrade", "--yes"), output)
        assert (code, "[file.not_writable]" in output.read_text(encoding="utf-8")) == (77, True)
        assert (locked / "acmewrap.yaml").read_text(encoding="utf-8") == text
        assert sorted(path.name for path in (machine / "src").iterdir()) == ["acme.sh", "acme.sh-3.1.1"]
