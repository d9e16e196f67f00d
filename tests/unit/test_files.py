"""Files that are the old or the new and never half of each, and the lock that keeps two runs apart."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path
from typing import List, NoReturn

import pytest

from acmewrap.errors import AccessError, BusyError
from acmewrap.system import files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_with_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "file"
    before = os.umask(0o777)
    try:
        files.write_atomic(path, "one")
        assert (path.read_text(), mode(path)) == ("one", 0o600)
        files.write_atomic(path, b"two\xff", files.PUBLIC)
    finally:
        os.umask(before)
    assert (path.read_bytes(), mode(path)) == (b"two\xff", 0o644)
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "home"] == ["file"]


@pytest.mark.parametrize("function", ["fsync", "replace", "fchmod"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    files.write_atomic(path, "old")

    def fail(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        with pytest.raises(OSError, match="No space"):
            files.write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "home"] == ["file"]


def test_somebodys_own_file_keeps_its_mode_its_owner_and_the_link_to_it(tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "file", tmp_path / "link"
    real.parent.mkdir()
    real.write_text("old")
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(str(real), 12345, 54321)
    link.symlink_to("real/file")
    before = real.stat()
    files.rewrite(link, b"new")
    after = real.stat()
    assert (link.is_symlink(), real.read_text()) == (True, "new")
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert [entry.name for entry in real.parent.iterdir()] == ["file"]


def test_to_pretend_changes_nothing_and_fails_where_writing_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    before = path.stat()
    files.rewrite(path, b"new", pretend=True)
    after = path.stat()  # before it is read, which changes st_atime
    assert (path.read_text(), after) == ("old", before)

    def fail(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            files.rewrite(path, b"new", pretend=True)
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "home"] == ["file"]


@pytest.mark.parametrize(
    ("number", "id"),
    [
        (errno.ENOSPC, "disk.full"),
        (errno.EDQUOT, "disk.full"),
        (errno.EROFS, "file.read_only"),
        (errno.ENOLCK, "lock.unavailable"),
        (errno.EACCES, "file.denied"),
        (errno.EIO, "file.failed"),
    ],
)
def test_what_the_system_refuses_is_a_failure_that_names_the_file(number: int, id: str) -> None:
    reported = files.describe(OSError(number, os.strerror(number)), "/etc/acmewrap/config.yaml")
    assert (reported.id, reported.message) == (id, f"/etc/acmewrap/config.yaml: {os.strerror(number)}")


def test_a_reader_sees_the_old_or_the_new(tmp_path: Path) -> None:
    path, stop = tmp_path / "file", threading.Event()
    contents = [letter * 100_000 for letter in "ab"]
    files.write_atomic(path, contents[0])
    seen: List[str] = []

    def look() -> None:
        while not stop.is_set():
            seen.append(path.read_text())

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(60):
            files.write_atomic(path, contents[number % 2])
    finally:
        stop.set()
        reader.join()
    assert set(seen) <= set(contents)


def test_what_a_killed_write_left_is_discarded(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    for name in (".ledger.json.abc123", "ledger.json", ".ledger.jsonx", "other"):
        (tmp_path / name).touch()
    files.discard_unfinished(path)
    left = {entry.name for entry in tmp_path.iterdir()} - {"home"}
    assert left == {"ledger.json", ".ledger.jsonx", "other"}


def test_folders_are_made_private_and_those_that_were_there_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    files.make_folder(tmp_path / "a" / "b" / "c")
    files.make_folder(tmp_path / "a" / "web", 0o755)
    files.make_folder(tmp_path / "a")
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c", "a/web")] == [0o755, 0o700, 0o700, 0o755]


def test_where_nothing_may_be_written_the_remedy_names_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(tmp_path / "file"))

    monkeypatch.setattr("os.open", refuse)  # a test that runs as root may write anywhere
    with pytest.raises(AccessError) as caught:
        files.write_atomic(tmp_path / "file", "x")
    assert caught.value.id == "file.not_writable"
    assert str(tmp_path) in caught.value.remedy


def test_two_runs_are_kept_apart_and_the_second_says_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with files.lock(path):
        with pytest.raises(BusyError) as caught, files.lock(path):
            pass
        assert str(os.getpid()) in str(caught.value)
    with files.lock(path):
        assert mode(path) == 0o600


def test_a_second_run_waits_as_long_as_it_may(tmp_path: Path) -> None:
    path, held, release = tmp_path / "lock", threading.Event(), threading.Event()

    def hold() -> None:
        with files.lock(path):
            held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(30)
        with pytest.raises(BusyError), files.lock(path, timeout=0.15):
            pass
        threading.Timer(0.1, release.set).start()
        with files.lock(path, timeout=30):
            assert release.is_set()
    finally:
        release.set()
        holder.join()


def test_an_error_inside_lets_go_of_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), files.lock(path):
        raise ZeroDivisionError
    with files.lock(path):
        pass
