"""The page about monitoring names every metric, with the text that the file has."""

from __future__ import annotations

import json
import re
from pathlib import Path

from acmewrap.monitoring.exposition import CERTIFICATES, RUN

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "monitoring.md").read_text(encoding="utf-8")
PROMETHEUS = REPOSITORY / "examples" / "prometheus"


def test_every_metric_is_on_the_page_as_it_describes_itself() -> None:
    rows = dict(re.findall(r"^\| `(acmewrap_\w+)` \|[^|]*\| (.*) \|$", PAGE, re.MULTILINE))
    described = {name: text for name, (_, text) in {**RUN, **CERTIFICATES}.items()}
    described["acmewrap_build_info"] = "1"
    described["acmewrap_errors_total"] = "Failures of runs, by id."
    assert rows == described


def test_alerts_and_dashboard_ask_for_metrics_that_there_are() -> None:
    for path in (
        PROMETHEUS / "acmewrap.rules.yaml",
        PROMETHEUS / "acmewrap.rules.test.yaml",
        PROMETHEUS / "dashboard.json",
    ):
        asked = set(re.findall(r"\bacmewrap_\w+", path.read_text(encoding="utf-8")))
        assert asked
        assert asked - {*RUN, *CERTIFICATES} == set()
    json.loads((PROMETHEUS / "dashboard.json").read_text(encoding="utf-8"))
