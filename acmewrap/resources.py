"""The only module that knows where ``templates/`` and ``vendor/`` are: in the installed package or its zip, or atop a checkout."""

from __future__ import annotations

import functools
import pkgutil
from pathlib import Path


@functools.lru_cache(maxsize=None)
def read_text(name: str) -> str:
    """The text of a file that comes with acmewrap, such as ``vendor/releases.yaml``. Raises OSError when there is none."""
    try:
        data = pkgutil.get_data(__package__, name)
    except OSError:
        data = None
    if data is None:
        data = (Path(__file__).parent.parent / name).read_bytes()
    return data.decode("utf-8")
