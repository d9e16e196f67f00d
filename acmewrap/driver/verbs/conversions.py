"""What else acme.sh makes of what it holds: files in other formats, and authorizations given up.

Its exit codes say nothing here (0 when openssl failed, 0 when the authority refused), so the files and the authority's words do.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Optional, Tuple

from ...errors import Failure
from ...failures import failure
from ...pki import x509
from ...system import files, trust
from ...system.reading import read_bytes
from .. import command
from ..call import Caller
from ..command import Value
from ..concealment import EXPORT_PASSWORD
from ..homes.home import Stored, is_ecc
from ..homes.staging import stage
from ..nonce_retry import retry_refused_nonce
from ..process import Command
from ..results import AuthorizationResult, ExportResult

_DEACTIVATED = re.compile(r"(?:Successfully deactivated (\S+)\.|Deactivate: (\S+) success\.)$")
_NONE_VALID = re.compile(r"No valid entries found\.$")


def export(caller: Caller, domain: str, key: str, path: Path, password: Optional[Value] = None) -> ExportResult:
    """``--to-pkcs12`` with a *password*, ``--to-pkcs8`` without, in a workspace; only what was read again comes to *path* (0600).

    openssl takes the password from its environment (openssl-passphrase-options(1)), and nothing keeps it.
    """
    verb, suffix = ("to_pkcs8", "pkcs8") if password is None else ("to_pkcs12", "pfx")
    stored = caller.home.read(domain, is_ecc(key))
    if stored is None or stored.leaf is None:
        missing = failure("certificate.not_issued", f"{domain} was never issued here", name=domain)
        return ExportResult("failed", domain, path, failure=missing)
    trust.refuse_planted(path)
    variables = {} if password is None else {EXPORT_PASSWORD: password}
    with stage(caller.home, [(domain, is_ecc(key))]) as staging:
        done = caller.run(verb, command.of_certificate(verb, domain, key), staging, variables=variables)
        made = staging.files_of(domain, is_ecc(key)).folder / f"{domain}.{suffix}"
        data = read_bytes(made) if made.exists() else b""
        fault = None if done.returncode == 0 and data else caller.diagnose(done, domain)
        shown = data if password is None or fault else _unpack(caller, made, password, staging.temporary)
        if fault is None and not _holds(shown, stored, leaf=password is not None):
            message = f"{made.name} does not hold the key and the certificate"
            fault = failure("certificate.not_stored", message, name=domain, folder=made.parent)
    if fault is None:
        files.write_atomic(path, data)
    return ExportResult("failed" if fault else "exported", domain, path, stored.leaf.sha256, **done.said, failure=fault)


@retry_refused_nonce
def deactivate(caller: Caller, domain: str) -> AuthorizationResult:
    with stage(caller.home) as staging:
        done = caller.run("deactivate", command.deactivate(domain), staging, bound=True)
        protocol = staging.read_protocol()
    found = (_DEACTIVATED.search(line) for line in done.lines)
    challenges: Tuple[str, ...] = tuple(match[1] or match[2] for match in found if match)
    fault: Optional[Failure] = None
    outcome: Literal["deactivated", "unchanged", "failed"] = "deactivated"
    if not challenges and any(map(_NONE_VALID.search, done.lines)):
        outcome = "unchanged"
    elif not challenges or done.returncode != 0:
        outcome, fault = "failed", caller.diagnose(done, domain, protocol=protocol)
    return AuthorizationResult(outcome, domain, challenges, **done.said, failure=fault)


def _unpack(caller: Caller, path: Path, password: Value, folder: Path) -> bytes:
    argv = ("openssl", "pkcs12", "-in", str(path), "-nodes", "-passin", f"env:{EXPORT_PASSWORD}")
    environment = {"PATH": caller.path, EXPORT_PASSWORD: command.revealed(password)}
    # No secrets are given: a short password would be taken out of the middle of the base64 that is to be read.
    opened = caller.runner.run(Command("pkcs12", argv, environment, folder, command.DEFAULT_DEADLINE))
    return "\n".join(opened.lines).encode("utf-8", "replace")


def _holds(data: bytes, stored: Stored, *, leaf: bool) -> bool:
    assert stored.leaf is not None
    try:
        same = not leaf or x509.parse_pem(data)[0].sha256 == stored.leaf.sha256
        return same and x509.key_matches(data, stored.leaf)
    except ValueError:
        return False
