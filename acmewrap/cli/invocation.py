"""What every command is given: the options, the environment of the process, and the one who prints."""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Optional, Sequence, Tuple

from .. import config as configuration
from ..catalogue import failure
from ..config import Authority, Config
from ..errors import AcmewrapError, ExitCode
from .output import Printer

if TYPE_CHECKING:
    from ..engine.results import Run
    from ..state.machine import State


class UsageError(AcmewrapError):
    """An answer is missing or cannot be."""


@dataclass(frozen=True)
class Invocation:
    """One start of the command line; in a process of its own it may give up root's rights for good."""

    options: argparse.Namespace
    environ: Dict[str, str]
    printer: Printer
    own_process: bool = True

    def load(self) -> Config:
        """The configuration that was named, or the one at the usual places; from here on, root works as the owner of its folder."""
        explicit = Path(self.options.config) if self.options.config else None
        file = configuration.find(explicit, self.environ)
        if os.geteuid() != 0:
            return configuration.load(file, self.environ)
        from . import identity

        return identity.load(file, self.environ, for_good=self.own_process)

    def select(self, config: Config) -> Tuple[str, ...]:
        """The certificates that were named; none: all. Raises :class:`AcmewrapError` (``certificate.unknown``)."""
        names = (*getattr(self.options, "names", ()), *(self.options.only or ()))
        for name in names:
            if name not in config.certificates:
                known = ", ".join(config.certificates)
                raise AcmewrapError(failure("certificate.unknown", f"no certificate is called {name!r}", known=known))
        return names

    def authority(self, config: Config) -> Authority:
        """The authority that was named, else the first. Raises :class:`AcmewrapError` (``authority.unknown``)."""
        name = self.options.authority or next(iter(config.authorities))
        if name not in config.authorities:
            known = ", ".join(config.authorities)
            raise AcmewrapError(failure("authority.unknown", f"no authority is called {name!r}", known=known))
        return config.authorities[name]

    def confirm(self, consequences: Sequence[str]) -> bool:
        """Whether somebody agrees to what cannot be undone: with ``--yes``, else at the terminal, where no is the default.

        Raises :class:`UsageError` (``cli.not_confirmed``) when there is neither.
        """
        if self.options.yes:
            return True
        if not self.printer.can_ask():
            raise UsageError(failure("cli.not_confirmed", f"not a terminal, and no --yes: {' '.join(consequences)}"))
        self.printer.lines(consequences, always=True)
        agreed = self.agrees("Go ahead?")
        if not agreed:
            self.printer.lines(["Nothing was changed."], always=True)
        return agreed

    def tell_actions(self, actions: Iterable[str]) -> ExitCode:
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

    def describe(self, config: Config, state: State, done: Optional[Run] = None) -> Any:
        """The certificates for a JSON document, with what the run *done* did to them."""
        from ..report.status import assess

        return assess(config, state, time.time(), done)


Command = Callable[[Invocation], ExitCode]
