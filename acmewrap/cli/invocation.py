"""What every command is given: the options, the environment of the process, and the one who prints."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Callable, Dict, Iterable, Sequence, Tuple

from .. import config as configuration
from ..config import Config
from ..errors import AcmewrapError, ExitCode
from ..failures import failure
from ..frozen import frozen
from ..job import Job
from .output import Printer


class UsageError(AcmewrapError):
    """An answer is missing or cannot be."""


def checked(flag: str, value: str, parse: Callable[[str], object]) -> str:
    """*value*, given with *flag*, if *parse* takes it. Raises :class:`UsageError` (``cli.usage``)."""
    try:
        parse(value)
    except ValueError as error:
        raise UsageError(failure("cli.usage", f"{flag}: {error}")) from None
    return value


@frozen
class Invocation:
    """One start of the command line; in a process of its own it may give up root's rights for good."""

    options: argparse.Namespace
    environ: Dict[str, str]
    printer: Printer
    own_process: bool = True

    def job(self) -> Job:
        """The configuration that was named, or the one at the usual places; from here on, root works as the owner of its folder."""
        return Job(self._load(), self.environ, self.options.timeout)

    def _load(self) -> Config:
        explicit = Path(self.options.config) if self.options.config else None
        file = configuration.find(explicit, self.environ)
        if os.geteuid() != 0:
            return configuration.load(file, self.environ)
        from . import identity

        return identity.load(file, self.environ, for_good=self.own_process)

    def names(self) -> Tuple[str, ...]:
        """The certificates that were named; none: all."""
        return (*getattr(self.options, "names", ()), *(self.options.only or ()))

    def confirm(self, consequences: Sequence[str]) -> bool:
        """Whether somebody agrees: with ``--yes``, else at the terminal. Raises :class:`UsageError` (``cli.not_confirmed``)."""
        if self.options.yes:
            return True
        if not self.printer.can_ask():
            raise UsageError(failure("cli.not_confirmed", f"not a terminal, and no --yes: {' '.join(consequences)}"))
        self.printer.lines(consequences, always=True)
        agreed = self.agrees("Go ahead?")
        if not agreed:
            self.printer.lines(["Nothing was changed."], always=True)
        return agreed

    def report_actions(self, actions: Iterable[str]) -> ExitCode:
        """Say what the command would do, were it not for ``--dry-run``."""
        would = list(actions)
        self.printer.lines([*(f"Would {action}." for action in would), "Nothing was changed."], always=True)
        self.printer.document(ExitCode.OK, changed=bool(would), actions=would)
        return ExitCode.OK

    def agrees(self, question: str) -> bool:
        """The answer at the terminal; no by default, and when nobody types any more."""
        try:
            return self.printer.ask(f"{question} [y/N] ").lower() in ("y", "yes")
        except EOFError:
            return False
