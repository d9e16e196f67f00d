from __future__ import annotations

import os
from pathlib import Path

import pytest

from acmewrap.host import ownership


def test_all_below_a_folder_is_named_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "home" / "sub").mkdir(parents=True)
    (tmp_path / "home" / "sub" / "key").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").touch()
    (tmp_path / "home" / "link").symlink_to(tmp_path / "elsewhere")
    found = {str(path.relative_to(tmp_path)) for path in ownership.below(tmp_path / "home")}
    assert found == {"home", "home/sub", "home/sub/key", "home/link"}


def test_what_is_roots_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert ownership.find_owned_by_root([tmp_path / "missing"]) is None
    assert ownership.find_owned_by_root([tmp_path / "missing", Path("/")]) == Path("/")
    monkeypatch.setattr(os, "lstat", lambda _: os.stat_result((0o100600, 0, 0, 1, 1026, 0, 0, 0, 0, 0)))
    assert ownership.find_owned_by_root([Path("/")]) is None
