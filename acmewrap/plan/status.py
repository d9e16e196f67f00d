"""How each certificate stands: on disk, at its targets, in the ledger. For people, monitoring and JSON alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Literal, Mapping, Optional, Tuple

from .. import paths, x509
from ..config.model import Certificate, Config, Target
from ..driver.home import CertificateFiles
from ..state.ledger import Entry
from ..state.machine import CertificateState, State
from .due import due_of

Drift = Literal["valid", "due", "expired", "broken", "missing"]
TargetStanding = Literal["deployed", "pending", "unverified", "unreachable"]


@dataclass(frozen=True)
class TargetStatus:
    """``deployed``: the leaf was seen there; ``unverified``: the hook said so and nobody can look; ``served`` is SHA-256."""

    name: str
    hook: str
    verify: Optional[str]
    standing: TargetStanding
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
    standing: Drift
    files: CertificateFiles
    leaf: Optional[x509.X509] = None
    due_at: Optional[int] = None
    error: Optional[Mapping[str, str]] = None
    targets: Tuple[TargetStatus, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Valid, delivered everywhere, and no failure outstanding."""
        delivered = all(one.standing in ("deployed", "unverified") for one in self.targets)
        return self.standing in ("valid", "due") and self.error is None and delivered


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
    standing: Drift = "valid"
    if leaf is None:
        standing = "missing"
    elif found.fault is not None:
        standing = "broken"
    elif leaf.not_after <= now:
        standing = "expired"
    elif due is not None and due <= now:
        standing = "due"
    targets = tuple(_assess_target(one, found, leaf) for one in certificate.targets)
    return CertificateStatus(certificate.name, standing, location, leaf, due, found.attempts.error, targets)


def _assess_target(target: Target, found: CertificateState, leaf: Optional[x509.X509]) -> TargetStatus:
    entry, sight = found.deliveries.get(target.name, Entry()), found.sights.get(target.name)
    standing: TargetStanding = "pending"
    if sight is not None and sight.error is not None:
        standing = "unreachable"
    elif leaf is not None:
        shown = sight.served if sight is not None else entry.seen
        if shown == leaf.sha256:
            standing = "unverified" if target.verify is None else "deployed"
    return TargetStatus(
        name=target.name,
        hook=target.hook or "install",
        verify=None if target.verify is None else str(target.verify),
        standing=standing,
        expected=leaf.sha256 if leaf is not None else None,
        served=sight.served if sight is not None else None,
        proven_at=entry.seen_at if leaf is not None and entry.seen == leaf.sha256 else None,
        attempts=entry.attempts,
        next_try=entry.next_try,
        error=entry.error,
    )
