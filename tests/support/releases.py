"""The releases of acme.sh that tests can have: the default from its pinned source, others from ``$ACMEWRAP_TEST_RELEASES``.

That variable names a folder with one unpacked acme.sh per version (``FOLDER/3.1.3/acme.sh``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, NamedTuple

from acmewrap.config.model import DEFAULT_RELEASE
from acmewrap.driver.release.pin import releases

VARIABLE = "ACMEWRAP_TEST_RELEASES"


class AcmeShRelease(NamedTuple):
    version: str
    path: Path  # a folder with acme.sh, deploy/, dnsapi/, notify/: a copy that tests may change


def unpacked() -> Dict[str, Path]:
    """Where each pinned release other than the default lies unpacked, as far as it does."""
    folder = os.environ.get(VARIABLE)
    places = {version: Path(folder) / version for version in releases()} if folder else {}
    return {
        version: place
        for version, place in places.items()
        if version != DEFAULT_RELEASE and (place / "acme.sh").is_file()
    }


def left_out() -> List[str]:
    return sorted({*releases()} - {*unpacked(), DEFAULT_RELEASE})
