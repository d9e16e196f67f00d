"""What ``docs/architecture.md`` names is there."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
PICTURE = TEXT.split("```")[1]


def test_every_file_and_folder_that_is_named_exists() -> None:
    named = set(re.findall(r"`([a-z_./-]+(?:\.(?:py|md|j2|sh|yaml)|/))`", TEXT)) | set(
        re.findall(r"[a-z_]+(?:/|\.py)(?= )", PICTURE)
    )
    places = ("", "acmewrap/", "acmewrap/driver/", "acmewrap/engine/", "acmewrap/cli/")
    missing = {name for name in named if not any((REPOSITORY / place / name).exists() for place in places)}
    assert len(named) > 50
    assert missing - {"acmewrap.yaml"} == set()


def test_every_folder_of_the_package_is_in_the_picture() -> None:
    folders = {path.parent.name for path in (REPOSITORY / "acmewrap").glob("*/__init__.py")}
    assert {folder for folder in folders if f"{folder}/" not in PICTURE} == set()
