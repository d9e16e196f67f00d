"""The manual as a site, as `make docs` builds it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Mapping

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("sphinx") is None, reason="`.ci/prepare docs` installs what builds the site"
)
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(
    machine_environment: Mapping[str, str], tmp_path: Path
) -> None:
    recipe = re.search(
        r"^docs: .*\n(?:\t.*\n)*?\t\$\(BIN\)/python (.+)$", (REPOSITORY / "Makefile").read_text("utf-8"), re.M
    )
    assert recipe is not None
    words = recipe.group(1).replace("build/docs", str(tmp_path)).split()
    subprocess.run([sys.executable, *words], cwd=str(REPOSITORY), env=dict(machine_environment), check=True)
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert re.findall(r'(?:src|<link[^>]* href)="(?:https?:)?//[^"]+', text) == [], page.name
    assert '"renew"' in (tmp_path / "searchindex.js").read_text(encoding="utf-8")
    assert 'id="acmewrap.AcmeSh.issue"' in (tmp_path / "api.html").read_text(encoding="utf-8")
    assert 'href="errors.html#trust-weak-path"' in (tmp_path / "security.html").read_text(encoding="utf-8")
