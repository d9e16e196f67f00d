"""The shortest of all runs: an unattended one right after which nothing was due, and nothing has changed since.

Imported before anything of size is, so it stands on its own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Mapping

from ..engine.noop_cache import is_quiet, remember

if TYPE_CHECKING:
    import argparse

__all__ = ["NOTHING", "applies", "may_apply", "remember"]

NOTHING = "Nothing to do."

_HARMLESS = ("command", "config", "verbose", "quiet", "no_color", "timeout")


def may_apply(options: argparse.Namespace) -> bool:
    """Whether it is an unattended run of everything: no option asks for more, or for less."""
    return options.command == "cron" and not any(
        value for name, value in vars(options).items() if name not in _HARMLESS
    )


def applies(options: argparse.Namespace, environ: Mapping[str, str]) -> bool:
    """Whether this run may end before it has read anything."""
    return may_apply(options) and is_quiet(options.config, environ, time.time())
