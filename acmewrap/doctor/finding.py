"""What is examined, and what an examination finds."""

from __future__ import annotations

import time
from typing import Callable, Iterable, Iterator, Mapping, Optional, Sequence, Tuple, Union

from ..config.model import Certificate, Config, Target
from ..errors import AcmewrapError, ExitCode, Failure
from ..failures import failure
from ..frozen import frozen
from ..plan.steps import MachineStep


@frozen
class Finding:
    """One thing that is wrong. ``fix`` is what is safe to do about it; None: a person has to."""

    failure: Failure
    fix: Optional[MachineStep] = None

    @classmethod
    def of(
        cls, id: str, message: str, fix: Optional[MachineStep] = None, lines: Sequence[str] = (), **values: object
    ) -> Finding:
        """What the catalogue knows as *id*."""
        return cls(failure(id, message, lines, **values), fix)

    @property
    def exit_code(self) -> ExitCode:
        return self.failure.exit_code


@frozen
class Fact:
    """What a check saw that is worth knowing and not wrong."""

    name: str
    value: str


@frozen
class DoctorContext:
    """The machine and its configuration. ``names`` are the certificates of interest (none: all); web servers are looked for
    at ``http_port``, and at ``address`` instead of where the DNS says. Without ``writes`` nothing is laid into a webroot.
    """

    config: Config
    environ: Mapping[str, str]
    names: Tuple[str, ...] = ()
    http_port: int = 80
    address: Optional[str] = None
    clock: Callable[[], float] = time.time
    writes: bool = True

    def certificates(self) -> Iterator[Certificate]:
        known = self.config.certificates
        return (known[name] for name in known if not self.names or name in self.names)

    def targets(self) -> Iterator[Tuple[Certificate, Target]]:
        return ((certificate, target) for certificate in self.certificates() for target in certificate.targets)


class NotLooked(Exception):  # noqa: N818 - no error, and it never leaves this package
    """Raised by a check that something found elsewhere keeps from looking; its text says what."""


@frozen
class Check:
    """One thing to look at, by the name that people know it by; ``look`` may raise :class:`AcmewrapError`, a finding too."""

    name: str
    look: Callable[[], Iterable[Union[Finding, Fact]]]


@frozen
class Checked:
    """Given to a listener after a check; ``reason``: why it did not look; ``facts``: what it saw besides."""

    name: str
    findings: Tuple[Finding, ...]
    reason: Optional[str] = None
    facts: Tuple[Fact, ...] = ()


@frozen
class Fixed:
    """Given to a listener after everything that is safe was done about *findings*, and before all is checked again."""

    findings: Tuple[Finding, ...]
    errors: Tuple[AcmewrapError, ...]


DoctorNotice = Union[Checked, Fixed]
