"""What lies on this machine: the tools, the pinned acme.sh, the rendered files, their modes, the secrets."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, Union

from .. import files, paths, secrets
from ..catalogue import CATALOGUE, failure
from ..config.model import Alpn, Apache, Config, Dns, Nginx, Standalone
from ..driver.command import DEFAULT_PATH
from ..driver.release import installation
from ..engine import machine_steps
from ..errors import AcmewrapError
from ..plan.planner import MACHINE_KINDS, Kind, PlanOptions, Step, plan
from ..secrets import EnvironmentReference, FileReference, Reference
from ..state.machine import Part, read_state
from .finding import Check, DoctorContext, Finding

_TOOLS = ("bash", "curl", "openssl")
_TOOLS_OF = {Standalone: "socat", Alpn: "socat", Nginx: "nginx", Apache: "apachectl"}


def checks(patient: DoctorContext) -> Iterator[Check]:
    yield Check("the tools that acme.sh needs", partial(_tools, patient))
    yield Check(f"acme.sh {patient.config.acme_sh.release}", partial(_release, patient))
    yield Check("the wrapper script", partial(_wrapper, patient))
    yield Check("who can read what", partial(_modes, patient))
    yield Check("the secrets", partial(_secrets, patient))


def steps(patient: DoctorContext, part: Part, *kinds: Kind) -> Iterator[Step]:
    """What a plan would do about one part of the machine."""
    state = read_state(patient.config, frozenset((part,)), ("",))
    return iter(plan(patient.config, state, patient.clock(), PlanOptions(kinds or MACHINE_KINDS)).steps)


def mender(patient: DoctorContext, step: Step) -> partial[None]:
    """The step, to be performed as the engine does."""
    return partial(machine_steps.perform, step, patient.config, patient.environ)


def _tools(patient: DoctorContext) -> Iterator[Finding]:
    needed = dict.fromkeys(_TOOLS)
    for certificate in patient.certificates():
        needed.update(dict.fromkeys(_TOOLS_OF[type(one)] for one in certificate.challenges if type(one) in _TOOLS_OF))
    path = patient.environ.get("PATH") or DEFAULT_PATH
    for tool in needed:
        if shutil.which(tool, path=path) is None:
            yield Finding(failure("tool.missing", f"{tool} is not installed, or not in PATH ({path})"))


def _release(patient: DoctorContext) -> Iterator[Finding]:
    config = patient.config
    try:
        installation.verify(paths.program_folder(config), config.acme_sh.release)
    except AcmewrapError as error:
        # Files that somebody changed are for a person to look at; what is merely not there can be installed.
        mend = next((mender(patient, step) for step in steps(patient, "release")), None)
        yield Finding(error.failure, mend if CATALOGUE[error.id].fixable else None)


def _wrapper(patient: DoctorContext) -> Iterator[Finding]:
    standings = read_state(patient.config, frozenset(("wrapper",)), ("",)).wrappers
    for step in steps(patient, "wrapper"):
        told = failure("doctor.wrapper_differs", f"{step.subject}: {step.reason}")
        if standings[Path(step.subject)] == "foreign":
            told = failure("file.foreign", f"{step.subject} was not written by acmewrap", path=step.subject)
            yield Finding(told)
        else:
            yield Finding(told, mender(patient, step))


def _modes(patient: DoctorContext) -> Iterator[Finding]:
    for step in steps(patient, "modes"):
        told = failure("doctor.file_mode", f"{step.subject}: {step.reason}")
        yield Finding(told, mender(patient, step))


def _secrets(patient: DoctorContext) -> Iterator[Finding]:
    for reference in dict.fromkeys(_references(patient.config)):
        # A command is not run for the fun of it, and systemd's credentials are there only inside its unit.
        if isinstance(reference, (FileReference, EnvironmentReference)):
            try:
                secrets.resolve(reference, patient.environ)
            except AcmewrapError as error:
                yield Finding(error.failure)
                continue
        if isinstance(reference, FileReference) and not secrets.is_private(reference.path):
            mode = os.stat(str(reference.path)).st_mode & 0o777
            told = failure("doctor.secret_readable", f"{reference.path}: its mode is {mode:04o}", file=reference.path)
            yield Finding(told, partial(reference.path.chmod, files.PRIVATE))


def _references(config: Config) -> Iterator[Reference]:
    if config.synology is not None:
        yield config.synology.account.password
    for authority in config.authorities.values():
        if authority.eab is not None:
            yield authority.eab.hmac_key
    for certificate in config.certificates.values():
        environments: List[Dict[str, Union[str, Reference]]] = [dict(one.env) for one in certificate.targets]
        environments += [dict(one.env) for one in certificate.challenges if isinstance(one, Dns)]
        for environment in environments:
            yield from (value for value in environment.values() if not isinstance(value, str))
