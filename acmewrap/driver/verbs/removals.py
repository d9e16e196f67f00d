"""A certificate given up: at its authority, or in the home."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from .. import command
from ..call import Caller, CallResult
from ..homes.home import Home, is_ecc
from ..homes.recovery import drop_key
from ..homes.staging import stage
from ..nonce_retry import retry_refused_nonce
from ..results import RevokeResult


@retry_refused_nonce
def revoke(caller: Caller, domain: str, key: str, reason: int, kept: Optional[Path]) -> RevokeResult:
    """``--revoke``. The next order makes another key, which acme.sh would not."""
    with stage(caller.home, [(domain, is_ecc(key))], source=Home(kept or caller.home.path)) as staging:
        done = caller.run("revoke", command.revoke(domain, key, reason), staging, bound=True)
        if done.returncode == 0 and kept is None:
            drop_key(staging.files_of(domain, is_ecc(key)))
            staging.keep(caller.home, domain, is_ecc(key))
        return _judge(caller, domain, done, staging.read_protocol())


def remove(caller: Caller, domain: str, key: str) -> RevokeResult:
    with stage(caller.home, [(domain, is_ecc(key))]) as staging:
        done = caller.run("remove", command.of_certificate("remove", domain, key), staging)
    if done.returncode == 0:
        caller.home.remove(domain, is_ecc(key))
    return _judge(caller, domain, done)


def _judge(caller: Caller, domain: str, done: CallResult, protocol: str = "") -> RevokeResult:
    fault = caller.find_fault(done, domain, protocol=protocol)
    return RevokeResult("failed" if fault else "done", domain, **done.said, failure=fault)
