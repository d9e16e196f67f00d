"""Commands about the releases of acme.sh: which there are, what another one changes, and the switch to it and back."""

from __future__ import annotations

import contextlib
from typing import Mapping

from ...config.model import DEFAULT_RELEASE
from ...errors import AcmewrapError, ExitCode
from ...frozen import replace
from ...job import Job
from ...report import releases as release_report
from ..invocation import Invocation


def releases(invocation: Invocation) -> ExitCode:
    """What can be named as ``release``, newest last."""
    from ...driver.release import pin

    own = None
    with contextlib.suppress(AcmewrapError):  # those that acmewrap pins can be named without a file, too
        own = invocation.job().config.acme_sh.pin
    pinned = pin.releases(own)
    invocation.printer.lines(release_report.release_lines(pinned.values(), DEFAULT_RELEASE), always=True)
    invocation.printer.document(ExitCode.OK, releases=pinned.values())
    return ExitCode.OK


def pin(invocation: Invocation) -> ExitCode:
    """Pin what an archive holds, and show how it differs from what is pinned."""
    from pathlib import Path

    printer, job, pretend = invocation.printer, invocation.job(), invocation.options.dry_run
    pinned = job.pin(Path(invocation.options.archive).absolute(), pretend=pretend)
    printer.lines(release_report.upgrade_lines(pinned.change), always=True)
    printer.lines(release_report.pin_lines(pinned, str(job.config.file), pretend=pretend), always=True)
    parts = {"from": pinned.change.old, "to": pinned.version, "files": pinned.change}
    printer.document(ExitCode.OK, changed=not pretend, **parts, manifest=pinned)
    return ExitCode.OK


def upgrade(invocation: Invocation) -> ExitCode:
    """What differs between the release of the file and another one; then the switch, when somebody agrees to it."""
    printer, job = invocation.printer, invocation.job()
    change = job.compare_release(invocation.options.to)
    parts = {"from": change.old, "to": change.new, "files": change}
    if change.old == change.new:
        present = f"{job.config.file} asks for acme.sh {change.old} already"
        printer.lines([f"{present}; `acmewrap releases` lists the others."], always=True)
    else:
        printer.lines(release_report.upgrade_lines(change), always=True)
        options = invocation.options
        asks = not (options.dry_run or options.yes) and printer.can_ask()
        if invocation.agrees(f"Switch to {change.new}?") if asks else options.yes and not options.dry_run:
            return _switch(invocation, job, parts)
        printer.lines([f"Nothing was changed. To switch: acmewrap upgrade --to {change.new} --yes"], always=True)
    printer.document(ExitCode.OK, **parts)
    return ExitCode.OK


def _switch(invocation: Invocation, job: Job, parts: Mapping[str, object]) -> ExitCode:
    from ...report import document, screen

    printer, old, new = invocation.printer, str(parts["from"]), str(parts["to"])
    with printer.following() as listener:
        done = replace(job, listener=listener).upgrade(new, force=invocation.options.force)
    switched = done.exit_code == ExitCode.OK
    printer.lines(screen.run_lines(done) if done.results else ())
    printer.lines(release_report.switch_lines(str(job.config.file), (old, new), switched=switched), always=True)
    printer.document(done.exit_code, **parts, **document.of_run(done), switched=switched)
    return done.exit_code
