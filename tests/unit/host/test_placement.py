"""Files for a server, put in their places and taken back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acmewrap.config.install import Install
from acmewrap.host import placement


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
