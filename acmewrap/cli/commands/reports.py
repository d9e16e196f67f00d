"""Commands that look and say what they found."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Dict, Tuple

from ...errors import AcmewrapError, ExitCode
from ...formats.text import counted
from ...system.files import PUBLIC, write_atomic
from ..invocation import Invocation

_WORST_FIRST = (ExitCode.PERMISSION, ExitCode.ISSUE_FAILED, ExitCode.DEPLOY_FAILED)


def check(invocation: Invocation) -> ExitCode:
    job, printer = invocation.job(), invocation.printer
    config, warnings = job.config, job.check()
    printer.warn(map(str, warnings))
    also = f", {counted(len(warnings), 'warning')}" if warnings else ""
    printer.lines([f"{config.file}: no problems{also}, {counted(len(config.certificates), 'certificate')}"])
    printer.document(ExitCode.OK, config=config.file, warnings=warnings, certificates=config.certificates)
    return ExitCode.OK


def status(invocation: Invocation) -> ExitCode:
    from datetime import datetime, timezone

    from ...engine.verbs import schedule_status
    from ...engine.verbs.status import last_run
    from ...report import screen

    job, printer = invocation.job(), invocation.printer
    if invocation.options.format == "prometheus":
        printer.raw(job.metrics(*invocation.names()).rstrip("\n"))
        return ExitCode.OK
    with printer.waiting("Looking at the targets"):
        statuses = job.status(*invocation.names())
        schedule = schedule_status.look(job.config, invocation.environ, time.time())
    now, last = datetime.now(timezone.utc), last_run(job.config)
    codes = {one.exit_code for one in statuses.values()}
    code = next((code for code in _WORST_FIRST if code in codes), ExitCode.OK)
    if code == ExitCode.OK and schedule is not None and schedule.failure is not None:
        code = ExitCode.UNEXPECTED
    printer.status(statuses, now)
    printer.lines(screen.status_notes(statuses, last, schedule), always=True)
    printer.document(code, last_run_at=last, schedule=schedule, certificates=statuses)
    return code


def report(invocation: Invocation) -> ExitCode:
    job, printer = invocation.job(), invocation.printer
    with printer.waiting("Looking at the targets"):
        found = job.report(*invocation.names())
    if printer.as_json:
        runs = {"last_run_at": found.last_run_at, "next_run_at": found.next_run_at, "runs": found.runs}
        parts = {"plan": found.pending, "unread": found.unread, "certificates": found.certificates}
        printer.document(ExitCode.OK, **runs, **parts)
    elif invocation.options.output is None:
        printer.raw(found.html())
    else:
        write_atomic(Path(invocation.options.output), found.html(), PUBLIC)
        printer.lines([f"Written to {invocation.options.output}"])
    return ExitCode.OK


def doctor(invocation: Invocation) -> ExitCode:
    """Every check as it is made; with ``--fix`` what is safe is fixed and everything checked again."""
    from ...config.cleartext import find_warnings
    from ...doctor import Checked, DoctorNotice, Fact
    from ...report import screen
    from ...report.failures import failure_lines

    options, printer, job = invocation.options, invocation.printer, invocation.job()
    if options.support_file is not None:
        return _write_support(invocation, Path(options.support_file))
    seen: Dict[Tuple[str, str], Fact] = {}

    def report(notice: DoctorNotice) -> None:
        if isinstance(notice, Checked):
            seen.update({(notice.name, fact.name): fact for fact in notice.facts})
            failures = [finding.failure for finding in notice.findings]
            facts = [(fact.name, fact.value) for fact in notice.facts]
            printer.lines(screen.check_lines(notice.name, failures, notice.reason, facts), always=bool(failures))
            return
        printer.lines(["", "What is safe to fix was fixed; checking again:"])
        for error in notice.errors:
            printer.lines(failure_lines(error.failure), always=True)

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
    printer.document(code, findings=findings, facts=tuple(seen.values()), warnings=warnings)
    return code


def _write_support(invocation: Invocation, path: Path) -> ExitCode:
    import json

    answers = invocation.job().collect_support()
    write_atomic(path, json.dumps(answers, indent=1, sort_keys=True) + "\n")
    invocation.printer.lines([f"Written to {path}; it holds no secrets, and you can read all of it."])
    invocation.printer.document(ExitCode.OK, support_file=str(path))
    return ExitCode.OK


def version(invocation: Invocation) -> ExitCode:
    from ... import __version__
    from ...config.model import AcmeShSettings

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

    from ... import config
    from ...report import document

    wanted = document.schema() if invocation.options.document else config.schema()
    invocation.printer.raw(json.dumps(wanted, indent=2))
    invocation.printer.document(ExitCode.OK, schema=wanted)
    return ExitCode.OK
