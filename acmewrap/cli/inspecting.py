"""Commands that look and change nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Mapping, Optional, Tuple

from ..catalogue import failure, invalid
from ..config import Config
from ..errors import AccessError, AcmewrapError, ExitCode
from ..files import write_atomic
from ..state.machine import CERTIFICATE_PARTS, read_state
from .invocation import Command, Invocation


def check(invocation: Invocation) -> ExitCode:
    from ..plan import interval_check

    config, printer = invocation.load(), invocation.printer
    problems = interval_check.find_problems(config, read_state(config, CERTIFICATE_PARTS))
    if problems:
        raise invalid(problems)
    count = len(config.certificates)
    printer.lines([f"{config.file}: no problems, {count} certificate{'' if count == 1 else 's'}"])
    printer.document(ExitCode.OK, config=str(config.file), certificates=list(config.certificates))
    return ExitCode.OK


def status(invocation: Invocation) -> ExitCode:
    from ..plan.status import assess, last_run
    from ..report import document, screen

    config, printer = invocation.load(), invocation.printer
    names = invocation.select(config)
    with printer.waiting("Looking at the targets"):
        state = read_state(config, frozenset(("certificates", "wire")), names)
    now, last = time.time(), last_run(config)
    statuses = assess(config, state, now)
    code = ExitCode.OK if all(one.is_healthy for one in statuses.values()) else ExitCode.UNEXPECTED
    printer.status(screen.status_rows(config, statuses, now))
    printer.lines(screen.status_notes(statuses, last), always=True)
    if printer.as_json:
        told = None if last is None else document.moment(last)
        printer.document(code, steps=[], last_run_at=told, certificates=invocation.describe(config, state))
    return code


def doctor(invocation: Invocation) -> ExitCode:
    """Every check as it is made; with ``--fix`` what is safe is mended and everything looked at again."""
    from ..doctor import Check, DoctorContext, Finding, examine, mend
    from ..report import document, screen

    options, printer, config = invocation.options, invocation.printer, invocation.load()
    if options.support_file is not None:
        return _write_support(invocation, config, Path(options.support_file))
    names = invocation.select(config)
    patient = DoctorContext(config, invocation.environ, names, options.http_port, options.address)

    def tell(check: Check, findings: Tuple[Finding, ...], reason: Optional[str]) -> None:
        printer.lines(screen.check_lines(check, findings, reason), always=bool(findings))

    started = time.time()
    findings = examine(patient, tell)
    if options.fix and any(one.mend is not None for one in findings):
        printer.lines(["", "Mending what is safe to mend; what comes of it:"])
        for error in mend(findings, config, invocation.environ):
            printer.lines(screen.failure_lines(error.failure), always=True)
        findings = examine(patient, tell)
    code = findings[0].exit_code if findings else ExitCode.OK
    printer.lines(screen.doctor_lines(findings, time.time() - started))
    if printer.as_json:
        printer.document(code, findings=document.describe_findings(findings))
    return code


def _write_support(invocation: Invocation, config: Config, path: Path) -> ExitCode:
    if config.synology is None:
        raise AccessError(failure("doctor.no_nas", f"{config.file} has no section `synology`"))
    from ..doctor import support

    answers = support.collect(config, invocation.environ)
    write_atomic(path, json.dumps(answers, indent=1, sort_keys=True) + "\n")
    invocation.printer.lines([f"Written to {path}; it holds no secrets, and you can read all of it."])
    invocation.printer.document(ExitCode.OK, support_file=str(path))
    return ExitCode.OK


def version(invocation: Invocation) -> ExitCode:
    from .. import __version__
    from ..config import AcmeShSettings

    try:
        release = invocation.load().acme_sh.release
    except AcmewrapError:
        release = AcmeShSettings().release
    invocation.printer.lines([f"acmewrap {__version__}, acme.sh {release}"], always=True)
    invocation.printer.document(ExitCode.OK, acme_sh={"version": release})
    return ExitCode.OK


COMMANDS: Mapping[str, Command] = {
    "check": check,
    "status": status,
    "doctor": doctor,
    "version": version,
}
