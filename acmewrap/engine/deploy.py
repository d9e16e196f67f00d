"""Bringing a certificate to a target, and believing only what the target then shows."""

from __future__ import annotations

import contextlib
from typing import Dict, Mapping, Optional, Tuple, Union

from ..catalogue import failure
from ..config.model import Certificate, Config, Install, Target
from ..driver.acmesh import AcmeSh
from ..driver.command import InstalledFiles
from ..driver.home import is_ecc
from ..driver.process import OnLine
from ..driver.results import DeployResult
from ..errors import DeployError, Failure, UnprovenError, UnreachableError
from ..secrets import Secret, resolve
from ..synology import certificates, sessions, upload
from ..verify import local_files, tls_probe
from ..x509 import X509
from .context import RunContext

_CREATE = "SYNO_CREATE"
_RESTART = 90.0  # seconds that DSM's web server may take to come back after an import


def deliver(
    acme: AcmeSh,
    certificate: Certificate,
    target: Target,
    leaf: str,
    *,
    around: RunContext,
    config: Config,
    again: bool = False,
    on_line: Optional[OnLine] = None,
) -> Tuple[Optional[DeployResult], tls_probe.Observation]:
    """Deploy and look. Returns the hook's result and what was seen at last. None: the target served *leaf* already; then the
    hook runs only if asked to *again*, but DSM's services are looked after all the same.

    Raises :class:`DeployError` when the hook failed or the target does not show *leaf* (:class:`UnprovenError`),
    :class:`AccessError` when a secret cannot be read.
    """
    sight = tls_probe.Observation() if again or not local_files.can_look(target) else local_files.look(target, leaf)
    if sight.served == leaf and not target.synology:
        return None, sight
    result: Optional[DeployResult] = None
    variables: Dict[str, Union[str, Secret]] = {
        name: value if isinstance(value, str) else resolve(value, around.environ) for name, value in target.env.items()
    }
    if target.synology:
        wanted, trust = sessions.nas_of(config).certificate, sessions.trusted_bundle(config)
        # SYNO_CREATE stays out once the entry exists: a list call that is cut off would make the hook create another.
        files = acme.home.files_of(certificate.domains[0], is_ecc(certificate.key))
        with sessions.open_account(config, around.environ) as client:
            found = certificates.find(certificates.read(client), wanted.description)
            by_hook = upload.has_chain(files) and (found is None or upload.hook_can_find(wanted.description))
            if not by_hook and not (found and sight.served == leaf):
                with contextlib.suppress(UnreachableError):  # the list and the server show whether it was done
                    upload.import_certificate(client, files, wanted.description, found)
        if found is not None:
            variables.pop(_CREATE, None)
        if by_hook and not (found and sight.served == leaf):
            result = _run_hook(
                acme, certificate, target, variables, ca_bundle=trust, pinned=client.pinned, on_line=on_line
            )
        with sessions.open_account(config, around.environ, patience=_RESTART) as client:
            certificates.put_to_use(client, wanted)
    elif target.install is not None:
        result = _put_in_place(acme, certificate, target.install, on_line)
        sight = local_files.read(target.install)
        if sight.served != leaf:
            raise UnprovenError(_not_proven(target, leaf, sight, result))
    else:
        result = _run_hook(acme, certificate, target, variables, on_line=on_line)
    if target.verify is None:
        return result, tls_probe.Observation() if target.install is None else sight
    sight = tls_probe.wait_for(target.verify, leaf, sleep=around.sleep)
    if sight.served != leaf:
        raise UnprovenError(_not_proven(target, leaf, sight, result))
    return result, sight


def _run_hook(
    acme: AcmeSh,
    certificate: Certificate,
    target: Target,
    variables: Mapping[str, Union[str, Secret]],
    *,
    ca_bundle: Optional[str] = None,
    pinned: Optional[X509] = None,
    on_line: Optional[OnLine],
) -> DeployResult:
    account = variables.get("SYNO_USERNAME", "")
    result = acme.deploy(
        certificate.domains[0],
        target.hook,
        key=certificate.key,
        variables=variables,
        ca_bundle=ca_bundle,
        pinned=pinned,
        on_line=on_line,
        target=str(target.verify or target.name),
        user=account if isinstance(account, str) else "",
    )
    if result.failure is not None:
        raise DeployError(result.failure)
    return result


def _put_in_place(acme: AcmeSh, certificate: Certificate, install: Install, on_line: Optional[OnLine]) -> DeployResult:
    paths = InstalledFiles(
        cert_file=install.cert_file,
        key_file=install.key_file,
        ca_file=install.ca_file,
        fullchain_file=install.fullchain_file,
        reload_command=install.reload,
    )
    result = acme.install_cert(certificate.domains[0], paths, key=certificate.key, on_line=on_line)
    if result.failure is not None:
        raise DeployError(result.failure)
    return result


def _not_proven(target: Target, leaf: str, sight: tls_probe.Observation, result: Optional[DeployResult]) -> Failure:
    seen = f"it serves {sight.served[:16]}…" if sight.served is not None else f"nothing could be seen: {sight.error}"
    hook = "was not needed" if result is None else f"reported {result.outcome}"
    told = f"{target.verify} does not serve the new leaf {leaf[:16]}…: {seen} (the hook {hook})"
    lines = () if result is None else result.lines[-20:]
    return failure("deploy.not_proven", told, lines, target=str(target.verify), hook=target.hook)
