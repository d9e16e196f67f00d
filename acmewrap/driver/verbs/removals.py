"""A certificate given up: at its authority, or in the home."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Optional

from ...failures.catalogue import CATALOGUE
from .. import command
from ..call import Caller
from ..homes.home import Home, is_ecc
from ..homes.recovery import drop_key
from ..homes.staging import stage
from ..nonce_retry import retry_refused_nonce
from ..results import RevokeResult


@retry_refused_nonce
def revoke(caller: Caller, domain: str, key: str, reason: int, kept: Optional[Path]) -> RevokeResult:
    """``--revoke``. The next order makes another key, which acme.sh would not.

    An authority that revoked it before (RFC 8555 section 7.6), perhaps by a request whose answer was lost, leaves nothing to do.
    """
    with stage(caller.home, [(domain, is_ecc(key))], source=Home(kept or caller.home.path)) as staging:
        done = caller.run("revoke", command.revoke(domain, key, reason), staging, bound=True)
        fault = caller.find_fault(done, domain, protocol=staging.read_protocol())
        if fault is not None and CATALOGUE[fault.id].revoked:
            fault = None
        if fault is None and kept is None:
            copy = staging.files_of(domain, is_ecc(key))
            with contextlib.suppress(FileNotFoundError):
                copy.certificate.unlink()
            drop_key(copy)
            staging.keep(caller.home, domain, is_ecc(key))
    return RevokeResult("failed" if fault else "done", domain, **done.said, failure=fault)


def remove(caller: Caller, domain: str, key: str) -> RevokeResult:
    with stage(caller.home, [(domain, is_ecc(key))]) as staging:
        done = caller.run("remove", command.of_certificate("remove", domain, key), staging)
    if done.returncode == 0:
        caller.home.remove(domain, is_ecc(key))
    fault = caller.find_fault(done, domain)
    return RevokeResult("failed" if fault else "done", domain, **done.said, failure=fault)
