"""What keeps others from hearing of a run. It is a warning: no run fails of it."""

from __future__ import annotations

from typing import Mapping

from ..errors import Retry
from .entry import Entry

ENTRIES: Mapping[str, Entry] = {
    "monitoring.none": Entry(
        "The file has no section `monitoring`.",
        "Add a section `monitoring` with `metrics`, `healthchecks`, `ntfy` or `webhook`.",
    ),
    "monitoring.metrics_file": Entry(
        "The file with the metrics could not be written, or another configuration, or another program, has written it.",
        "Let the user that runs acmewrap write to the folder of {path}, and give each configuration a file of its own.",
    ),
    "monitoring.unreachable": Entry(
        "A service of the section `monitoring` did not answer in the seconds that a run has for that.",
        "See whether it is up, and whether its server is trusted (`ca_bundle`): acmewrap monitoring test",
        retry=Retry.LATER,
    ),
    "monitoring.refused": Entry(
        "A service of the section `monitoring` answered, and did not take what it was sent.",
        "Compare address, topic and token with what the service shows, then: acmewrap monitoring test",
    ),
}
