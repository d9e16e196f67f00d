"""The authorities that a run orders from: a quick look at each directory, and the account there."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Sequence, Tuple

from ... import paths, unexpected
from ...config.model import PROFILE, Config
from ...driver.homes.home import Stored
from ...errors import AcmewrapError, IssueError
from ...failures import failure
from ...formats.timefmt import clock_off
from ...plan.steps import ObtainCertificate
from ..context import RunContext

_DAY = 24 * 60 * 60

Opened = Tuple[Mapping[str, AcmewrapError], Mapping[str, Optional[str]]]


def open_for(orders: Sequence[ObtainCertificate], config: Config, context: RunContext) -> Opened:
    """Ask each directory once, and make sure of an account there. Why certificates, by name, cannot be ordered; and where each
    authority that is ready tells when to renew (RFC 9773), None for nowhere.
    """
    blocked: Dict[str, AcmewrapError] = {}
    renewal_info: Dict[str, Optional[str]] = {}
    for name, authority in {step.authority.name: step.authority for step in orders}.items():
        certificates = [step.request for step in orders if step.authority.name == name]
        try:
            found = context.directory(authority)
            renewal_info[name] = found.renewal_info
            context.register(config, authority).raise_for_failure()
        except Exception as error:
            problem = unexpected.explain(error, paths.reports_folder(config), f"the authority {name}")
            blocked.update({certificate.name: problem for certificate in certificates})
            continue
        for certificate in certificates:
            try:
                found.refuse_profile(certificate.value_of(PROFILE))
                _refuse_clock(found.date, paths.read(config, certificate), context.clock())
            except IssueError as refused:
                blocked[certificate.name] = refused
    return blocked, renewal_info


def _refuse_clock(date: Optional[float], stored: Optional[Stored], now: float) -> None:
    """Raise :class:`IssueError` (``ca.clock_skew``) when another certificate like the one that is *stored*, issued at *date*, would
    have ended at *now* already, or not begun: ordered again and again, it would be thrown away each time.
    """
    ahead = now - (now if date is None else date)
    life = stored.leaf.lifetime.total_seconds() if stored is not None and stored.leaf is not None else float("inf")
    if not -_DAY < ahead < life:
        off = clock_off(ahead, "that of the authority")
        raise IssueError(failure("ca.clock_skew", f"{off}; nothing was ordered"))
