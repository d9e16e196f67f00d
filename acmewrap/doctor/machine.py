"""What lies on this machine: the tools, the pinned acme.sh, the rendered files, their modes, the secrets."""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import Iterator, Type, TypeVar

from .. import paths, secrets
from ..config import references
from ..config.challenges import Alpn, Apache, Nginx, Standalone
from ..driver.command import DEFAULT_PATH
from ..driver.release import verification
from ..driver.wrapper_script import read_own
from ..errors import AcmewrapError
from ..failures.catalogue import CATALOGUE
from ..plan.machine_steps import ChangeMode, InstallRelease, RenderWrapper, SetAccess
from ..plan.planner import PlanOptions, plan
from ..plan.steps import MachineStep
from ..reasons import Plain
from ..report import wording
from ..secrets import EnvironmentReference, FileReference
from ..state import file_modes, installed_files
from ..state.machine import read_state
from ..state.model import Part
from .finding import Check, DoctorContext, Finding

_Step = TypeVar("_Step", bound=MachineStep)
_TOOLS = ("bash", "curl", "openssl")
_TOOLS_OF = {Standalone: "socat", Alpn: "socat", Nginx: "nginx", Apache: "apachectl"}


def checks(context: DoctorContext) -> Iterator[Check]:
    yield Check("the tools that acme.sh needs", partial(_tools, context))
    yield Check(f"acme.sh {context.config.acme_sh.release}", partial(_release, context))
    yield Check("the wrapper script", partial(_wrapper, context))
    yield Check("file modes", lambda: map(_open, file_modes.inspect(context.config)))
    yield Check(
        "owners and modes of installed files",
        lambda: map(_misplaced, installed_files.inspect(context.config).misplaced),
    )
    yield Check("the secrets", partial(_secrets, context))


def steps(context: DoctorContext, part: Part, kind: Type[_Step]) -> Iterator[_Step]:
    """What a plan would do about one part of the machine."""
    state = read_state(context.config, frozenset((part,)), ("",), context.environ)
    for failed in state.unread:
        raise AcmewrapError(failed)
    planned = plan(context.config, state, context.clock(), PlanOptions()).steps
    return (step for step in planned if isinstance(step, kind))


def _tools(context: DoctorContext) -> Iterator[Finding]:
    needed = dict.fromkeys(_TOOLS)
    for certificate in context.certificates():
        needed.update(dict.fromkeys(_TOOLS_OF[type(way)] for way in certificate.challenges if type(way) in _TOOLS_OF))
    path = context.environ.get("PATH") or DEFAULT_PATH
    for folder in dict.fromkeys(path.split(":")):
        if os.path.isdir(folder) and os.stat(folder).st_mode & 0o002:
            yield Finding.of("tool.path_writable", f"everybody can write to {folder}, in PATH", folder=folder)
    for tool in needed:
        if shutil.which(tool, path=path) is None:
            yield Finding.of("tool.missing", f"{tool} is not installed, or not in PATH ({path})")


def _release(context: DoctorContext) -> Iterator[Finding]:
    config = context.config
    try:
        verification.verify_settings(paths.program_folder(config), config.acme_sh)
    except AcmewrapError as error:
        # Files that somebody changed are for a person to look at; what is merely not there can be installed.
        step = next(steps(context, "release", InstallRelease), None)
        yield Finding(error.failure, step if CATALOGUE[error.id].fixable else None)


def _wrapper(context: DoctorContext) -> Iterator[Finding]:
    for step in steps(context, "wrapper", RenderWrapper):
        message = f"{step.path}: {wording.reason_of(step)}"
        if step.reason is Plain.FOREIGN:
            read_own(step.path)  # raises what is wrong with it
        else:
            yield Finding.of("doctor.wrapper_differs", message, fix=step)


def _secrets(context: DoctorContext) -> Iterator[Finding]:
    for reference in dict.fromkeys(one for _, one in references.find_unattended(context.config)):
        # A command is not run for the fun of it, and systemd's credentials are there only inside its unit.
        if isinstance(reference, (FileReference, EnvironmentReference)):
            try:
                secrets.resolve(reference, context.environ)
            except AcmewrapError as error:
                yield Finding(error.failure)
    yield from map(_open, file_modes.inspect_secrets(context.config))


def _open(excess: file_modes.Excess) -> Finding:
    return Finding(excess.describe(), ChangeMode.of(excess) if excess.ours else None)


def _misplaced(misplaced: installed_files.Misplaced) -> Finding:
    return Finding(misplaced.describe(), SetAccess.of(misplaced))
