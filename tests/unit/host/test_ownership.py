from __future__ import annotations

from pathlib import Path

from acmewrap.host import ownership


def test_all_below_a_folder_is_named_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "home" / "sub").mkdir(parents=True)
    (tmp_path / "home" / "sub" / "key").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").touch()
    (tmp_path / "home" / "link").symlink_to(tmp_path / "elsewhere")
    found = {str(path.relative_to(tmp_path)) for path in ownership.below(tmp_path / "home")}
    assert found == {"home", "home/sub", "home/sub/key", "home/link"}


def test_what_belongs_to_another_is_found(tmp_path: Path) -> None:
    me = tmp_path.stat().st_uid
    paths = [tmp_path, tmp_path / "missing"]
    assert ownership.find_foreign(paths, me) is None
    assert ownership.find_foreign(paths, me + 1) == tmp_path
