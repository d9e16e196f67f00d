"""Files for servers on this machine: placed, tested, loaded, proven; or the last good ones brought back.

All targets of a run that share a command come here together: first all their files, then each command once, then the looks.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Container, Dict, NoReturn, Optional, Sequence, Tuple

from ...config.install import FilePart, Install
from ...config.model import Config
from ...driver.homes.configuration import set_installation
from ...driver.homes.home import CertificateFiles
from ...driver.process import OnLine
from ...driver.results import DeployResult
from ...errors import AcmewrapError, DeployError, Failure, RolledBackError, UnprovenError
from ...failures import failure
from ...frozen import replace
from ...host import placement
from ...pki.x509 import X509
from ...plan.steps import DeployCertificate
from ...reasons import NotServed
from ...state.ledger import Ledger, LedgerEntry, open_ledgers
from ...state.model import entry_name
from ...system.reading import read_bytes
from ...verify import local_files, tls_probe
from ...verify.tls_probe import Observation
from .. import commands
from ..context import RunContext
from ..results import Delivery
from .deploy import not_proven

_MOST_LOOKS = 16  # at the same time


@dataclass
class Installation:
    """``before``: what its server showed; ``changed``: new files are in place; ``loading``: its commands are to run."""

    step: DeployCertificate
    files: CertificateFiles
    leaf: X509
    ledger: Ledger
    on_line: OnLine
    before: Observation = field(default_factory=Observation)
    changed: bool = False
    loading: bool = False
    lines: Tuple[str, ...] = ()
    delivery: Delivery = field(default_factory=lambda: Delivery(None, Observation()))
    error: Optional[Exception] = None

    @property
    def install(self) -> Install:
        assert self.step.destination.install is not None
        return self.step.destination.install

    @property
    def entry(self) -> LedgerEntry:
        return self.ledger.get(self.step.entry)


def recover(config: Config, barred: Container[str] = ()) -> None:
    """Finish what a killed run had begun to put in place, but for the authorities *barred*; its deployment is still pending, and
    says what is wrong with that. Where the file has another place by now, what was held beside the former one goes.
    """
    installs = {entry_name(one.name, target.name): target.install for one, target in config.targets()}
    for ledger in open_ledgers(one for one in config.authorities.values() if one.name not in barred).values():
        for name in ledger.names():
            entry, install = ledger.get(name), installs.get(name)
            with contextlib.suppress(AcmewrapError):
                if entry.places not in (None, [] if install is None else list(map(str, install.places))):
                    for place in map(Path, entry.places or ()):
                        placement.clear(place)
                    ledger.put(name, replace(entry, placed=None, places=None))
                elif entry.placed is not None and install is not None:
                    placement.put(install)


def install(works: Sequence[Installation], config: Config, context: RunContext) -> None:
    """Bring all of them there. What one failed of is its ``error``; raises only when the run is being stopped."""
    from concurrent.futures import ThreadPoolExecutor

    def each(do: Callable[[Installation], None], chosen: Sequence[Installation]) -> None:
        for work in chosen:
            try:
                do(work)
            except Exception as error:
                if context.stopped.is_set():
                    raise
                work.error = error

    def load(chosen: Sequence[Installation]) -> Dict[Tuple[str, ...], commands.Ended]:
        """Run what they need, each command once; those that failed."""
        failed: Dict[Tuple[str, ...], commands.Ended] = {}
        for argv in dict.fromkeys(argv for work in chosen for argv in work.install.commands):
            sharing = [work for work in chosen if argv in work.install.commands]
            try:
                lines = commands.run("reload", argv, config, context, sharing[0].on_line)
            except commands.Ended as ended:
                failed[argv] = ended
                continue
            for work in sharing:
                work.lines = (*work.lines, *lines)
        return failed

    def settle_load(work: Installation) -> None:
        leaf, bad = work.leaf.sha256, next((failed[argv] for argv in work.install.commands if argv in failed), None)
        if bad is not None:
            _go_back(work, _ended("reload.failed", f"the command that reloads {work.step.target}", bad, work), context)
        work.ledger.note(work.step.entry, leaf, reloaded=work.install.mark(leaf))

    each(lambda work: _place(work, config, context), works)
    loading = [work for work in works if work.error is None and work.loading]
    failed = load(loading)
    each(settle_load, loading)
    good = [work for work in works if work.error is None]
    with ThreadPoolExecutor(_MOST_LOOKS) as pool:
        list(pool.map(lambda work: each(lambda one: _prove(one, context), (work,)), good))
    load([work for work in loading if isinstance(work.error, RolledBackError)])


def _place(work: Installation, config: Config, context: RunContext) -> None:
    install, target, leaf = work.install, work.step.destination, work.leaf.sha256
    for argv in (*filter(None, (install.test,)), *install.commands):
        commands.refuse_weak(argv, context)
    contents = _contents(work.files, install)
    set_installation(work.files.configuration, install)
    if target.verify is not None:
        work.before = tls_probe.look(target.verify, work.leaf)
    work.ledger.note(work.step.entry, leaf, places=list(map(str, install.places)))
    held = work.ledger.get(work.step.entry).placed is not None  # what is older then, and the last that was proven
    if work.step.force or placement.differs(install, contents):
        placement.lay(install, contents, keep=not held)
        work.ledger.note(work.step.entry, leaf, placed=leaf)
        placement.put(install)
        work.changed = True
    unseen = target.verify is not None and work.before.served != leaf
    awaited = work.changed or unseen or work.entry.awaits_reload(config, install, leaf)
    work.loading = bool(install.commands) and awaited
    if install.test and awaited:
        try:
            work.lines = commands.run("test", install.test, config, context, work.on_line)
        except commands.Ended as ended:
            _go_back(work, _ended("test.failed", f"the test of {target.name}", ended, work), context)


def _prove(work: Installation, context: RunContext) -> None:
    target, leaf = work.step.destination, work.leaf.sha256
    seen, before = local_files.read(work.install), work.before
    if seen.served == leaf and target.verify is not None:
        looks = tls_probe.LOOKS if work.loading else 1
        seen = tls_probe.wait_for(target.verify, work.leaf, looks=looks, sleep=context.sleep)
    done = DeployResult("accepted", work.step.request.domains[0], "install", lines=work.lines)
    work.delivery = Delivery(done if work.changed or work.loading else None, seen)
    if seen.served != leaf:
        problem = not_proven(target, leaf, seen, work.delivery.hook)
        if target.verify is not None and before.served is not None and seen.obstacle != "network":
            values: Dict[str, Any] = {"target": target.verify, "name": work.step.request.name}
            if seen.served is None:
                message = f"{target.verify} answered before, and does not with the new files: {seen.error}"
                _go_back(work, failure("deploy.server_lost", message, **values), context)
            if seen.served != before.served:
                message = f"{target.verify} serves {seen.served[:16]}…, neither the new certificate nor the one before"
                _go_back(work, failure("deploy.wrong_certificate", message, **values), context)
        raise UnprovenError(problem)
    again = work.delivery.changed and isinstance(work.step.reason, NotServed)
    entry = work.entry.prove(leaf, context.clock(), work.leaf.validity[1], again=again)
    work.ledger.put(work.step.entry, entry)
    placement.discard(work.install)


def _go_back(work: Installation, problem: Failure, context: RunContext) -> NoReturn:
    """Bring the last good files back, and raise why; without any, or with such as must not be used any more, the new ones stay."""
    former = placement.former(work.install) if work.entry.placed is not None else {}
    seen = local_files.read_files(former) if former else Observation()
    fit = seen.served not in (None, work.leaf.sha256, *work.ledger.revoked)
    if not fit or seen.not_after is None or seen.not_after.timestamp() <= context.clock():
        raise DeployError(problem)
    placement.restore(work.install)
    work.ledger.note(work.step.entry, work.leaf.sha256, placed=None, places=None, reloaded=None)
    raise RolledBackError(problem)


def _ended(id: str, what: str, ended: commands.Ended, work: Installation) -> Failure:
    return failure(id, f"{what} {ended}", ended.lines, name=work.step.request.name)


def _contents(stored: CertificateFiles, install: Install) -> Dict[FilePart, bytes]:
    contents: Dict[FilePart, bytes] = {
        "key_file": read_bytes(stored.key),
        "ca_file": read_bytes(stored.chain),
        "cert_file": read_bytes(stored.certificate),
        "fullchain_file": read_bytes(stored.fullchain),
    }
    contents["combined_file"] = contents["key_file"].rstrip() + b"\n" + contents["fullchain_file"]
    return {part: contents[part] for part in install.files}
