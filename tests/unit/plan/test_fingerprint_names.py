"""Names of a certificate against those that the file asks for: a template may add some, and none that was asked for may lack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Tuple

import pytest

from acmewrap.driver.homes.home import Home
from acmewrap.plan.fingerprint import find_change
from acmewrap.reasons import Changed
from results import CONFIG
from synthetic import Folder

NAME = "nas.example.com"


@pytest.mark.parametrize(
    ("wanted", "asked", "holds", "same"),
    [
        ((NAME,), (NAME,), (NAME, "by-template.example.com"), True),
        ((NAME,), (NAME, "old.example.com"), (NAME, "old.example.com"), False),
        ((NAME, "new.example.com"), (NAME,), (NAME,), False),
        ((NAME, "0:0:0:0:0:0:0:1"), (NAME, "::1"), (NAME.upper(), "::1"), True),
        ((NAME,), (NAME,), (), False),
    ],
    ids=["added-by-a-template", "no-longer-wanted", "wanted-now", "another-spelling", "none"],
)
def test_names_differ_by_what_was_asked_for(
    tmp_path: Path, wanted: Tuple[str, ...], asked: Tuple[str, ...], holds: Tuple[str, ...], same: bool
) -> None:
    configuration = f"Le_Domain='{NAME}'\nLe_Alt='{','.join(asked[1:]) or 'no'}'\n"
    Folder(domain=NAME, names=holds, configuration=configuration).write(tmp_path)
    stored = Home(tmp_path).read(NAME, True)
    assert stored is not None
    certificate = replace(CONFIG.certificates[next(iter(CONFIG.certificates))], domains=wanted)
    assert (find_change(CONFIG, certificate, stored) == Changed("names", holds, wanted)) == (not same)
