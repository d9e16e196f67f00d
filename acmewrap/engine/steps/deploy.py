"""Bringing a certificate to a target, and believing only what the target then shows."""

from __future__ import annotations

import contextlib
from typing import Callable, Optional, Tuple

from ... import paths
from ...config.model import Config, Target
from ...driver.process import OnLine
from ...driver.results import DeployResult
from ...errors import DeployError, Failure, UnprovenError, UnreachableError
from ...failures import KEPT_LINES, failure
from ...pki.x509 import X509
from ...plan.steps import DeployCertificate
from ...secrets import resolve_all
from ...synology import certificates, sessions, upload
from ...verify import local_files, tls_probe
from ..context import RunContext
from ..results import Delivery

_CREATE = "SYNO_CREATE"
_RESTART = 90.0  # seconds that DSM's web server may take to come back after an import


def deliver(
    step: DeployCertificate, stored: X509, *, config: Config, context: RunContext, on_line: Optional[OnLine] = None
) -> Delivery:
    """Deploy the leaf *stored*, which lies on disk, and look. What serves it already is deployed again only with ``force``, but
    DSM's services are looked after all the same.

    Raises :class:`UnprovenError` when the target does not show it or others can read its key, another :class:`DeployError` when
    the hook failed, :class:`AccessError` when a secret cannot be read.
    """
    certificate, target, leaf = step.request, step.destination, stored.sha256
    known = local_files.can_look(target) and not step.force
    observed = local_files.look(target, stored) if known else tls_probe.Observation()
    if observed.served == leaf and target.synology is None:
        return Delivery(None, observed)
    acme = context.open_acme(config, step.authority, certificate.name)
    variables, where = resolve_all(target.env, context.environ), str(target.verify or target.name)
    account = variables.get("SYNO_USERNAME", "")

    def run_hook(
        ca_bundle: Optional[str] = None, pinned: Optional[X509] = None, *, create: bool = True
    ) -> DeployResult:
        done = acme.deploy(
            certificate.domains[0],
            target.hook,
            key=certificate.key,
            variables={name: value for name, value in variables.items() if create or name != _CREATE},
            ca_bundle=ca_bundle,
            pinned=pinned,
            on_line=on_line,
            context={"target": where, "account": account if isinstance(account, str) else ""},
        )
        if done.failure is not None:
            raise DeployError(done.failure)
        return done

    result: Optional[DeployResult]
    if target.synology is None:
        result, assigned = run_hook(), False
    else:
        result, assigned = _bring_to_dsm(step, stored, config, context, run_hook, seen=observed.served == leaf)
    if target.verify is None:
        return Delivery(result, tls_probe.Observation(), assigned)
    observed = tls_probe.wait_for(target.verify, stored, looks=tls_probe.LOOKS, sleep=context.sleep)
    if observed.served != leaf:
        raise UnprovenError(not_proven(target, leaf, observed, result))
    return Delivery(result, observed, assigned)


def _bring_to_dsm(
    step: DeployCertificate,
    stored: X509,
    config: Config,
    context: RunContext,
    run_hook: Callable[..., DeployResult],
    *,
    seen: bool,
) -> Tuple[Optional[DeployResult], bool]:
    """Import the leaf *stored*, where it was not *seen*, and put it to use: what the hook said, and whether anything changed."""
    files, expires = paths.files_of(config, step.request), stored.validity[1]
    assert step.destination.synology is not None
    wanted = sessions.entries(config)[step.destination.synology.description]
    by_list = step.destination.verify is None
    with sessions.open_account(config, context.environ) as client:
        found = certificates.find(certificates.read(client), wanted.description)
        if by_list and not step.force:
            seen = found is not None and found.not_after == expires
        needed = found is None or not seen
        by_hook = needed and upload.has_chain(files) and (found is None or upload.hook_can_find(wanted.description))
        if needed and not by_hook:
            with contextlib.suppress(UnreachableError):  # the list and the server show whether it was done
                upload.import_certificate(client, files, wanted.description, found)
    result: Optional[DeployResult] = None
    if by_hook:
        # SYNO_CREATE stays out once the entry exists: a list call that is cut off would make the hook create another.
        result = run_hook(sessions.trusted_bundle(config), client.pinned, create=found is None)
    with sessions.open_account(config, context.environ, retry_for=_RESTART) as client:
        assigned = certificates.put_to_use(client, wanted) or needed
        listed = certificates.find(certificates.read(client), wanted.description)
    if by_list and (listed is None or listed.not_after not in (None, expires)):
        name = wanted.description
        message = f"DSM does not list the new certificate {stored.sha256[:16]}… as {name!r}: it lists another end"
        raise UnprovenError(failure("dsm.not_imported", message, description=name))
    return result, assigned


def not_proven(target: Target, leaf: str, observed: tls_probe.Observation, result: Optional[DeployResult]) -> Failure:
    """Why it could not be seen that *target* serves *leaf* (SHA-256)."""
    seen = observed.error if observed.served is None else f"it serves {observed.served[:16]}…"
    message = f"{target.verify or target.name} does not serve the new certificate {leaf[:16]}…: {seen}"
    lines = () if result is None else result.lines[-KEPT_LINES:]
    return failure("deploy.not_proven", message, lines, target=str(target.verify), hook=target.hook)
