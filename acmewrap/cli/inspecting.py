"""Commands that look and change nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple

from ..catalogue import failure, invalid
from ..config import Config
from ..errors import AccessError, AcmewrapError, ExitCode
from ..files import write_atomic
from ..state.machine import CERTIFICATE_PARTS, read_state
from .invocation import Command, Invocation


def check(invocation: Invocation) -> ExitCode:
    from ..config.cleartext import find_warnings
    from ..plan import interval_check
    from ..schedule import entry
    from ..state import file_modes

    config, printer = invocation.load(), invocation.printer
    problems = interval_check.find_problems(config, read_state(config, CERTIFICATE_PARTS))
    if problems:
        raise invalid(problems)
    if config.schedule is not None:
        entry.refuse_weak(config)
    warnings = (*find_warnings(config, invocation.environ), *file_modes.find_warnings(config))
    printer.warn(map(str, warnings))
    count, warned = (
        len(config.certificates),
        f", {len(warnings)} warning{'' if len(warnings) == 1 else 's'}" if warnings else "",
    )
    printer.lines([f"{config.file}: no problems{warned}, {count} certificate{'' if count == 1 else 's'}"])
    printer.document(ExitCode.OK, config=config.file, warnings=warnings, certificates=config.certificates)
    return ExitCode.OK


def status(invocation: Invocation) -> ExitCode:
    from ..report import screen
    from ..report.status import assess, last_run

    config, printer = invocation.load(), invocation.printer
    names = invocation.select(config)
    with printer.waiting("Looking at the targets"):
        state = read_state(config, frozenset(("certificates", "wire")), names)
    now, last = time.time(), last_run(config)
    statuses = assess(config, state, now)
    code = ExitCode.OK if all(one.is_healthy for one in statuses.values()) else ExitCode.UNEXPECTED
    printer.status(statuses, now)
    printer.lines(screen.status_notes(statuses, last), always=True)
    printer.document(code, last_run_at=last, certificates=statuses)
    return code


def doctor(invocation: Invocation) -> ExitCode:
    """Every check as it is made; with ``--fix`` what is safe is fixed and everything checked again."""
    from ..config.cleartext import find_warnings
    from ..doctor import Check, DoctorContext, Fact, Finding, examine, fix
    from ..report import screen

    options, printer, config = invocation.options, invocation.printer, invocation.load()
    if options.support_file is not None:
        return _write_support(invocation, config, Path(options.support_file))
    names, writes = invocation.select(config), not options.dry_run
    context = DoctorContext(config, invocation.environ, names, options.http_port, options.address, writes=writes)

    seen: Dict[Tuple[str, str], Fact] = {}

    def report(check: Check, findings: Tuple[Finding, ...], reason: Optional[str], facts: Tuple[Fact, ...]) -> None:
        seen.update({(check.name, fact.name): fact for fact in facts})
        shown = [(fact.name, fact.value) for fact in facts]
        failures = [finding.failure for finding in findings]
        printer.lines(screen.check_lines(check.name, failures, reason, shown), always=bool(findings))

    started = time.time()
    findings = examine(context, report)
    fixable = [finding for finding in findings if finding.fix is not None]
    if options.fix and fixable and options.dry_run:
        printer.lines(["", *(f"Would fix: {finding.failure.message}" for finding in fixable)], always=True)
    elif options.fix and fixable:
        printer.lines(["", "Fixing what is safe to fix, then checking again:"])
        for error in fix(fixable, config, invocation.environ):
            printer.lines(screen.failure_lines(error.failure), always=True)
        findings = examine(context, report)
    code = findings[0].exit_code if findings else ExitCode.OK
    fixable = [finding for finding in findings if finding.fix is not None]
    warnings = find_warnings(config, invocation.environ)
    printer.warn(map(str, warnings))
    printer.lines(screen.doctor_lines(len(findings), len(fixable), time.time() - started))
    printer.document(code, findings=findings, facts=tuple(seen.values()), warnings=warnings)
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
