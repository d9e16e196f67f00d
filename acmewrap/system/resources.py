"""The only module that knows where ``templates/`` and ``vendor/`` are: in the installed package or its zip, or atop a checkout."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from pathlib import Path
from typing import Optional

from .reading import open_regular, read_bytes

SHIPPED = (
    "templates/builtins.sh",
    "templates/dns.yaml.j2",
    "templates/failure.service.j2",
    "templates/guard.sh",
    "templates/report.html.j2",
    "templates/service.j2",
    "templates/synology.yaml.j2",
    "templates/timer.j2",
    "templates/web-server.yaml.j2",
    "templates/wrapper.sh.j2",
    "vendor/allowed_signers",
    "vendor/polls",
    "vendor/releases.yaml",
)
"""All that comes with acmewrap besides the manifests, of which ``vendor/releases.yaml`` has the names."""

_ZIP_END = 22 + 0xFFFF  # of the end of central directory record, with the longest comment


@functools.lru_cache(maxsize=None)
def read_text(name: str) -> str:
    """The text of a file that comes with acmewrap, such as ``vendor/releases.yaml``. Raises OSError when there is none."""
    import pkgutil

    try:
        data = pkgutil.get_data("acmewrap", name)
    except OSError:
        data = None
    if data is None:
        data = read_bytes(Path(__file__).parent.parent.parent / name)
    return data.decode("utf-8")


def single_file() -> Optional[Path]:
    """The one file that all of acmewrap was started as, else None. Without :mod:`zipfile`, which takes too long to import."""
    started = Path(os.path.abspath(sys.argv[0]))
    return started if _is_zip(started) else None


@functools.lru_cache(maxsize=None)
def _is_zip(path: Path) -> bool:
    with contextlib.suppress(OSError), open_regular(path) as stream:
        stream.seek(-min(_ZIP_END, stream.seek(0, os.SEEK_END)), os.SEEK_END)
        return b"PK\5\6" in stream.read()
    return False
