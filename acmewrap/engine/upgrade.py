"""Another release of acme.sh: first the machine, then the file, so that the file never asks for what is not there.

The releases lie beside each other, so the way back needs no source to reach.
"""

from __future__ import annotations

from typing import AbstractSet, Mapping, Optional

from .. import privileges, trust
from ..config.edit import Edit
from ..config.model import Config
from ..errors import ExitCode
from ..plan.planner import PlanOptions
from ..plan.steps import Kind
from ..state.machine import Part
from .context import RunContext
from .engine import Engine, Listener
from .job import Job
from .results import Run

_PARTS: AbstractSet[Part] = frozenset(("release", "wrapper"))


def switch(edit: Edit, environ: Mapping[str, str], listener: Optional[Listener] = None, *, force: bool = False) -> Run:
    """Install the release of *edit*, render the wrapper for it, and write the file; when a step fails, all is as it was before.

    Raises what :meth:`Edit.write` raises, before anything is changed if that can be foreseen, and :class:`BusyError` when another
    run is at work.
    """
    context = RunContext(environ)

    def bring(config: Config, *kinds: Kind) -> Run:
        _, planned = Job(config, PlanOptions(kinds, force), _PARTS, environ=environ).look()
        return Engine(config, context, listener).execute(planned)

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
            bring(edit.old, "install", "render")
            raise
        return done.followed_by(bring(edit.old, "install", "render"))


def _write(edit: Edit, *, pretend: bool = False) -> None:
    """Root's file is root's to change, also while it works in the folder of another user."""
    if privileges.way_back() is not None and trust.find_weakness(edit.old.file) is None:
        privileges.as_root(lambda: edit.write(pretend=pretend))
    else:
        edit.write(pretend=pretend)
