"""The stored certificate as one thing, and the end of its validity before its time."""

from __future__ import annotations

from datetime import datetime
from typing import Mapping, Optional

from ... import paths
from ...config.model import Config
from ...driver.homes import compromised
from ...driver.results import RevokeResult
from ...errors import IssueError
from ...failures import failure
from ...formats.timefmt import instant
from ...pki.x509 import X509
from ...state.ledger import Ledger
from ...state.machine import read_state
from ...state.model import CERTIFICATE_PARTS
from .. import history
from ..context import RunContext
from ..engine import Engine
from ..history import PastRun, PastStep

REASONS: Mapping[int, str] = {
    0: "unspecified",
    1: "key_compromise",
    3: "affiliation_changed",
    4: "superseded",
    5: "cessation_of_operation",
}


def leaf_of(config: Config, name: str, sha256: Optional[str] = None) -> X509:
    """See :meth:`acmewrap.job.Job.leaf`. With *sha256* it must be that one, or :class:`IssueError` (``certificate.replaced``)."""
    stored = paths.read(config, *config.select(name))
    if stored is None or stored.leaf is None:
        raise IssueError(failure("certificate.not_issued", f"{name} has not been issued yet", name=name))
    if sha256 not in (None, stored.leaf.sha256):
        raise IssueError(failure("certificate.replaced", f"{name} is another one by now; none was revoked"))
    return stored.leaf


def revoke(config: Config, name: str, context: RunContext, reason: int, sha256: Optional[str]) -> RevokeResult:
    """See :meth:`acmewrap.job.Job.revoke`."""
    (certificate,) = config.select(name)
    authority, started = config.authority_of(certificate), context.clock()
    with Engine(config, context).hold(authority.name) as barred:
        leaf = leaf_of(config, name, sha256).sha256
        acme = context.open_acme(config, authority, certificate.name)
        result = acme.revoke(certificate.domains[0], key=certificate.key, reason=reason)
        if result.ok:
            Ledger.load(paths.ledger_path(authority)).revoke(leaf)
        history.add(config, _past(certificate.name, result, reason, instant(started), instant(context.clock())), barred)
        return result


def _past(name: str, result: RevokeResult, reason: int, started: datetime, finished: datetime) -> PastRun:
    error = None if result.failure is None else history.cut(result.failure)
    why = REASONS.get(reason, str(reason))
    step = PastStep("revoke", why, result.outcome, result.ok, result.seconds, name, error=error)
    code = 0 if result.failure is None else int(result.failure.exit_code)
    return PastRun("revoke", code, result.ok, started, finished, 1, int(not result.ok), (step,))


def mark_compromised(
    config: Config, name: str, environ: Mapping[str, str], sha256: Optional[str], *, force: bool
) -> None:
    """Note that others know its key. While its replacement, another key, is not proven yet, only with *force*."""
    (certificate,) = config.select(name)
    with Engine(config, RunContext(environ)).hold(certificate.authority):
        state = read_state(config, CERTIFICATE_PARTS, (certificate.name,))
        found = state.certificates[certificate.name]
        if force or found.compromised or not state.revocations:
            leaf_of(config, name, sha256)
            assert found.stored is not None
            compromised.mark(paths.home_of(config, certificate), certificate.name, found.stored)
