"""The end of certificates that others know the key of."""

from __future__ import annotations

from ... import paths
from ...config.model import Config
from ...driver.homes import compromised
from ...errors import DeployError, IssueError
from ...failures import failure
from ...formats.timefmt import instant
from ...plan.due import interval_of
from ...plan.steps import RevokeCertificate
from ...state.ledger import Ledger
from ...state.machine import read_state
from ...state.model import CERTIFICATE_PARTS
from ..context import RunContext

_KEY_COMPROMISE = 1  # RFC 5280, 5.3.1


def revoke(config: Config, step: RevokeCertificate, context: RunContext) -> None:
    """Revoke one. Raises :class:`IssueError`; ahead of that DeployError (``revoke.unproven``) while another is not in place."""
    one, ledger = step.revocation, Ledger.load(paths.ledger_path(step.revocation.authority))
    if one.name in config.certificates:
        found = read_state(config, CERTIFICATE_PARTS, (one.name,)).certificates[one.name]
        pending = found.unproven(config, config.certificates[one.name])
        if found.compromised or pending:
            lacking = "has not been issued" if found.compromised else f"is not proven at {', '.join(pending)}"
            message = f"serial {one.leaf.serial} of {one.name} was not revoked: another {lacking}"
            raise DeployError(failure("revoke.unproven", message, name=one.name))
    if one.leaf.not_after > instant(context.clock()):  # none is revoked that has ended
        acme, files = context.open_acme(config, one.authority, one.name), one.stored.files
        kind = "ec-256" if one.stored.ecc else "2048"
        result = acme.revoke(files.domain, key=kind, reason=_KEY_COMPROMISE, kept=files.folder.parent)
        if result.failure is not None:
            interval, end = interval_of(config.schedule), one.leaf.validity[1]
            ledger.put(one.entry, one.attempts.fail(result.failure, context.clock(), end=end, interval=interval))
            raise IssueError(result.failure)
    ledger.revoke(one.leaf.sha256)
    ledger.drop(one.entry)
    compromised.forget(one.stored)
