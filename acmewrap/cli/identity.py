"""As whom the command line works: the one place that gives up root's rights (:mod:`acmewrap.system.privileges`)."""

from __future__ import annotations

import contextlib
import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Mapping, MutableMapping

from ..errors import AccessError
from ..failures import failure
from ..system import privileges, resources, trust
from ..system.privileges import User

if TYPE_CHECKING:
    from ..config import Config

# What parts of this package import when they come to need it. Root may be able to read what the user is not.
_LATER = (
    "concurrent.futures.thread",
    "encodings.idna",
    "http.client",
    "jinja2",
    "platform",
    "sh",
    "ssl",
    "urllib.request",
    "yaml",
)


def load(file: Path, environ: MutableMapping[str, str], *, for_good: bool) -> Config:
    """The configuration, read by root, who is then the owner of its directory; or read by its author, and root no more.

    What root had made in that user's directory is handed over. Raises what :func:`acmewrap.config.load` raises, and
    :class:`AccessError`.
    """
    from .. import config as configuration
    from .. import paths
    from ..host import ownership

    _refuse_weak_program(environ)
    started_with, author = dict(environ), trust.find_author(file, environ)
    if author is not None:
        _become(author, environ, Path(os.path.abspath(file)).parent)
    config = configuration.load(file, started_with)
    user = author or trust.find_owner(config.directory)
    if user is None:
        return config
    folders = [paths.program_folder(config).parent, *(authority.home for authority in config.authorities.values())]
    scripts = [wrapper.path for wrapper in paths.wrappers(config)]
    privileges.as_root(lambda: ownership.hand_over_homes(config.directory, folders, scripts, user))
    if author is None:
        _become(user, environ, config.directory)
    else:
        privileges.forget_root(for_good=for_good)
    return config


def settle_for_update(program: Path, environ: MutableMapping[str, str], *, for_good: bool) -> None:
    """Before the one file that runs is replaced: import what is still needed of it, and become the owner of its folder."""
    _refuse_weak_program(environ)
    load_everything()
    settle_for_output(program, environ, for_good=for_good)


def settle_for_output(file: Path, environ: MutableMapping[str, str], *, for_good: bool) -> None:
    """Before a new *file* is written: become the owner of its folder."""
    owner = trust.find_owner(file.parent)
    if owner is not None:
        _become(owner, environ, file.parent)
        privileges.forget_root(for_good=for_good)


def _refuse_weak_program(environ: Mapping[str, str]) -> None:
    """Raise :class:`AccessError` (``trust.program``) when root runs a single file that others than who called sudo can change."""
    started = resources.single_file()
    weak = None if started is None else trust.find_weakness(started, trust.trusted_users(environ))
    if weak is not None:
        message = f"root runs {started}, and another user can change it: {weak.path}: {weak.reason}"
        raise AccessError(failure("trust.program", message, program=started))


def _become(user: User, environ: MutableMapping[str, str], home: Path) -> None:
    load_everything()
    privileges.become(user, environ, home)
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)  # what is started through `sh`, and the standard library, look here


def load_everything() -> None:
    """Import and read what may be needed later, for it may not be readable then."""
    import pkgutil

    from ..driver.release import pin

    package = [str(Path(__file__).parent.parent)]
    names = [module.name for module in pkgutil.walk_packages(package, "acmewrap.") if "testing" not in module.name]
    for name in (*_LATER, *(one for one in names if not one.endswith("__main__"))):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for version in pin.releases():
        pin.manifest(version)
    for name in resources.SHIPPED:
        resources.read_text(name)
