"""The command about this program itself: another one-file build in its place, or the one before it again."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from ... import __version__
from ...errors import AcmewrapError, ExitCode
from ...failures import failure
from ...system.reading import LARGE, read_bytes
from ..invocation import Invocation


def self_update(invocation: Invocation) -> ExitCode:
    """Look at the other build, then let it take this one's place."""
    from ... import self_update as update
    from .. import identity

    options, printer = invocation.options, invocation.printer
    program = update.own_program()
    identity.settle_for_update(program, invocation.environ, for_good=invocation.own_process)
    if options.rollback:
        version, build = update.version_kept(program), None
    else:
        signers = options.signers and Path(options.signers)
        build = update.fetch(options.source, invocation.environ, signers, options.sha256)
        version = build.version
        if build.is_older and not options.force:
            message = f"{options.source} is acmewrap {version}, older than this {__version__}"
            raise AcmewrapError(failure("update.older", message))
    kept: Optional[Path] = None
    unchanged = build is not None and build.content == read_bytes(program, LARGE)
    if options.dry_run:
        replacing = f"replace {program}: acmewrap {__version__} by {version}"
        return invocation.report_actions([] if unchanged else [replacing])
    if unchanged:
        printer.lines([f"{program} is that very build of acmewrap {version} already."])
    else:
        if build is None:
            update.roll_back(program)
        else:
            update.replace(program, build)
            kept = update.kept(program)
        printer.lines([f"{program} is acmewrap {version} now."], always=True)
        if kept is not None:
            printer.lines([f"The one before is {kept}; to go back: acmewrap self-update --rollback"])
        printer.lines(["A schedule may start a copy beside the certificates; `acmewrap apply` brings that up to date."])
    parts = {"path": program, "from": __version__, "to": version, "kept": kept}
    printer.document(ExitCode.OK, changed=not unchanged, **parts)
    return ExitCode.OK
