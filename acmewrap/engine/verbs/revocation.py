"""The stored certificate as one thing, and the end of its validity before its time."""

from __future__ import annotations

from typing import Optional

from ... import paths
from ...catalogue import failure
from ...config.model import Certificate, Config
from ...driver.results import RevokeResult
from ...errors import IssueError
from ...pki.x509 import X509
from ...state.ledger import Ledger
from ..context import RunContext
from ..engine import Engine


def leaf_of(config: Config, certificate: Certificate) -> X509:
    """See :meth:`acmewrap.job.Job.leaf`."""
    stored, name = paths.read(config, certificate), certificate.name
    if stored is None or stored.leaf is None:
        raise IssueError(failure("certificate.not_issued", f"{name} was not issued yet", name=name))
    return stored.leaf


def revoke(
    config: Config, certificate: Certificate, context: RunContext, reason: int, sha256: Optional[str]
) -> RevokeResult:
    """See :meth:`acmewrap.job.Job.revoke`."""
    authority = config.authority_of(certificate)
    with Engine(config, context).hold(authority.name):
        leaf = leaf_of(config, certificate).sha256
        if sha256 not in (None, leaf):
            message = f"{certificate.name} is another one by now; none was revoked"
            raise IssueError(failure("certificate.replaced", message))
        acme = context.open_acme(config, authority, certificate.name)
        result = acme.revoke(certificate.domains[0], key=certificate.key, reason=reason)
        if result.ok:
            Ledger.load(paths.ledger_path(authority)).revoke(leaf)
        return result
