"""The steps that make a machine ready: acme.sh, the bundle, the webroot, the wrapper, the schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping

from .. import files
from ..catalogue import failure
from ..config.model import Config
from ..driver import release, wrapper
from ..errors import AccessError
from ..host import webroot
from . import layout, modes, prune, schedule, schedulers
from .plan import Step


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
        for excess in modes.inspect(config):
            if str(excess.path) == step.subject:
                modes.tighten(excess)
    elif step.kind == "remove":
        prune.remove(step.subject, config)
    elif step.kind == "account":
        from . import nas

        nas.ensure_account(config, environ)
    else:
        schedule.place(config)
        schedulers.open_scheduler(config, environ).ensure()


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where downloaded archives are kept: ``$XDG_CACHE_HOME/acmewrap``."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path(environ.get("HOME") or Path.home()) / ".cache") / "acmewrap"


def _install(config: Config, environ: Mapping[str, str], force: bool) -> None:
    settings = config.acme_sh
    release.install(
        settings.release,
        layout.program_folder(config),
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
    script = next(one for one in layout.wrappers(config) if one.path == path)
    files.make_folder(path.parent)
    files.write_atomic(path, script.render(), files.SCRIPT)
