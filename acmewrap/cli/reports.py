"""Commands that look and say what they found."""

from __future__ import annotations

import time
from typing import Mapping

from ..errors import AcmewrapError, ExitCode
from .invocation import Command, Invocation


def check(invocation: Invocation) -> ExitCode:
    job, printer = invocation.job(), invocation.printer
    config, warnings = job.config, job.check()
    printer.warn(map(str, warnings))
    count, warned = len(config.certificates), len(warnings)
    also = f", {warned} warning{'' if warned == 1 else 's'}" if warned else ""
    printer.lines([f"{config.file}: no problems{also}, {count} certificate{'' if count == 1 else 's'}"])
    printer.document(ExitCode.OK, config=config.file, warnings=warnings, certificates=config.certificates)
    return ExitCode.OK


def status(invocation: Invocation) -> ExitCode:
    from ..engine.status import last_run
    from ..report import screen

    job, printer = invocation.job(), invocation.printer
    with printer.waiting("Looking at the targets"):
        statuses = job.status(*invocation.names())
    now, last = time.time(), last_run(job.config)
    code = ExitCode.OK if all(one.is_healthy for one in statuses.values()) else ExitCode.UNEXPECTED
    printer.status(statuses, now)
    printer.lines(screen.status_notes(statuses, last), always=True)
    printer.document(code, last_run_at=last, certificates=statuses)
    return code


def doctor(invocation: Invocation) -> ExitCode:
    """Every check as it is made; with ``--fix`` what is safe is fixed and everything checked again."""
    from ..config.cleartext import find_warnings
    from ..doctor import Checked, Notice
    from ..report import screen

    options, printer, job = invocation.options, invocation.printer, invocation.job()

    def report(notice: Notice) -> None:
        if isinstance(notice, Checked):
            failures = [finding.failure for finding in notice.findings]
            printer.lines(screen.check_lines(notice.name, failures, notice.reason), always=bool(failures))
            return
        printer.lines(["", "What is safe to fix was fixed; checking again:"])
        for error in notice.errors:
            printer.lines(screen.failure_lines(error.failure), always=True)

    started = time.time()
    findings = job.doctor(
        *invocation.names(),
        fix=options.fix and not options.dry_run,
        http_port=options.http_port,
        address=options.address,
        writes=not options.dry_run,
        listener=report,
    )
    fixable = [finding for finding in findings if finding.fix is not None]
    if options.fix and options.dry_run and fixable:
        printer.lines(["", *(f"Would fix: {finding.failure.message}" for finding in fixable)], always=True)
    code = findings[0].exit_code if findings else ExitCode.OK
    warnings = find_warnings(job.config, invocation.environ)
    printer.warn(map(str, warnings))
    printer.lines(screen.doctor_lines(len(findings), len(fixable), time.time() - started))
    printer.document(code, findings=findings, warnings=warnings)
    return code


def version(invocation: Invocation) -> ExitCode:
    from .. import __version__
    from ..config import AcmeShSettings

    try:
        release = invocation.job().config.acme_sh.release
    except AcmewrapError:
        release = AcmeShSettings().release
    invocation.printer.lines([f"acmewrap {__version__}, acme.sh {release}"], always=True)
    invocation.printer.document(ExitCode.OK, acme_sh={"version": release})
    return ExitCode.OK


def schema(invocation: Invocation) -> ExitCode:
    """The schema of the file, or of the documents of ``--json``."""
    import json

    from .. import config
    from ..report import document

    wanted = document.schema() if invocation.options.document else config.schema()
    invocation.printer.lines(json.dumps(wanted, indent=2).split("\n"), always=True)
    invocation.printer.document(ExitCode.OK, schema=wanted)
    return ExitCode.OK


COMMANDS: Mapping[str, Command] = {
    "check": check,
    "status": status,
    "doctor": doctor,
    "version": version,
    "schema": schema,
}
