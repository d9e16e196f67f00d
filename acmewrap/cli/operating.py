"""Commands that do something once, beside what the file asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping

from ..catalogue import failure
from ..errors import AcmewrapError, ExitCode, IssueError
from .invocation import Command, Invocation


def rehearse(invocation: Invocation) -> ExitCode:
    """Order into a home that is thrown away."""
    from ..engine import rehearsal
    from ..engine.job import Job
    from ..plan.planner import PlanOptions
    from ..report import document, screen

    options, printer, config = invocation.options, invocation.printer, invocation.load()
    names = invocation.select(config)
    bundle = Path(os.path.abspath(options.ca_bundle)) if options.ca_bundle is not None else None
    parts = frozenset(("release", "bundle", "certificates"))
    with rehearsal.stage(config, server=options.server, ca_bundle=bundle) as staged:
        job = Job(staged, PlanOptions(rehearsal.KINDS), parts, names, invocation.environ, options.timeout)  # type: ignore[arg-type]
        with printer.following() as listener:
            done = job.execute(listener)
        printer.lines(screen.rehearsal_lines(done), always=done.exit_code != ExitCode.OK)
        printer.document(done.exit_code, **document.of_run(done))
    return done.exit_code


def revoke(invocation: Invocation) -> ExitCode:
    """Revoke one certificate at its authority; every other run is kept out meanwhile."""
    from .. import paths
    from ..engine.context import RunContext
    from ..engine.engine import Engine

    options, config = invocation.options, invocation.load()
    options.names = [options.name]
    (name,) = invocation.select(config)
    certificate = config.certificates[name]
    context = RunContext(invocation.environ)
    with Engine(config, context).hold():
        stored = paths.home_of(config, certificate).read(*paths.name_of(certificate))
        if stored is None or stored.leaf is None:
            raise IssueError(failure("certificate.not_issued", f"{name} was not issued yet", name=name))
        acme = context.open_acme(config, config.authority_of(certificate))
        result = acme.revoke(certificate.domains[0], key=certificate.key, reason=options.reason)
    if result.failure is not None:
        raise IssueError(result.failure)
    serial = stored.leaf.serial
    invocation.printer.lines([f"Revoked: {name}, serial {serial}. The next `acmewrap apply` issues another one."])
    revoked = {"name": name, "serial": serial, "sha256": stored.leaf.sha256}
    invocation.printer.document(ExitCode.OK, changed=True, revoked=revoked)
    return ExitCode.OK


def run(invocation: Invocation) -> ExitCode:
    """Become acme.sh, as the wrapper script starts it."""
    from .. import paths
    from ..driver.release import installation

    config, arguments = invocation.load(), invocation.options.arguments
    chosen = invocation.authority(config)
    script = next(one for one in paths.wrappers(config) if one.home == chosen.home).path
    installation.verify(paths.program_folder(config), config.acme_sh.release)
    words = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not script.exists():
        raise AcmewrapError(failure("wrapper.missing", f"{script} does not exist"))
    os.execve(str(script), [str(script), *words], dict(invocation.environ))  # noqa: S606 - the wrapper takes over, signals and all


def demo(invocation: Invocation) -> ExitCode:
    from ..testing import demo

    code = demo.perform(invocation.environ, lambda line: invocation.printer.lines([line]))
    invocation.printer.document(code)
    return code


COMMANDS: Mapping[str, Command] = {"rehearse": rehearse, "revoke": revoke, "run": run, "demo": demo}
