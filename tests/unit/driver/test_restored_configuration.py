"""A configuration that acme.sh's shell would not take gives way to the last good one of that certificate."""

from __future__ import annotations

from pathlib import Path

import pytest

from acmewrap.driver.homes.home import Home
from acmewrap.driver.homes.recovery import restore_configurations

NAME, GOOD = "nas.internal.test", "Le_Domain='nas.internal.test'\nLe_Webroot='/srv/web'\n"


def make(path: Path, *texts: str) -> Path:
    """A home with a version for each of *texts*, the last in use; returns the configuration in use."""
    for number, text in enumerate(texts, 1):
        version = path / ".versions" / f"{NAME}_ecc" / str(number)
        version.mkdir(parents=True)
        (version / f"{NAME}.conf").write_text(text, encoding="utf-8")
        (version / f"{NAME}.key").write_text(f"key {number}", encoding="utf-8")
    (path / f"{NAME}_ecc").symlink_to(f".versions/{NAME}_ecc/{len(texts)}")
    return path / f"{NAME}_ecc" / f"{NAME}.conf"


@pytest.mark.parametrize("broken", ["Le_Domain='a'b\n", "", "id >/tmp/x\n"])
def test_the_newest_good_one_comes_back_and_all_else_stays(tmp_path: Path, broken: str) -> None:
    place = make(tmp_path, "Le_Domain='older'\n", GOOD, "Le_Domain='x' y\n", broken)
    restore_configurations(Home(tmp_path))
    assert place.read_text(encoding="utf-8") == GOOD
    assert place.with_suffix(".key").read_text(encoding="utf-8") == "key 4"
    (kept,) = (tmp_path / ".damaged").iterdir()
    assert kept.read_text(encoding="utf-8") == broken


@pytest.mark.parametrize("texts", [(GOOD,), ("Le_Domain='x' y\n", "Le_Domain='a'b\n"), ("Le_Domain='a'b\n",)])
def test_what_is_good_or_has_no_good_one_before_it_stays(tmp_path: Path, texts: tuple[str, ...]) -> None:
    place = make(tmp_path, *texts)
    restore_configurations(Home(tmp_path))
    assert place.read_text(encoding="utf-8") == texts[-1]
    assert not (tmp_path / ".damaged").exists()
