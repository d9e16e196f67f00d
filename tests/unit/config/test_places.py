"""Where the file is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from acmewrap.config import MissingConfigurationError, find, places


def test_the_places_are_those_of_the_manual_in_their_order() -> None:
    assert places({"HOME": "/home/user"}) == [
        Path("acmewrap.yaml"),
        Path("/home/user/.config/acmewrap/config.yaml"),
        Path("/usr/local/etc/acmewrap/config.yaml"),
        Path("/etc/acmewrap/config.yaml"),
    ]
    assert places({"HOME": "/home/user", "XDG_CONFIG_HOME": "/x"})[1] == Path("/x/acmewrap/config.yaml")


def test_an_earlier_place_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "config"
    (home / "acmewrap").mkdir(parents=True)
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(home)}
    candidates = [
        home / "acmewrap" / "config.yaml",
        Path("acmewrap.yaml"),
        tmp_path / "variable.yaml",
        tmp_path / "explicit.yaml",
    ]
    for candidate in candidates:
        candidate.touch()
    assert find(candidates[3], {**environ, "ACMEWRAP_CONFIG": str(candidates[2])}) == candidates[3]
    assert find(None, {**environ, "ACMEWRAP_CONFIG": str(candidates[2])}) == candidates[2]
    assert find(None, environ) == candidates[1]
    candidates[1].unlink()
    assert find(None, environ) == candidates[0]


def test_a_file_that_was_named_is_not_replaced_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("acmewrap.yaml").touch()
    with pytest.raises(MissingConfigurationError, match=r"/none\.yaml: named by --config, does not exist"):
        find(Path("/none.yaml"), {})
    with pytest.raises(MissingConfigurationError, match=r"/none\.yaml: named by \$ACMEWRAP_CONFIG, does not exist"):
        find(None, {"ACMEWRAP_CONFIG": "/none.yaml"})


def test_when_there_is_none_the_error_says_where_it_looked_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda _: False)
    environ = {"HOME": str(tmp_path)}
    with pytest.raises(MissingConfigurationError) as raised:
        find(None, environ)
    assert all(str(place) in str(raised.value) for place in places(environ))
    assert "`acmewrap init`" in raised.value.remedy


def test_a_file_that_is_closed_to_this_user_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", refuse)
    assert find(None, {"HOME": "/home/user"}) == Path("acmewrap.yaml")
