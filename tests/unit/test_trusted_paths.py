"""Who could exchange a path: read from owners, modes and links of real files; the user who runs the tests is the trusted one."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import FrozenSet, Optional

import pytest

from acmewrap.system import trust

ME: FrozenSet[int] = frozenset((0, os.geteuid()))


def weak(path: Path, trusted: FrozenSet[int] = ME) -> Optional[str]:
    found = trust.find_weakness(path, trusted)
    return None if found is None else f"{found.path}: {found.reason}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "folder"
    found.mkdir(mode=0o755)
    (found / "file").touch(mode=0o644)
    return found


def test_a_path_of_trusted_users_has_no_weakness(folder: Path) -> None:
    assert weak(folder / "file") is None
    assert weak(folder / "missing" / "file") is None


def test_the_first_part_of_another_user_is_named(folder: Path) -> None:
    found = weak(folder / "file", frozenset((4242,)))
    assert found == "/: it belongs to root"


def test_what_everybody_can_write_is_weak_unless_the_sticky_bit_protects_what_is_in_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "as_nobody", lambda work: work())  # pytest's folders are closed to the real one
    folder.chmod(0o777)
    assert weak(folder / "file") == f"{folder}: other users can write to it"
    folder.chmod(0o1777)
    assert weak(folder / "file") is None
    (folder / "file").chmod(0o666)
    assert weak(folder / "file") == f"{folder}/file: other users can write to it"


def test_what_a_group_can_write_is_weak_when_others_are_in_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.chmod(0o775)
    alone = pwd.struct_passwd(("me", "x", os.geteuid(), 77, "", "/", ""))
    other = pwd.struct_passwd(("other", "x", 4242, 78, "", "/", ""))
    group = os.stat(str(folder)).st_gid
    monkeypatch.setattr(pwd, "getpwall", lambda: [alone, other])
    monkeypatch.setattr(pwd, "getpwnam", {"other": other, "me": alone}.__getitem__)
    monkeypatch.setattr(grp, "getgrgid", lambda _: grp.struct_group(("users", "x", group, ["me"])))
    assert weak(folder) is None
    monkeypatch.setattr(grp, "getgrgid", lambda _: grp.struct_group(("users", "x", group, ["me", "other"])))
    assert weak(folder) == f"{folder}: other users can write to it"


def test_links_are_followed_part_by_part_and_belong_to_the_path(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "real" / "deep").touch()
    (folder / "link").symlink_to("../folder/real")
    named = [path for path, _ in trust.components(folder / "link" / "deep")]
    assert [path[len(str(folder)) :] for path in named if path.startswith(f"{folder}/")] == [
        "/link",
        "/real",
        "/real/deep",
    ]
    (folder / "circle").symlink_to("circle")
    assert len(list(trust.components(folder / "circle" / "file"))) < 100


def test_who_called_sudo_and_the_administrators_of_a_nas_may_have_root_provision(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trust.trusted_users({}) == {0}
    assert trust.trusted_users({"SUDO_UID": "1026"}) == {0, 1026}
    admin = pwd.struct_passwd(("admin", "x", 1024, 100, "", "/", ""))
    monkeypatch.setattr(pwd, "getpwall", lambda: [admin])
    monkeypatch.setattr(pwd, "getpwnam", {"admin": admin}.__getitem__)
    group = grp.struct_group(("administrators", "x", 101, ["admin", "gone"]))
    monkeypatch.setattr(grp, "getgrnam", {"administrators": group}.__getitem__)
    monkeypatch.setattr(grp, "getgrgid", {101: group}.__getitem__)
    assert trust.trusted_users({"PATH": str(folder)}) == {0}  # a group of that name means nothing elsewhere
    (folder / "synowebapi").touch(mode=0o755)
    assert trust.trusted_users({"PATH": str(folder)}) == {0, 1024}


def test_a_folder_with_the_name_of_a_tool_of_dsm_makes_no_nas(tmp_path: Path) -> None:
    (tmp_path / "synowebapi").mkdir()
    assert trust.find_dsm_tools({"PATH": str(tmp_path)}) is None
    (tmp_path / "synowebapi").rmdir()
    (tmp_path / "synowebapi").touch(0o755)
    assert trust.find_dsm_tools({"PATH": str(tmp_path)}) is not None
