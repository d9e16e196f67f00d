"""``--cron``: one call for all certificates of a home, taken apart again into what came of each."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ..catalogue import failure
from ..errors import Failure
from . import command, evidence
from .call import Caller
from .command import Value
from .home import Stored, read_folder
from .output.events import RenewalFailed, RenewalSkipped, RenewalStarted
from .output.transcript import parse
from .process import Completed, OnLine
from .results import CronEntry, CronResult
from .staging import Staging, stage


def run(
    caller: Caller, *, force: bool, variables: Optional[Mapping[str, Value]], on_line: Optional[OnLine]
) -> CronResult:
    """Let acme.sh renew what it holds to be due; each good new set takes its place, each bad one is left behind."""
    caller.home.recover_all()
    before = tuple(caller.home.stored())
    sound = (one for one in before if one.configuration_error is None)
    with stage(caller.home, ((one.files.domain, one.ecc) for one in sound)) as staging:
        words = command.cron(force=force)
        done = caller.run("cron", words, staging, variables=variables, bound=True, on_line=on_line)
        failed = _failures(done.lines)
        entries = tuple(_settle(caller, staging, old, done, failed) for old in before)
    unexplained = done.returncode != 0 and not any(entry.failure for entry in entries)
    fault = caller.diagnose("cron", done) if unexplained else None
    return CronResult(entries, parse(done.lines), done.lines, done.seconds, fault)


def _settle(
    caller: Caller, staging: Staging, old: Stored, done: Completed, failed: Mapping[str, Sequence[str]]
) -> CronEntry:
    domain, ecc, folder = old.files.domain, old.ecc, old.files.folder.name
    new = read_folder(staging.files_of(domain, ecc), ecc)
    told: Optional[Failure] = None
    if folder in failed:
        told = caller.diagnose("renew", _part(done, failed[folder]), domain=domain, name=domain)
    if new is not None and new.leaf is not None and new.leaf != old.leaf:
        fault = evidence.find_fault(old.domains, new, done.lines)
        if fault is None:
            staging.keep(caller.home, domain, ecc)
            return CronEntry(domain, ecc, "renewed", new.next_renewal, new.leaf.sha256, told)
        told = fault
    elif told is None and old.find_fault() is not None:  # "Skipping invalid cert", for ever and with exit code 0
        told = failure("certificate.mismatch", f"acme.sh passes over it: {old.find_fault()}", name=domain)
    sha256 = old.leaf.sha256 if old.leaf is not None else None
    return CronEntry(domain, ecc, "skipped" if told is None else "failed", old.next_renewal, sha256, told)


def _part(done: Completed, lines: Sequence[str]) -> Completed:
    return Completed(done.command, done.returncode, tuple(lines), done.seconds, done.ended_by_deadline)


def _failures(lines: Sequence[str]) -> Dict[str, Tuple[str, ...]]:
    """The lines about each certificate that failed, by its folder, which acme.sh names only after the reasons."""
    found: Dict[str, Tuple[str, ...]] = {}
    told: List[str] = []
    for line in lines:
        for event in parse([line]):
            if isinstance(event, (RenewalStarted, RenewalSkipped)):
                told = []
            elif isinstance(event, RenewalFailed):
                found[event.folder] = tuple(told)
                told = []
        told.append(line)
    return found
