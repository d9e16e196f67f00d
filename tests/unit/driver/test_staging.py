"""The workspace of a call: copies in, only what is good out, nothing left behind."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import stat
from pathlib import Path
from typing import NoReturn

import pytest

from acmewrap.driver.homes.configuration import parse_configuration
from acmewrap.driver.homes.home import Home
from acmewrap.driver.homes.staging import Staging, scrub, stage, sweep
from acmewrap.errors import AccessError
from synthetic import Folder

HOOKS = "Le_DeployHook='synology_dsm,'\nLe_ReloadCmd='__ACME_BASE64__START_eA==__ACME_BASE64__END_'\nLe_RealKeyPath='/etc/key'\n"
OLD = Folder(more=f"{HOOKS}SAVED_SYNO_PASSWORD='x'\nSAVED_SYNO_USERNAME='y\nz'\n")
NAME, ECC = OLD.domain, True


def values(path: Path) -> object:
    return parse_configuration(path.read_text(encoding="utf-8"))


def test_a_call_works_on_copies(tmp_path: Path) -> None:
    files = OLD.write(tmp_path)
    before = {path: path.read_bytes() for path in files.folder.iterdir()}
    with stage(Home(tmp_path), [(NAME, ECC)]) as staging:
        copy = staging.files_of(NAME, ECC)
        assert copy.key.read_bytes() == files.key.read_bytes()
        for path in copy.folder.iterdir():
            path.write_bytes(b"garbage")
    assert {path: path.read_bytes() for path in files.folder.iterdir()} == before


def test_a_call_sees_neither_hooks_nor_credentials_of_others(tmp_path: Path) -> None:
    OLD.write(tmp_path)
    with stage(Home(tmp_path), [(NAME, ECC)]) as staging:
        text = staging.files_of(NAME, ECC).configuration.read_text(encoding="utf-8")
    assert set(parse_configuration(text)) == {"Le_Domain", "Le_Alt", "Le_NextRenewTime"}
    assert "SAVED" not in text


def test_a_configuration_in_unknown_bytes_is_copied_byte_for_byte_without_credentials(tmp_path: Path) -> None:
    files = OLD.write(tmp_path)
    files.configuration.write_bytes(b"Le_Domain='\xff\xfe'\nSAVED_X='\xff'\n")
    with stage(Home(tmp_path), [(NAME, ECC)]) as staging:
        assert staging.files_of(NAME, ECC).configuration.read_bytes() == b"Le_Domain='\xff\xfe'\n"


def test_what_is_kept_has_its_hooks_again_and_no_credentials(tmp_path: Path) -> None:
    OLD.write(tmp_path)
    home = Home(tmp_path)
    with stage(home, [(NAME, ECC)]) as staging:
        OLD.but(generation=2, more="SAVED_SYNO_PASSWORD='new'\nLe_RealKeyPath='/other'\n").write(staging.certificates)
        staging.keep(home, NAME, ECC)
    text = home.files_of(NAME, ECC).configuration.read_text(encoding="utf-8")
    kept = parse_configuration(text)
    assert (kept["Le_DeployHook"], kept["Le_ReloadCmd"], kept["Le_RealKeyPath"]) == ("synology_dsm,", "x", "/other")
    assert "SAVED" not in text
    stored = home.read(NAME, ECC)
    assert stored is not None
    assert stored.leaf is not None
    assert int(stored.leaf.serial, 16) == 2


def test_a_first_certificate_is_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with stage(home, [(NAME, ECC)]) as staging:
        assert not staging.files_of(NAME, ECC).folder.exists()
        OLD.write(staging.certificates)
        staging.keep(home, NAME, ECC)
    stored = home.read(NAME, ECC)
    assert stored is not None
    assert stored.find_fault() is None


def test_the_workspace_is_private_and_goes_away_whatever_happens(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), stage(Home(tmp_path)) as staging:
        (staging.temporary / "left").write_text("something")
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (staging.folder, staging.folder.parent)]
        raise ZeroDivisionError
    assert modes == [0o700, 0o700]
    assert not staging.folder.exists()


def test_a_folder_that_a_killed_run_moved_away_is_there_again_before_a_call(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for generation in (1, 2):
        home.replace(NAME, ECC, OLD.but(generation=generation).write(tmp_path / "made" / str(generation)).folder)
    folder = home.files_of(NAME, ECC).folder
    folder.rename(tmp_path / ".versions" / folder.name / "next")  # the moment between the two renames
    with stage(home, [(NAME, ECC)]) as staging:
        assert staging.files_of(NAME, ECC).key.exists()
    assert folder.is_symlink()


def test_a_sweep_removes_what_killed_runs_left(tmp_path: Path) -> None:
    parent = tmp_path / ".staging"
    for name in ("a", "b"):
        Staging(_make(parent / name))
    (parent / "b" / "lock").touch()
    sweep(Home(tmp_path))
    assert [path.name for path in parent.iterdir()] == ["lock"]


def test_a_sweep_leaves_a_workspace_in_use_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with stage(home) as staging:
        sweep(home)
        assert staging.configuration.is_dir()


def test_a_sweep_of_a_home_that_is_not_there_does_nothing(tmp_path: Path) -> None:
    sweep(Home(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_what_plain_acme_sh_saved_of_credentials_is_taken_out_everywhere(tmp_path: Path) -> None:
    saved = "Le_Domain='nas'\nSAVED_SYNO_PASSWORD='hunter2'\nLe_Alt='no'\n"
    places = [
        tmp_path / "nas" / "nas.conf",
        tmp_path / ".versions" / "nas" / "1" / "nas.conf",
        tmp_path / "account.conf",
    ]
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(saved, encoding="ascii")
    scrub(Home(tmp_path))
    assert [path.read_text(encoding="ascii") for path in places] == ["Le_Domain='nas'\nLe_Alt='no'\n"] * 3
    assert {path.stat().st_mode & 0o777 for path in places} == {0o600}


def test_a_configuration_without_credentials_is_not_touched(tmp_path: Path) -> None:
    paths = [tmp_path / "nas" / "nas.conf", tmp_path / "nas" / "nas.csr.conf"]
    paths[0].parent.mkdir()
    for path in paths:  # the second is openssl's: blank lines and sections, none of acme.sh's lines
        path.write_text("[ req ]\n\nLe_Domain='nas'", encoding="ascii")
    before = [(path.stat().st_ino, path.read_bytes()) for path in paths]
    scrub(Home(tmp_path))
    assert [(path.stat().st_ino, path.read_bytes()) for path in paths] == before


def test_a_workspace_is_locked_before_a_sweep_can_see_it(tmp_path: Path) -> None:
    with stage(Home(tmp_path)):
        pass
    handle = os.open(str(tmp_path / ".staging" / "lock"), os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # free again: nobody waits for a run that works
    finally:
        os.close(handle)


@pytest.mark.parametrize(
    ("error", "id"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk.full"),
        (PermissionError(errno.EACCES, "Permission denied"), "home.not_writable"),
        (OSError(errno.EROFS, "Read-only file system"), "file.read_only"),
        (shutil.Error([("a", "b", "[Errno 13] Permission denied")]), "home.not_writable"),
        (OSError(errno.EIO, "Input/output error"), "file.failed"),
    ],
)
def test_a_workspace_that_cannot_be_made_is_told_with_its_remedy(
    tmp_path: Path, error: OSError, id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    OLD.write(tmp_path)
    monkeypatch.setattr(shutil, "copytree", fail)
    with pytest.raises(AccessError) as caught, stage(Home(tmp_path), [(NAME, ECC)]):
        pass
    assert caught.value.id == id
    assert [path.name for path in (tmp_path / ".staging").iterdir()] == ["lock"]


def test_a_full_disk_leaves_the_set_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    files = Folder().write(tmp_path)

    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with stage(home, [(NAME, ECC)]) as staging:
        OLD.but(generation=2).write(staging.certificates)
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(AccessError) as caught:
            staging.keep(home, NAME, ECC)
    monkeypatch.undo()
    assert caught.value.id == "disk.full"
    stored = home.read(NAME, ECC)
    assert stored is not None
    assert stored.find_fault() is None
    assert files.folder.is_dir()


def test_a_protocol_that_was_never_written_is_empty(tmp_path: Path) -> None:
    with stage(Home(tmp_path)) as staging:
        assert staging.read_protocol() == ""
        staging.protocol.write_bytes(b"caf\xe9")
        assert staging.read_protocol() == "caf\ufffd"


def _make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
