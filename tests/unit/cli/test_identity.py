"""What root does before it becomes another user, who may not read what acmewrap is installed in."""

from __future__ import annotations

import pkgutil
import sys
import zipfile
from pathlib import Path
from typing import NoReturn

import pytest

from acmewrap.cli import identity
from acmewrap.system import resources

REPOSITORY = Path(__file__).resolve().parents[3]


def test_all_that_is_shipped_is_read_before_and_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError

    resources.read_text.cache_clear()
    identity.load_everything()
    monkeypatch.setattr(pkgutil, "get_data", refuse)
    monkeypatch.setattr(resources, "read_bytes", refuse)
    shipped = [path for name in ("templates", "vendor") for path in (REPOSITORY / name).rglob("*") if path.is_file()]
    assert len(shipped) > len(resources.SHIPPED)
    for path in shipped:
        assert resources.read_text(str(path.relative_to(REPOSITORY))) == path.read_text(encoding="utf-8")


def test_a_single_file_is_known_as_such_also_when_it_can_no_longer_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "acmewrap.pyz"
    with zipfile.ZipFile(str(path), "w") as archive:
        archive.writestr("__main__.py", "")
    monkeypatch.setattr(sys, "argv", [str(path)])
    assert resources.single_file() == path
    path.unlink()
    assert resources.single_file() == path
