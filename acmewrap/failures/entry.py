"""What is known of a kind of failure before it happens."""

from __future__ import annotations

from functools import partial
from typing import Mapping

from ..errors import ExitCode, Retry
from ..frozen import field, frozen


@frozen
class Entry:
    """One kind of failure. ``exit_code`` is what a command ends with that this failure alone ends.

    ``fixable``: acmewrap can put it right without anything being lost. ``alarming``: somebody may have tampered with
    something, which is worth a warning even when the run went on without it. ``interruption``: it did not fail, it was ended.
    ``account_lost``: the account may have to be registered once more. ``revoked``: what was to be revoked is. ``instead``: ids for
    other challenges than a webroot's (dns, standalone), a requested ``lifetime`` or a binding by ``eab``; ``seen_from_here``: those
    when a look at the name from this machine finds the web server ``silent``, or ``other`` content.
    """

    cause: str
    remedy: str
    exit_code: ExitCode = ExitCode.UNEXPECTED
    retry: Retry = Retry.AFTER_FIX
    fixable: bool = False
    alarming: bool = False
    interruption: bool = False
    account_lost: bool = False
    revoked: bool = False
    instead: Mapping[str, str] = field(default_factory=dict)
    seen_from_here: Mapping[str, str] = field(default_factory=dict)


# An entry that ends a command with another exit code than 1.
misused = partial(Entry, exit_code=ExitCode.USAGE)
issue_failed = partial(Entry, exit_code=ExitCode.ISSUE_FAILED)
report_lost = partial(Entry, exit_code=ExitCode.REPORT_LOST)
deploy_failed = partial(Entry, exit_code=ExitCode.DEPLOY_FAILED)
drift = partial(Entry, exit_code=ExitCode.DRIFT)
unreachable = partial(Entry, exit_code=ExitCode.UNREACHABLE)
passing = partial(unreachable, retry=Retry.LATER)  # by itself
busy = partial(Entry, exit_code=ExitCode.BUSY)
denied = partial(Entry, exit_code=ExitCode.PERMISSION)
misconfigured = partial(Entry, exit_code=ExitCode.CONFIGURATION)
