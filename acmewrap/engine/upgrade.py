"""Another release of acme.sh: first the machine, then the file, so that the file never asks for what is not there.

The releases lie beside each other, so the way back needs no source to reach.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Mapping, Optional, Tuple

from ..config.edit import Edit
from ..config.model import Config, Dns
from ..driver.release import installation
from ..errors import ExitCode
from ..plan.steps import Kind
from ..system import privileges, trust
from .context import RunContext
from .convergence import SCOPES, Convergence
from .engine import Engine, Listener
from .results import Run


@dataclass(frozen=True)
class ReleaseChange:
    """What differs between two releases: paths of files, and those ``in_use`` with the configuration."""

    old: str
    new: str
    added: Tuple[str, ...]
    removed: Tuple[str, ...]
    changed: Tuple[str, ...]
    in_use: Tuple[str, ...]


def compare(config: Config, version: Optional[str] = None) -> ReleaseChange:
    """From the release of *config* to *version*, or to the newest. Raises :class:`ReleaseError` when that may not be installed."""
    present, wanted = config.acme_sh.release, version or list(installation.releases())[-1]
    installation.pinned(wanted, allow_vulnerable=config.acme_sh.allow_vulnerable)
    old, new = installation.manifest(present), installation.manifest(wanted)
    hooks = {f"deploy/{target.hook}.sh" for _, target in config.targets() if target.hook}
    hooks |= {f"dnsapi/{way.hook}.sh" for way in config.challenges() if isinstance(way, Dns)}
    return ReleaseChange(
        present,
        wanted,
        added=tuple(sorted(set(new) - set(old))),
        removed=tuple(sorted(set(old) - set(new))),
        changed=tuple(sorted(path for path in set(old) & set(new) if old[path] != new[path])),
        in_use=tuple(sorted({"acme.sh", *hooks})),
    )


def switch(edit: Edit, environ: Mapping[str, str], listener: Optional[Listener] = None, *, force: bool = False) -> Run:
    """Install the release of *edit*, render the wrapper for it, and write the file; when a step fails, all is as it was before.

    Raises what :meth:`Edit.write` raises, before anything is changed if that can be foreseen, and :class:`BusyError` when another
    run is at work.
    """
    context = RunContext(environ)

    def bring(config: Config, *kinds: Kind, told: Optional[Listener] = listener) -> Run:
        options = replace(SCOPES["upgrade"], kinds=kinds, force=force)
        return Engine(config, context, told).execute(Convergence(config, environ, options).plan())

    with Engine(edit.old, context).hold():
        _write(edit, pretend=True)
        done = bring(edit.new, "install")
        if done.exit_code != ExitCode.OK:
            return done
        try:
            done = done.followed_by(bring(edit.new, "render"))
            if done.exit_code == ExitCode.OK:
                _write(edit)
                return done
        except BaseException:
            bring(edit.old, "install", "render", told=None)  # the listener may be what failed
            raise
        return done.followed_by(bring(edit.old, "install", "render"))


def _write(edit: Edit, *, pretend: bool = False) -> None:
    """Root's file is root's to change, also while it works in the folder of another user."""
    if privileges.way_back() is not None and trust.find_weakness(edit.old.file) is None:
        privileges.as_root(lambda: edit.write(pretend=pretend))
    else:
        edit.write(pretend=pretend)
