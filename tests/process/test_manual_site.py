"""The manual as a site, as `make docs` builds it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Mapping

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(
    machine_environment: Mapping[str, str],
) -> None:
    subprocess.run(["make", "docs"], cwd=str(REPOSITORY), env=dict(machine_environment), check=True)
    site = REPOSITORY / "build" / "docs"
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert re.findall(r'(?:src|<link[^>]* href)="(?:https?:)?//[^"]+', text) == [], page.name
    assert (site / "searchindex.js").exists()
    api = (site / "api.html").read_text(encoding="utf-8")
    assert 'id="acmewrap.AcmeSh.issue"' in api
    assert 'href="errors.html#trust-weak-path"' in (site / "security.html").read_text(encoding="utf-8")
