"""What is known of a kind of failure before it happens."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ExitCode, Retry


@dataclass(frozen=True)
class Entry:
    """One kind of failure. ``exit_code`` is what a command ends with that this failure alone ends.

    ``fixable``: acmewrap can put it right without anything being lost. ``alarming``: somebody may have tampered with
    something, which is worth a warning even when the run went on without it.
    """

    exit_code: ExitCode
    cause: str
    remedy: str
    retry: Retry = Retry.AFTER_FIX
    fixable: bool = False
    alarming: bool = False
