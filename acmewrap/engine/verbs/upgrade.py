"""Another release of acme.sh: first the machine, then the file, so that the file never asks for what is not there."""

from __future__ import annotations

from typing import Callable, Mapping, Optional, Set, Tuple

from ...config.challenges import Dns
from ...config.edit import set_release
from ...config.model import Config
from ...driver.release import pin
from ...errors import ExitCode, ReleaseError
from ...failures import failure
from ...frozen import frozen, replace
from ...plan.steps import Kind
from ...system import privileges, trust
from .. import history
from ..context import RunContext
from ..convergence import SCOPES, Convergence
from ..engine import Engine, Listener
from ..results import Run


@frozen
class ReleaseChange:
    """What differs between two releases: paths of files, and those ``in_use`` with the configuration."""

    old: str
    new: str
    added: Tuple[str, ...]
    removed: Tuple[str, ...]
    changed: Tuple[str, ...]
    in_use: Tuple[str, ...]


def compare(config: Config, version: Optional[str] = None) -> ReleaseChange:
    """From the release of *config* to *version*, or to the newest that two witnesses agree on. Raises :class:`ReleaseError` when
    that may not be installed, and ``release.lacks_hook`` when it has not all that *config* uses.
    """
    settings, wanted = config.acme_sh, version or pin.newest()
    pin.pinned(wanted, settings.pin, allow_vulnerable=settings.allow_vulnerable)
    old, new = (pin.manifest(one, settings.pin, settings.hooks) for one in (settings.release, wanted))
    missing = sorted(_hooks(config) - set(new))
    if missing:
        message = f"acme.sh {wanted} has no {', no '.join(missing)}, in use here"
        raise ReleaseError(failure("release.lacks_hook", message))
    return difference(config, (settings.release, old), (wanted, new))


def _hooks(config: Config) -> Set[str]:
    hooks = {f"deploy/{target.hook}.sh" for _, target in config.targets() if target.hook}
    return hooks | {f"dnsapi/{way.hook}.sh" for way in config.challenges() if isinstance(way, Dns)}


def difference(
    config: Config, present: Tuple[str, Mapping[str, str]], wanted: Tuple[str, Mapping[str, str]]
) -> ReleaseChange:
    """Between two releases, each with its files (path -> SHA-256)."""
    (before, old), (after, new) = present, wanted
    return ReleaseChange(
        before,
        after,
        added=tuple(sorted(set(new) - set(old))),
        removed=tuple(sorted(set(old) - set(new))),
        changed=tuple(sorted(path for path in set(old) & set(new) if old[path] != new[path])),
        in_use=tuple(sorted({"acme.sh", *_hooks(config)})),
    )


def switch(
    config: Config,
    version: Optional[str],
    environ: Mapping[str, str],
    clock: Callable[[], float],
    listener: Optional[Listener],
    *,
    force: bool,
) -> Run:
    """Install another release, render the wrapper for it, and write the file; when a step fails, all is as it was before.

    Raises what :func:`compare` and :meth:`Edit.write` raise, before anything is changed if that can be foreseen, and
    :class:`BusyError` when another run is at work.
    """
    edit, context = set_release(config.file, compare(config, version).new, environ), RunContext(environ, clock)

    def bring(config: Config, *kinds: Kind, notify: Optional[Listener] = listener) -> Run:
        options = replace(SCOPES["upgrade"], kinds=kinds, force=force)
        planned = Convergence(config, environ, options, clock=clock).plan()
        return Engine(config, context, notify).execute(planned)

    def attempt() -> Run:
        done = bring(edit.new, "install")
        if done.exit_code != ExitCode.OK:
            return done
        try:
            done = done.followed_by(bring(edit.new, "render"))
            if done.exit_code == ExitCode.OK:
                as_author(edit.old, edit.write)
                return done
        except BaseException:
            bring(edit.old, "install", "render", notify=None)  # the listener may be what failed
            raise
        return done.followed_by(bring(edit.old, "install", "render"))

    with Engine(edit.old, context).hold():
        as_author(edit.old, lambda: edit.write(pretend=True))
        done = attempt()
        history.note(edit.old, "upgrade", done)
        return done


def as_author(config: Config, write: Callable[[], None]) -> None:
    """Have *write* change the file of *config*: root's is root's to change, also while it works in the folder of another user."""
    if privileges.way_back() is not None and trust.find_weakness(config.file) is None:
        privileges.as_root(write)
    else:
        write()
