"""The page about monitoring names every metric, with the text that the file has."""

from __future__ import annotations

import re
from pathlib import Path

from acmewrap.monitoring.exposition import CERTIFICATES, RUN

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")


def test_every_metric_is_on_the_page_as_it_describes_itself() -> None:
    rows = dict(re.findall(r"^\| `(acmewrap_\w+)` \|[^|]*\| (.*) \|$", PAGE, re.MULTILINE))
    described = {name: text for name, (_, text) in {**RUN, **CERTIFICATES}.items()}
    described["acmewrap_build_info"] = "1"
    described["acmewrap_errors_total"] = "Failures of runs, by id."
    assert rows == described
