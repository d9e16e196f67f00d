"""Files for servers on this machine: placed, tested, loaded, proven; or the last good ones brought back.

All targets of a run that share a command come here together: first all their files, then each command once, then the looks.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Container, Dict, List, Optional, Sequence, Set, Tuple

from .. import paths
from ..catalogue import failure
from ..config.install import FilePart, Install
from ..config.model import Config
from ..driver.homes.configuration import set_installation
from ..driver.homes.home import CertificateFiles, Stored
from ..driver.process import OnLine
from ..driver.results import DeployResult
from ..errors import AcmewrapError, DeployError, Failure, RolledBackError, UnprovenError
from ..host import file_access, placement
from ..pki.x509 import X509
from ..plan.planner import Plan
from ..plan.steps import DeployCertificate
from ..state.ledger import Ledger, LedgerEntry
from ..system.reading import read_bytes
from ..verify import local_files, tls_probe
from ..verify.tls_probe import Observation
from . import commands
from .context import RunContext
from .deploy import Delivery, not_proven


@dataclass
class Installation:
    """One target on its way. ``before``: what its server showed; ``changed``: new files were put in place; ``loading``: its
    commands are to run; ``error``: what it failed of.
    """

    step: DeployCertificate
    stored: Stored
    leaf: X509
    ledger: Ledger
    on_line: OnLine
    before: Observation = field(default_factory=Observation)
    changed: bool = False
    loading: bool = False
    lines: Tuple[str, ...] = ()
    observed: Observation = field(default_factory=Observation)
    error: Optional[Exception] = None

    @property
    def install(self) -> Install:
        assert self.step.destination.install is not None
        return self.step.destination.install

    @property
    def entry(self) -> LedgerEntry:
        return self.ledger.get(self.step.entry)

    def note(self, **values: object) -> None:
        entry = self.entry.want(self.leaf.sha256)
        self.ledger.put(self.step.entry, replace(entry, **values))  # type: ignore[arg-type]

    @property
    def delivery(self) -> Delivery:
        done = DeployResult("accepted", self.step.request.domains[0], "install", lines=self.lines)
        return Delivery(done if self.changed or self.loading else None, self.observed)


def recover(config: Config, barred: Container[str] = ()) -> None:
    """Finish what a killed run had begun to put in place, but for the authorities *barred*; its deployment is still pending, and
    says what is wrong with that.
    """
    ledgers: Dict[str, Ledger] = {}
    for certificate, target in config.targets():
        if target.install is not None and certificate.authority not in barred:
            authority = config.authority_of(certificate)
            if authority.name not in ledgers:
                ledgers[authority.name] = Ledger.load(paths.ledger_path(authority))
            if ledgers[authority.name].get(f"{certificate.name}/{target.name}").placed is not None:
                with contextlib.suppress(AcmewrapError):
                    placement.put(target.install)


def groups(plan: Plan) -> List[List[DeployCertificate]]:
    """The deployments with a command that another one has, too, together with those."""
    found: List[Tuple[Set[Tuple[str, ...]], List[DeployCertificate]]] = []
    for step in plan.steps:
        if isinstance(step, DeployCertificate) and step.destination.install is not None:
            commands, steps = set(step.destination.install.commands), [step]
            for group in [group for group in found if group[0] & commands]:
                found.remove(group)
                commands, steps = commands | group[0], group[1] + steps
            found.append((commands, steps))
    return [steps for _, steps in found if len(steps) > 1]


def install(works: Sequence[Installation], config: Config, context: RunContext) -> None:
    """Bring all of them there. What one failed of is its ``error``; raises only when the run is being stopped."""

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
        bad = next((failed[argv] for argv in work.install.commands if argv in failed), None)
        if bad is not None:
            problem = _ended("reload.failed", f"the command that reloads {work.step.target}", bad, work)
            _go_back(work, problem, context)
        else:
            work.note(reloaded=work.install.mark(work.leaf.sha256))

    each(lambda work: _place(work, config, context), works)
    loading = [work for work in works if work.error is None and work.loading]
    failed = load(loading)
    each(settle_load, loading)
    _side_by_side(
        lambda work: each(lambda one: _prove(one, context), (work,)),
        [one for one in works if one.error is None],
    )
    load([work for work in loading if isinstance(work.error, RolledBackError)])


def _place(work: Installation, config: Config, context: RunContext) -> None:
    install, target, leaf = work.install, work.step.destination, work.leaf.sha256
    for argv in (*filter(None, (install.test,)), *install.commands):
        commands.refuse_weak(argv, context.environ)
    contents = _contents(work.stored.files, install)
    set_installation(work.stored.files.configuration, install)
    if target.verify is not None:
        work.before = tls_probe.look(target.verify, work.leaf)
    if work.step.force or any(_differs(install, part, content) for part, content in contents.items()):
        placement.lay(install, contents)
        if work.entry.placed is None:  # else what is held is older, and the last that was proven
            placement.keep(install)
        work.note(placed=leaf)
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
    work.observed = local_files.read(work.install)
    if work.observed.served == leaf and target.verify is not None:
        work.observed = tls_probe.wait_for(target.verify, work.leaf, sleep=context.sleep)
    seen, before = work.observed, work.before
    if seen.served != leaf:
        problem = not_proven(target, leaf, seen, work.delivery.hook)
        if target.verify is not None and before.served is not None and seen.answered:
            values: Dict[str, Any] = {"target": target.verify, "name": work.step.request.name}
            if seen.served is None:
                message = f"{target.verify} answered before, and does not with the new files: {seen.error}"
                return _go_back(work, failure("deploy.server_lost", message, **values), context)
            if seen.served != before.served:
                message = f"{target.verify} serves {seen.served[:16]}…, neither the new certificate nor the one before"
                return _go_back(work, failure("deploy.wrong_certificate", message, **values), context)
        raise UnprovenError(problem)
    entry = work.entry.prove(leaf, context.clock(), work.leaf.validity[1])
    work.ledger.put(work.step.entry, entry)
    placement.discard(work.install)
    return None


def _go_back(work: Installation, problem: Failure, context: RunContext) -> None:
    """Bring the last good files back, and raise why; without any, or with such as must not be used any more, the new ones stay."""
    former = placement.former(work.install) if work.entry.placed is not None else {}
    seen = local_files.read_files(former) if former else Observation()
    fit = seen.served not in (None, work.leaf.sha256, *work.ledger.revoked)
    if not fit or seen.not_after is None or seen.not_after.timestamp() <= context.clock():
        raise DeployError(problem)
    placement.restore(work.install)
    work.note(placed=None, reloaded=None)
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


def _differs(install: Install, part: FilePart, content: bytes) -> bool:
    file = install.files[part]
    try:
        return read_bytes(file.path) != content or file_access.find_drift(file, part) is not None
    except OSError:
        return True


def _side_by_side(do: Callable[[Installation], None], works: Sequence[Installation]) -> None:
    if len(works) < 2:
        for work in works:
            do(work)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(16, len(works))) as pool:
        list(pool.map(do, works))
