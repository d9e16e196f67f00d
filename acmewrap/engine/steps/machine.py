"""The steps that make a machine ready: acme.sh, the bundle, the webroot, the wrapper, the schedule; and what is removed again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping

from ... import paths
from ...config.model import Authority, Config
from ...driver import wrapper_script
from ...driver.homes.home import Home
from ...driver.release import installation
from ...errors import AccessError
from ...failures import failure
from ...host import file_access, placement, webroot
from ...plan import machine_steps as steps
from ...plan.steps import MachineStep
from ...schedule import backends, entry
from ...state.file_modes import Excess, is_plain
from ...state.ledger import Ledger
from ...system import files


def perform(step: MachineStep, environ: Mapping[str, str]) -> None:
    """Do one step of the machine. Raises :class:`AcmewrapError`."""
    if isinstance(step, steps.InstallRelease):
        installation.install_acme_sh(
            step.settings.release,
            step.path,
            environ=environ,
            own=step.settings.pin,
            hooks=step.settings.hooks,
            archive=step.settings.archive,
            allow_vulnerable=step.settings.allow_vulnerable,
            force=step.force,
        )
    elif isinstance(step, steps.WriteBundle):
        _write_bundle(step.authority, step.path)
    elif isinstance(step, steps.PrepareWebroot):
        webroot.prepare(step.path)
    elif isinstance(step, steps.RenderWrapper):
        _render(step.wrapper)
    elif isinstance(step, steps.ChangeMode):
        _tighten(step.excess)
    elif isinstance(step, steps.SetAccess):
        file_access.set_access(step.path, step.misplaced.want)
    elif isinstance(step, steps.MakeFolder):
        placement.make_folder(step.path, step.file)
    elif isinstance(step, steps.RemoveCertificate):
        Home(step.path.parent).remove(step.stored.files.domain, step.stored.ecc)
        _forget(step.config, step.path.parent)
    elif isinstance(step, steps.RemoveScheduleEntry):
        backends.remove_other(step.entry, step.config, environ)
    elif isinstance(step, steps.EnsureAccount):
        from . import account

        account.ensure(step.config, environ)
    elif isinstance(step, steps.SetSchedule):
        entry.place(step.config)
        backends.open_scheduler(step.config, environ).ensure()


def _write_bundle(authority: Authority, path: Path) -> None:
    if authority.pem is None:
        message = f"{path} does not exist; it should hold the certificates that {authority.server} is trusted through"
        raise AccessError(failure("bundle.missing", message, ca_bundle=path, server=authority.server))
    files.make_folder(path.parent)
    files.write_atomic(path, authority.pem, files.PUBLIC)


def _render(script: wrapper_script.Wrapper) -> None:
    wrapper_script.read_own(script.path)  # refuses what is not ours
    files.make_folder(script.path.parent)
    files.write_atomic(script.path, script.render(), files.SCRIPT)


def _tighten(excess: Excess) -> None:
    """Give it the mode that it should have. What has changed hands or has become a link in the meantime is left alone."""
    if not excess.ours:
        return
    handle = os.open(str(excess.path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if status.st_uid == excess.owner and is_plain(status):
            os.fchmod(handle, excess.wanted)
    finally:
        os.close(handle)


def _forget(config: Config, home: Path) -> None:
    """Drop from the ledger of *home* what belongs to certificates that the file does not name."""
    for authority in config.authorities.values():
        ledger = Ledger.load(paths.ledger_path(authority))
        for name in ledger.names() if authority.home == home else ():
            if name.partition("/")[0] not in config.certificates:
                ledger.drop(name)
