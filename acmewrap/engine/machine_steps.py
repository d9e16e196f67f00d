"""The steps that make a machine ready: acme.sh, the bundle, the webroot, the wrapper, the schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping

from .. import files, paths
from ..catalogue import failure
from ..config.model import Config
from ..driver import wrapper
from ..driver.release import installation
from ..errors import AccessError
from ..host import webroot
from ..plan.planner import Step
from ..schedule import backends, entry
from ..state import file_modes
from . import prune


def perform(step: Step, config: Config, environ: Mapping[str, str]) -> None:
    """Do one step of the machine. Raises :class:`AcmewrapError`."""
    if step.kind == "install":
        _install(config, environ, step.force)
    elif step.kind == "bundle":
        _write_bundle(config, Path(step.subject))
    elif step.kind == "webroot":
        webroot.prepare(Path(step.subject))
    elif step.kind == "render":
        _render(config, Path(step.subject))
    elif step.kind == "mode":
        for excess in file_modes.inspect(config):
            if str(excess.path) == step.subject:
                file_modes.tighten(excess)
    elif step.kind == "remove":
        prune.remove(step.subject, config)
    elif step.kind == "account":
        from ..state import nas

        nas.ensure_account(config, environ)
    else:
        entry.place(config)
        backends.open_scheduler(config, environ).ensure()


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where downloaded archives are kept: ``$XDG_CACHE_HOME/acmewrap``."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path(environ.get("HOME") or Path.home()) / ".cache") / "acmewrap"


def _install(config: Config, environ: Mapping[str, str], force: bool) -> None:
    settings = config.acme_sh
    installation.install(
        settings.release,
        paths.program_folder(config),
        archive=settings.archive,
        cache=cache_folder(environ),
        allow_vulnerable=settings.allow_vulnerable,
        force=force,
    )


def _write_bundle(config: Config, path: Path) -> None:
    authority = next(one for one in config.authorities.values() if one.ca_bundle == path)
    if authority.pem is None:
        told = f"{path} does not exist; it should hold the certificates that {authority.server} is trusted through"
        raise AccessError(failure("bundle.missing", told, ca_bundle=path, server=authority.server))
    files.make_folder(path.parent)
    files.write_atomic(path, authority.pem, files.PUBLIC)


def _render(config: Config, path: Path) -> None:
    wrapper.read_own(path)  # refuses what is not ours
    script = next(one for one in paths.wrappers(config) if one.path == path)
    files.make_folder(path.parent)
    files.write_atomic(path, script.render(), files.SCRIPT)
