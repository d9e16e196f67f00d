"""The only module that knows where ``templates/`` and ``vendor/`` are: in the installed package or its zip, or atop a checkout;
and which file that zip is.
"""

from __future__ import annotations

import functools
import os
import pkgutil
import sys
import zipfile
from pathlib import Path
from typing import Optional


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


def one_file() -> Optional[Path]:
    """The one-file build that runs, as it was named (absolute); None when acmewrap runs from a folder."""
    return Path(os.path.abspath(sys.argv[0])) if zipfile.is_zipfile(sys.argv[0]) else None
