"""The state of each certificate: on disk, at its targets, in the ledger. For people, monitoring and JSON alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Literal, Mapping, Optional, Tuple

from .. import paths, x509
from ..config.model import Certificate, Config, Target
from ..driver.home import CertificateFiles
from ..state.ledger import Entry
from ..state.machine import CertificateState, State
from .due import due_of

Condition = Literal["valid", "due", "expired", "broken", "missing"]
TargetCondition = Literal["deployed", "pending", "unverified", "unreachable"]


@dataclass(frozen=True)
class TargetStatus:
    """``deployed``: the leaf was seen there; ``unverified``: the hook said so and nobody can verify it; ``served`` is SHA-256."""

    name: str
    hook: str
    verify: Optional[str]
    state: TargetCondition
    expected: Optional[str] = None
    served: Optional[str] = None
    proven_at: Optional[int] = None
    attempts: int = 0
    next_try: int = 0
    error: Optional[Mapping[str, str]] = None


@dataclass(frozen=True)
class CertificateStatus:
    """One certificate; times are seconds since 1970 UTC. ``error`` is the last failure to obtain it, while it lasts."""

    name: str
    state: Condition
    files: CertificateFiles
    leaf: Optional[x509.X509] = None
    due_at: Optional[int] = None
    error: Optional[Mapping[str, str]] = None
    targets: Tuple[TargetStatus, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Valid, delivered everywhere, and no failure outstanding."""
        delivered = all(one.state in ("deployed", "unverified") for one in self.targets)
        return self.state in ("valid", "due") and self.error is None and delivered


def assess(config: Config, state: State, now: float) -> Dict[str, CertificateStatus]:
    """The status of every certificate that *state* holds."""
    return {name: _assess(config, config.certificates[name], found, now) for name, found in state.certificates.items()}


def last_run(config: Config) -> Optional[float]:
    """When a run was last at work, or the schedule last wrote to its log; None: never."""
    places = (paths.log_path(config), *(paths.lock_path(one.home) for one in config.authorities.values()))
    return max((path.stat().st_mtime for path in places if path.exists()), default=None)


def _assess(config: Config, certificate: Certificate, found: CertificateState, now: float) -> CertificateStatus:
    leaf = found.stored.leaf if found.stored is not None else None
    location = paths.home_of(config, certificate).files_of(*paths.name_of(certificate))
    due = due_of(config, certificate, found.stored, found.advice)
    state: Condition = "valid"
    if leaf is None:
        state = "missing"
    elif found.fault is not None:
        state = "broken"
    elif leaf.not_after <= now:
        state = "expired"
    elif due is not None and due <= now:
        state = "due"
    targets = tuple(_assess_target(one, found, leaf) for one in certificate.targets)
    return CertificateStatus(certificate.name, state, location, leaf, due, found.attempts.error, targets)


def _assess_target(target: Target, found: CertificateState, leaf: Optional[x509.X509]) -> TargetStatus:
    entry, observed = found.deliveries.get(target.name, Entry()), found.observations.get(target.name)
    state: TargetCondition = "pending"
    if observed is not None and observed.error is not None:
        state = "unreachable"
    elif leaf is not None:
        shown = observed.served if observed is not None else entry.seen
        if shown == leaf.sha256:
            state = "unverified" if target.verify is None else "deployed"
    return TargetStatus(
        name=target.name,
        hook=target.hook or "install",
        verify=None if target.verify is None else str(target.verify),
        state=state,
        expected=leaf.sha256 if leaf is not None else None,
        served=observed.served if observed is not None else None,
        proven_at=entry.seen_at if leaf is not None and entry.seen == leaf.sha256 else None,
        attempts=entry.attempts,
        next_try=entry.next_try,
        error=entry.error,
    )
