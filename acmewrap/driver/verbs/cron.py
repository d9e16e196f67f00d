"""``--cron``: one call for all certificates of a home, taken apart again into what came of each."""

from __future__ import annotations

from typing import Mapping, Optional

from ...failures import failure
from .. import command, evidence
from ..call import Caller, CallResult
from ..command import Value
from ..homes.home import Stored, read_folder
from ..homes.staging import Staging, stage
from ..output.transcript import Transcript
from ..process import OnLine
from ..results import CronEntry, CronResult
from . import chains


def run(
    caller: Caller, *, force: bool, variables: Optional[Mapping[str, Value]], on_line: Optional[OnLine]
) -> CronResult:
    """Let acme.sh renew what it holds to be due; each good new set takes its place, each bad one is left behind."""
    caller.home.recover()
    before = tuple(caller.home.stored())
    sound = (stored for stored in before if stored.configuration_error is None)
    with stage(caller.home, ((stored.files.domain, stored.ecc) for stored in sound)) as staging:
        words = command.cron(force=force)
        done = caller.run("cron", words, staging, variables=variables, bound=True, on_line=on_line)
        failed = done.transcript.failed_renewals()
        entries = tuple(_settle(caller, staging, old, done, failed) for old in before)
    unexplained = done.returncode != 0 and not any(entry.failure for entry in entries)
    return CronResult(entries, **done.said, failure=caller.diagnose(done) if unexplained else None)


def _settle(
    caller: Caller, staging: Staging, old: Stored, done: CallResult, failed: Mapping[str, Transcript]
) -> CronEntry:
    domain, ecc, folder = old.files.domain, old.ecc, old.files.folder.name
    staged = staging.files_of(domain, ecc)
    chains.complete(caller, staged, staging.temporary)
    new = read_folder(staged, ecc)
    fault = caller.diagnose(done, domain, renewal=failed[folder]) if folder in failed else None
    if new is not None and new.leaf is not None and new.leaf != old.leaf:
        unfit = evidence.find_fault(old.domains, new, done.lines, domain)
        unfit = unfit or evidence.find_worse(old, new, caller.clock())
        if unfit is None:
            staging.keep(caller.home, domain, ecc)
            return CronEntry(domain, ecc, "renewed", new.next_renewal, new.leaf.sha256, fault)
        fault = unfit
    elif fault is None and old.find_fault() is not None:  # "Skipping invalid cert", for ever and with exit code 0
        fault = failure("certificate.mismatch", f"acme.sh passes over it: {old.find_fault()}", name=domain)
    sha256 = old.leaf.sha256 if old.leaf is not None else None
    return CronEntry(domain, ecc, "skipped" if fault is None else "failed", old.next_renewal, sha256, fault)
