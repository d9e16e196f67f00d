"""What is to be done about the machine itself, and what could be removed from it."""

from __future__ import annotations

from typing import Iterator, Optional

from .. import paths, reasons
from ..config.model import Config
from ..driver.homes.home import Stored
from ..failures import failure
from ..reasons import Plain, Reason, drifted
from ..state.model import State
from . import machine_steps as steps
from .steps import Step


def prepare(config: Config, state: State, *, force: bool) -> Iterator[Step]:
    if state.release is not None:
        folder = paths.program_folder(config)
        yield steps.InstallRelease(reasons.NotAsPinned(state.release), config.acme_sh, folder, force)
    for path, (authority, drift) in state.bundles.items():
        differs: Optional[Reason] = drifted(drift)
        if differs is Plain.MISSING and authority.pem is None:
            missing = failure("bundle.missing", f"{path} does not exist", server=authority.server, ca_bundle=path)
            differs = reasons.Blocked(missing)
        if differs is not None:
            yield steps.WriteBundle(differs, authority, path)
    for webroot, readiness in state.webroots.items():
        if readiness != "ready":
            lacking = Plain.NO_CHALLENGE_FOLDER if readiness == "missing" else Plain.NOT_WRITABLE
            yield steps.PrepareWebroot(lacking, webroot)
    for wrapper, drift in state.wrappers:
        reason = drifted(drift)
        if reason is not None:
            yield steps.RenderWrapper(reason, wrapper)
    for excess in state.modes:
        if excess.ours:
            yield steps.ChangeMode.of(excess)
    if state.installed is not None:
        yield from map(steps.SetAccess.of, state.installed.misplaced)
        yield from (steps.MakeFolder(Plain.MISSING, path, file) for path, file in state.installed.folders)
    if config.synology is not None and state.nas is not None and state.nas.account is not None:
        yield steps.EnsureAccount(state.nas.account, config, config.synology.account)


def find_leftovers(config: Config, state: State) -> Iterator[Step]:
    for leftover in state.leftovers:
        if isinstance(leftover, Stored):
            yield steps.RemoveCertificate(Plain.NOT_CONFIGURED, leftover, config)
        else:
            yield steps.RemoveScheduleEntry(leftover.reason, leftover, config)


def schedule(config: Config, state: State) -> Iterator[Step]:
    drift = drifted(state.schedule)
    if config.schedule is not None and drift is not None:
        failed = state.schedule_failure
        yield steps.SetSchedule(drift if failed is None else reasons.Blocked(failed), config, config.schedule)
