"""What root does before it becomes another user, who may not read what acmewrap is installed in."""

from __future__ import annotations

import pkgutil
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
