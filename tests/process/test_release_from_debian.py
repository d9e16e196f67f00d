"""The machine's real Debian archive: needs a Debian machine with its mirror in reach, and neither root nor a change to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from acmewrap.driver.release.debian import Debian
from acmewrap.driver.release.installation import place
from acmewrap.driver.release.pin import manifest, pinned
from acmewrap.driver.release.verification import verify
from acmewrap.errors import ReleaseError

# Everything is imported and read before rights are dropped: the interpreter may lie where only root can read.
AS_NOBODY = """
import os, sys
from pathlib import Path
import gzip, lzma, shutil, sh, tarfile, tempfile
from acmewrap.driver.release import debian, installation, pin, sources
release, files, folder = pin.pinned("3.1.1"), pin.manifest("3.1.1"), Path(sys.argv[1])
if os.getuid() == 0:
    os.chown(folder, 65534, 65534)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
assert os.getuid() != 0
os.environ["HOME"] = os.environ["TMPDIR"] = str(folder)
tempfile.tempdir = None
print(installation.place(release, files, folder / "src/acme.sh", [debian.Debian(os.environ)]).source)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="acmewrap-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow  # reads the lists of packages anew; on a machine without a copy of acme.sh the fixture `acme_sh_311` does it, too
def test_the_debian_archive_has_the_pinned_release_and_the_machines_lists_and_cache_of_packages_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    folders = [
        Path(name) for name in ("/var/lib/apt/lists", "/var/cache/apt", "/var/cache/apt/archives", "/var/lib/dpkg")
    ]
    before = [(folder, folder.stat().st_mtime_ns) for folder in folders if folder.exists()]
    assert before

    result = place(pinned("3.1.1"), manifest("3.1.1"), tmp_path / "acme.sh", [Debian(os.environ)])
    assert (result.source, result.changed) == ("the Debian archive", True)
    verify(tmp_path / "acme.sh", "3.1.1")
    said = subprocess.run([str(tmp_path / "acme.sh/acme.sh"), "--version"], capture_output=True, text=True, check=True)
    assert "v3.1.1" in said.stdout
    assert [(folder, folder.stat().st_mtime_ns) for folder, _ in before] == before
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.slow  # reads the lists of packages once more
def test_an_ordinary_user_gets_it_too(open_folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(open_folder)], capture_output=True, text=True, check=False, timeout=300
    )
    assert (run.returncode, run.stdout.strip()) == (0, "the Debian archive"), run.stderr
    verify(open_folder / "src/acme.sh", "3.1.1")
    left = sorted(path.name for path in open_folder.iterdir())
    assert left == ["src"]


def test_a_mirror_that_does_not_answer_gives_apts_reason(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://127.0.0.1:9/debian stable main\n", encoding="ascii")
    with pytest.raises(ReleaseError, match=r"apt-get: E: .*127\.0\.0\.1") as caught:
        Debian(os.environ, apt=tmp_path).fetch(pinned("3.1.1"), manifest("3.1.1"))
    assert caught.value.id == "release.source"


def test_a_machine_without_apt_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sources.list").write_text("deb http://127.0.0.1:9/debian stable main\n", encoding="ascii")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReleaseError, match="this machine has no apt-get"):
        Debian(os.environ, apt=tmp_path, os_release=Path(os.devnull)).fetch(pinned("3.1.1"), manifest("3.1.1"))
