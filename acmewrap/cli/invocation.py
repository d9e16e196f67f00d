"""What every command is given: the options, the environment of the process, and the one who prints."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Tuple

from .. import config as configuration
from ..catalogue import failure
from ..config import Authority, Config
from ..errors import AcmewrapError, ExitCode
from .output import Printer

if TYPE_CHECKING:
    from ..engine.results import Run
    from ..state.machine import State


@dataclass(frozen=True)
class Invocation:
    """One start of the command line."""

    options: argparse.Namespace
    environ: Mapping[str, str]
    printer: Printer

    def load(self) -> Config:
        """The configuration that was named, or the one at the usual places."""
        explicit = Path(self.options.config) if self.options.config else None
        return configuration.load(configuration.find(explicit, self.environ), self.environ)

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

    def describe(self, config: Config, state: State, done: Optional[Run] = None) -> Any:
        """The certificates for a JSON document, with what the run *done* did to them."""
        from ..report.status import assess

        return assess(config, state, time.time(), done)


Command = Callable[[Invocation], ExitCode]
