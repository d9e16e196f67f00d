"""What acmewrap itself writes beside the homes: the wrapper scripts, and what the authorities are trusted through."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, Tuple

from .. import paths
from ..config.model import Authority, Config
from ..driver import wrapper_script
from ..driver.wrapper_script import Wrapper
from ..errors import AcmewrapError
from ..reasons import Drift
from ..system.reading import read_text
from ..unexpected import Guard


def compare_wrappers(config: Config, guard: Guard) -> Iterator[Tuple[Wrapper, Drift]]:
    for one in paths.wrappers(config):
        yield one, guard.read(str(one.path), partial(_compare_wrapper, one), "differs")


def _compare_wrapper(wanted: Wrapper) -> Drift:
    try:
        text = wrapper_script.read_own(wanted.path)
    except AcmewrapError:
        return "foreign"
    if text is None:
        return "missing"
    return "same" if text == wanted.render() and os.access(wanted.path, os.X_OK) else "differs"


def read_bundles(config: Config, guard: Guard) -> Dict[Path, Tuple[Authority, Drift]]:
    """Each file once, though several authorities may be trusted through it."""
    found = {one.ca_bundle: one for one in config.authorities.values() if one.ca_bundle is not None}
    return {
        path: (one, guard.read(str(path), partial(_compare_bundle, one, path), "differs"))
        for path, one in found.items()
    }


def _compare_bundle(authority: Authority, path: Path) -> Drift:
    try:
        text = read_text(path, "replace")
    except FileNotFoundError:
        return "missing"
    return "same" if authority.pem is None or text == authority.pem else "differs"
