"""The pinned acme.sh on disk, with a release of three tiny files in place of a real one."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Collection, Dict, List, Mapping, Tuple

import pytest

from acmewrap.driver.release import installation
from acmewrap.driver.release.installation import Installed, install_acme_sh, place
from acmewrap.driver.release.pin import Release, manifest, releases
from acmewrap.driver.release.verification import verify
from acmewrap.errors import AccessError, BusyError, ReleaseError
from acmewrap.system.files import lock

CONTENTS = {"acme.sh": b"#!/usr/bin/env sh\n", "deploy/ssh.sh": b"# ssh\n", "notify/mail.sh": b"# mail\n"}


def pins_of(contents: Mapping[str, bytes]) -> Dict[str, str]:
    return {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}


PINS = pins_of(CONTENTS)


def sample(version: str = "9.9.9") -> Release:
    return Release(version, f"https://releases.invalid/{version}.tar.gz", "0" * 64)


@dataclass
class Shelf:
    """A source that has what it is given, and counts how often it was asked."""

    contents: Mapping[str, bytes]
    asked: int = 0

    def fetch(self, release: Release, paths: Collection[str]) -> Mapping[str, bytes]:
        assert release.version
        self.asked += 1
        return {path: self.contents[path] for path in paths if path in self.contents}


def fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "src" / "acme.sh"


@pytest.fixture
def installed(folder: Path) -> Path:
    place(sample(), PINS, folder, [Shelf(CONTENTS)])
    return folder


def refusal(folder: Path, *, force: bool = False) -> ReleaseError:
    with pytest.raises(ReleaseError) as caught:
        place(sample(), PINS, folder, [Shelf(CONTENTS)], force=force)
    return caught.value


def test_a_release_is_installed_beside_the_path_that_users_know(folder: Path) -> None:
    result = place(sample(), PINS, folder, [Shelf(CONTENTS)])
    assert (result.version, result.path, result.changed) == ("9.9.9", folder, True)
    assert os.readlink(str(folder)) == "acme.sh-9.9.9"
    assert {path: (folder / path).read_bytes() for path in PINS} == CONTENTS
    verify(folder, "9.9.9", PINS)


def test_scripts_run_and_folders_are_private_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        place(sample(), PINS, folder, [Shelf(CONTENTS)])
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE((folder / path).stat().st_mode) for path in ("acme.sh", "deploy", "deploy/ssh.sh", ".")}
    assert modes == {"acme.sh": 0o700, "deploy": 0o700, "deploy/ssh.sh": 0o644, ".": 0o700}


def test_only_files_of_the_manifest_are_kept(folder: Path) -> None:
    place(sample(), PINS, folder, [Shelf({**CONTENTS, "README.md": b"hello", "deploy/more.sh": b"# more\n"})])
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == sorted(PINS)


def test_a_second_install_asks_no_source_and_changes_nothing(installed: Path) -> None:
    before = sorted((str(path), path.stat().st_mtime_ns) for path in installed.parent.rglob("*"))
    shelf = Shelf(CONTENTS)
    assert place(sample(), PINS, installed, [shelf]) == Installed("9.9.9", installed, "already installed", False)
    assert shelf.asked == 0
    assert sorted((str(path), path.stat().st_mtime_ns) for path in installed.parent.rglob("*")) == before


def test_one_flipped_byte_is_drift_and_names_the_file(installed: Path) -> None:
    (installed / "deploy/ssh.sh").write_bytes(b"# sSh\n")
    with pytest.raises(ReleaseError, match=r"deploy/ssh\.sh has other content") as caught:
        verify(installed, "9.9.9", PINS)
    assert caught.value.id == "release.drift"
    assert "acmewrap install --force" in caught.value.remedy


@pytest.mark.parametrize(
    "path",
    [
        *(
            "deploy/ssh",
            "deploy/own.sh",
            "notify/mail",
            "dnsapi/dns_cf",
            "dnsapi/dns_cf.sh",
        ),  # before, or beside, what is pinned
        *("deploy/my-hook.sh", "deploy/.own.sh", "dnsapi/OWN.SH"),  # by a name that the YAML file cannot have
        *("ssh", "ssh.sh", "nas.example.com/ssh", "nas.example.com/ssh.sh", "*.example.com/dns_cf", "2001:db8::1/x"),
    ],
)
def test_a_file_that_acme_sh_would_take_for_a_hook_is_drift_and_named(installed: Path, path: str) -> None:
    fill(installed, {path: b"touch /tmp/canary\n"})
    with pytest.raises(ReleaseError) as caught:
        verify(installed, "9.9.9", PINS)
    assert (caught.value.id, f"{path} is not part of it" in str(caught.value)) == ("release.drift", True)
    assert refusal(installed).id == "release.drift"
    place(sample(), PINS, installed, [Shelf(CONTENTS)], force=True)
    verify(installed, "9.9.9", PINS)
    assert (installed.parent / "acme.sh-9.9.9" / path).exists()


def test_a_name_that_is_not_text_can_be_printed(installed: Path) -> None:
    fill(installed, {os.fsdecode(b"caf\xe9/ssh"): b"#"})
    assert r"caf\xe9/ssh is not part of it" in str(refusal(installed)).encode("utf-8").decode("utf-8")


@pytest.mark.parametrize("path", ["acme.sh", "deploy/ssh.sh", "deploy"])
def test_a_link_in_the_place_of_what_is_pinned_is_drift(installed: Path, tmp_path: Path, path: str) -> None:
    (installed / path).rename(tmp_path / "elsewhere")
    (installed / path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReleaseError, match=f"{path} is a link") as caught:
        verify(installed, "9.9.9", PINS)
    assert caught.value.id == "release.drift"


def test_what_a_checkout_holds_beside_the_scripts_is_no_drift(installed: Path) -> None:
    more = ("README.md", "Dockerfile", "deploy/README.md", ".github/FUNDING.yml", ".git/HEAD", "ca/host/dir/ca.conf")
    fill(installed, dict.fromkeys(more, b"x"))
    verify(installed, "9.9.9", PINS)


def test_what_was_verified_is_named_without_the_link_that_led_there(installed: Path) -> None:
    assert verify(installed, "9.9.9", PINS) == installed.parent / "acme.sh-9.9.9"


def test_a_link_on_the_way_stays_as_it_may_lead_past_a_blank(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "a blank").mkdir()
    installed.parent.rename(tmp_path / "a blank" / "src")
    installed.parent.symlink_to(tmp_path / "a blank" / "src")
    assert verify(installed, "9.9.9", PINS) == installed.parent / "acme.sh-9.9.9"


def test_missing_files_are_drift_and_the_first_three_are_named(installed: Path) -> None:
    pins = {**PINS, **{f"dnsapi/dns_{letter}.sh": "0" * 64 for letter in "abcde"}}
    with pytest.raises(ReleaseError, match=r"dns_a\.sh is missing, .*dns_c\.sh is missing, and 2 more") as caught:
        verify(installed, "9.9.9", pins)
    assert caught.value.id == "release.drift"


def test_nothing_installed_is_told_apart_from_drift(folder: Path) -> None:
    with pytest.raises(ReleaseError) as caught:
        verify(folder, "9.9.9", PINS)
    assert caught.value.id == "release.missing"


def test_another_release_in_its_place_is_told_apart_from_drift(installed: Path) -> None:
    other = pins_of({**CONTENTS, "acme.sh": b"# newer"})
    with pytest.raises(ReleaseError, match=r"leads to acme\.sh-9\.9\.9, and acme\.sh 10\.0\.0 is asked for") as caught:
        verify(installed, "10.0.0", other)
    assert caught.value.id == "release.other"
    assert caught.value.remedy == "Run: acmewrap apply"


def test_a_file_where_a_folder_belongs_is_drift(installed: Path) -> None:
    (installed / "notify/mail.sh").unlink()
    (installed / "notify").rmdir()
    (installed / "notify").write_text("not a folder")
    with pytest.raises(ReleaseError, match=r"notify/mail\.sh is missing"):
        verify(installed, "9.9.9", PINS)


def test_drift_is_not_repaired_silently(installed: Path) -> None:
    (installed / "acme.sh").write_bytes(b"changed")
    assert refusal(installed).id == "release.drift"
    assert (installed / "acme.sh").read_bytes() == b"changed"


def test_force_replaces_changed_files_and_keeps_them_beside(installed: Path) -> None:
    (installed / "acme.sh").write_bytes(b"changed")
    assert place(sample(), PINS, installed, [Shelf(CONTENTS)], force=True).changed
    verify(installed, "9.9.9", PINS)
    assert (installed.parent / "acme.sh-9.9.9/acme.sh").read_bytes() == b"changed"
    assert os.readlink(str(installed)) == "acme.sh-9.9.9-2"


def test_drift_after_a_forced_install_is_seen_again(installed: Path) -> None:
    for name in ("acme.sh-9.9.9-2", "acme.sh-9.9.9-3"):
        (installed / "acme.sh").write_bytes(b"changed")
        assert refusal(installed).id == "release.drift"
        place(sample(), PINS, installed, [Shelf(CONTENTS)], force=True)
        assert os.readlink(str(installed)) == name


def test_another_release_takes_its_place_and_the_way_back_needs_no_source(installed: Path) -> None:
    newer = {**CONTENTS, "acme.sh": b"newer"}
    place(sample("9.9.10"), pins_of(newer), installed, [Shelf(newer)])
    assert (installed / "acme.sh").read_bytes() == b"newer"
    shelf = Shelf(CONTENTS)
    assert place(sample(), PINS, installed, [shelf]).changed
    assert (shelf.asked, os.readlink(str(installed))) == (0, "acme.sh-9.9.9")


def test_a_changed_old_release_does_not_stop_the_next_one(installed: Path) -> None:
    (installed / "acme.sh").write_bytes(b"changed")
    newer = {**CONTENTS, "acme.sh": b"newer"}
    place(sample("9.9.90"), pins_of(newer), installed, [Shelf(newer)])
    assert os.readlink(str(installed)) == "acme.sh-9.9.90"


def test_a_folder_made_by_hand_with_the_pinned_files_is_adopted(folder: Path) -> None:
    fill(folder, {**CONTENTS, "README.md": b"as the archive has it"})
    assert not place(sample(), PINS, folder, []).changed
    assert not folder.is_symlink()


DAMAGES: Mapping[str, Callable[[Path], object]] = {
    "missing": lambda _: None,
    "garbage": lambda path: path.write_bytes(b"\x00\xff'$(id)"),
    "a FIFO": lambda path: os.mkfifo(str(path)),
    "a folder": Path.mkdir,
    "a link to nowhere": lambda path: path.symlink_to("/nonexistent/file"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("where", ["acme.sh/acme.sh", "acme.sh/notify", "acme.sh-9.9.9", "acme.sh"])
def test_whatever_breaks_it_is_not_run_and_one_command_brings_it_back(installed: Path, where: str, damage: str) -> None:
    path = installed.parent / where
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path))
    else:
        path.unlink()
    DAMAGES[damage](path)
    with pytest.raises(ReleaseError) as caught:
        verify(installed, "9.9.9", PINS)
    if where == "acme.sh" and damage not in {"missing", "a folder"}:  # nobody's files are deleted
        error = refusal(installed, force=True)
        assert (error.id, f"mv {installed} {installed}.old" in error.remedy) == ("release.occupied", True)
        installed.rename(f"{installed}.old")
    else:
        assert caught.value.id in {"release.drift", "release.missing"}
    place(sample(), PINS, installed, [Shelf(CONTENTS)], force=True)
    verify(installed, "9.9.9", PINS)


def test_a_foreign_folder_is_left_alone_even_with_force(folder: Path) -> None:
    fill(folder, {"acme.sh": b"somebody's own"})
    for force in (False, True):
        error = refusal(folder, force=force)
        assert error.id == "release.occupied"
        assert f"mv {folder} {folder}.old" in error.remedy
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"acme.sh": b"somebody's own"}


def test_a_hand_made_folder_with_one_changed_file_is_refused_naming_the_file(folder: Path) -> None:
    fill(folder, {**CONTENTS, "notify/mail.sh": b"patched"})
    assert "notify/mail.sh has other content" in str(refusal(folder))


def test_a_foreign_file_and_a_foreign_link_are_left_alone(folder: Path, tmp_path: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a wrapper")
    assert refusal(folder).id == "release.occupied"
    assert folder.read_text() == "a wrapper"
    folder.unlink()
    folder.symlink_to(tmp_path / "elsewhere")
    assert refusal(folder).id == "release.occupied"
    assert os.readlink(str(folder)) == str(tmp_path / "elsewhere")


def test_an_empty_folder_is_taken(folder: Path) -> None:
    folder.mkdir(parents=True)
    place(sample(), PINS, folder, [Shelf(CONTENTS)])
    verify(folder, "9.9.9", PINS)


def test_an_interrupted_install_is_recovered(folder: Path) -> None:
    fill(folder.parent / ".acme.sh-9.9.9.part", {"acme.sh": b"hal"})
    (folder.parent / ".acme.sh-link.part").symlink_to("acme.sh-9.9.8")
    place(sample(), PINS, folder, [Shelf(CONTENTS)])
    verify(folder, "9.9.9", PINS)
    assert sorted(path.name for path in folder.parent.iterdir()) == [".acme.sh.lock", "acme.sh", "acme.sh-9.9.9"]


def test_a_link_to_a_vanished_folder_is_replaced_without_force(installed: Path) -> None:
    (installed.parent / "acme.sh-9.9.9").rename(installed.parent / "gone")
    assert place(sample(), PINS, installed, [Shelf(CONTENTS)]).changed
    verify(installed, "9.9.9", PINS)


def test_what_no_source_has_leaves_the_installed_release_as_it_was(installed: Path) -> None:
    newer = {**CONTENTS, "acme.sh": b"newer"}
    with pytest.raises(ReleaseError):
        place(sample("9.9.10"), pins_of(newer), installed, [Shelf({})])
    verify(installed, "9.9.9", PINS)
    assert not list(installed.parent.glob("*.part"))


def test_a_reader_sees_the_old_or_the_new_and_never_neither(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = {**CONTENTS, "acme.sh": b"newer"}
    seen: List[bytes] = []
    done, reads = threading.Event(), threading.Semaphore(0)
    replace = os.replace

    def read() -> None:
        while not done.is_set():
            try:
                seen.append((installed / "acme.sh").read_bytes())
            except FileNotFoundError:
                seen.append(b"nothing")
            reads.release()

    def replace_under_the_eyes_of_the_reader(old: str, new: str) -> None:
        while reads.acquire(blocking=False):
            pass
        assert reads.acquire(timeout=10)
        assert reads.acquire(timeout=10)
        replace(old, new)

    monkeypatch.setattr(os, "replace", replace_under_the_eyes_of_the_reader)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(10):
            place(sample("9.9.10"), pins_of(newer), installed, [Shelf(newer)])
            place(sample(), PINS, installed, [Shelf(CONTENTS)])
    finally:
        done.set()
        reader.join()
    assert set(seen) == {CONTENTS["acme.sh"], b"newer"}


def test_two_installs_at_once_give_one_install(folder: Path) -> None:
    results: List[Tuple[bool, int]] = []

    def run() -> None:
        shelf = Shelf(CONTENTS)
        results.append((place(sample(), PINS, folder, [shelf]).changed, shelf.asked))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [(False, 0)] * 3 + [(True, 1)]


def test_while_another_installs_it_is_busy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from acmewrap.driver.release import installation as module

    monkeypatch.setattr(module, "WAIT", 0.0)
    with lock(folder.parent / ".acme.sh.lock"), pytest.raises(BusyError):
        place(sample(), PINS, folder, [Shelf(CONTENTS)])


def test_a_file_in_the_way_of_the_parent_is_told(tmp_path: Path) -> None:
    (tmp_path / "src").write_text("a file")
    with pytest.raises(AccessError) as caught:
        place(sample(), PINS, tmp_path / "src" / "acme.sh", [Shelf(CONTENTS)])
    assert caught.value.id == "file.foreign"
    assert f"mv {tmp_path / 'src'} " in caught.value.remedy


def test_an_unpinned_release_is_refused_with_the_pinned_ones(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"acme\.sh 3\.1\.4 is not a pinned release") as caught:
        install_acme_sh("3.1.4", folder, cache=tmp_path)
    assert caught.value.id == "release.unpinned"
    assert "3.0.2, 3.0.9, 3.1.0, 3.1.1, 3.1.2, 3.1.3, 3.1.5" in caught.value.remedy
    with pytest.raises(ReleaseError, match="not a pinned release"):
        verify(folder, "3.1.4")


def test_a_vulnerable_release_is_refused_naming_the_hole(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="CVE-2023-38198") as caught:
        install_acme_sh("3.0.2", folder, cache=tmp_path)
    assert caught.value.id == "release.vulnerable"
    assert not folder.parent.exists()


def test_a_vulnerable_release_is_looked_for_once_that_is_allowed(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"brought\.tar\.gz: No such file") as caught:
        install_acme_sh("3.0.2", folder, cache=tmp_path, archive=tmp_path / "brought.tar.gz", allow_vulnerable=True)
    assert caught.value.id == "release.source"


def test_every_pinned_release_has_a_manifest_of_the_files_that_are_kept() -> None:
    for version in releases():
        files = manifest(version)
        assert {path.split("/")[0] for path in files} == {"acme.sh", "deploy", "dnsapi", "notify"}
        assert "deploy/synology_dsm.sh" in files
        assert all(len(digest) == 64 and int(digest, 16) for digest in files.values())
        assert all(".." not in path and not path.startswith("/") for path in files)


def test_every_pinned_release_has_an_archive_with_its_digest() -> None:
    for version, release in releases().items():
        assert release.url == f"https://github.com/acmesh-official/acme.sh/archive/refs/tags/{version}.tar.gz"
        assert len(str(release.sha256)) == 64
        assert release.witnesses
        assert (release.cve is not None) == (tuple(map(int, version.split("."))) < (3, 0, 6))


def test_all_sources_are_asked_in_the_environment_that_is_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ, asked = {"XDG_CACHE_HOME": str(folder / "cache"), "https_proxy": "http://proxy.test:3128"}, []
    monkeypatch.setattr(installation, "place", lambda _, __, ___, sources, **____: asked.extend(sources))
    install_acme_sh("3.1.1", folder, environ=environ)
    kept, download, debian = asked
    assert kept.path == download.kept == folder / "cache" / "acmewrap" / "acme.sh-3.1.1.tar.gz"
    assert download.environ == debian.environ == environ
