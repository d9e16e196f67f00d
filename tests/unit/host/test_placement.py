"""Files for a server, put in their places and taken back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acmewrap.config.install import Install
from acmewrap.host import file_access, placement


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user")
def test_root_replaces_and_restores_its_files_in_the_folder_of_another_user(tmp_path: Path) -> None:
    place = tmp_path / "tls" / "key.pem"
    place.parent.mkdir()
    os.chown(str(place.parent), 65534, 65534)
    install = Install(key_file=place)
    for content in (b"first", b"second", b"third"):
        placement.lay(install, {"key_file": content}, keep=True)
        placement.put(install)
        assert place.read_bytes() == content
    placement.restore(install)
    assert place.read_bytes() == b"second"
    assert (place.stat().st_mode & 0o777, place.stat().st_nlink) == (0o600, 1)


def test_a_file_of_a_group_that_this_user_is_not_in_is_kept_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = Install(key_file=tmp_path / "key.pem")
    placement.lay(install, {"key_file": b"first"}, keep=True)
    placement.put(install)

    def refuse(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(file_access, "set_on", refuse)
        placement._keep(install)
    placement.restore(install)
    assert (tmp_path / "key.pem").read_bytes() == b"first"
