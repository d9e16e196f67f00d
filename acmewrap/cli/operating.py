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
    import socket

    from ..converge import rehearsal
    from ..converge.job import Job
    from ..converge.plan import Wish
    from ..report import document, screen

    options, printer, config = invocation.options, invocation.printer, invocation.load()
    names = invocation.select(config)
    bundle = Path(os.path.abspath(options.ca_bundle)) if options.ca_bundle is not None else None
    parts = frozenset(("release", "bundle", "certificates"))
    with rehearsal.stage(config, server=options.server, ca_bundle=bundle) as staged:
        job = Job(staged, Wish(rehearsal.KINDS), parts, names, invocation.environ, options.timeout)  # type: ignore[arg-type]
        with printer.following() as listener:
            done = job.execute(listener)
        printer.lines(screen.rehearsal_lines(done), always=done.exit_code != ExitCode.OK)
        if printer.as_json:
            printer.document(done.exit_code, **document.describe_run(done, socket.gethostname(), "rehearsal"))
    return done.exit_code


def revoke(invocation: Invocation) -> ExitCode:
    """Revoke one certificate at its authority; every other run is kept out meanwhile."""
    from ..converge import layout
    from ..converge.engine import Engine
    from ..converge.surroundings import Surroundings

    options, config = invocation.options, invocation.load()
    options.names = [options.name]
    (name,) = invocation.select(config)
    certificate = config.certificates[name]
    around = Surroundings(invocation.environ)
    with Engine(config, around).hold():
        stored = layout.home_of(config, certificate).read(*layout.name_of(certificate))
        if stored is None or stored.leaf is None:
            raise IssueError(failure("certificate.not_issued", f"{name} was not issued yet", name=name))
        acme = around.open_acme(config, config.authority_of(certificate))
        result = acme.revoke(certificate.domains[0], key=certificate.key, reason=options.reason)
    if result.failure is not None:
        raise IssueError(result.failure)
    serial = stored.leaf.serial
    invocation.printer.lines([f"Revoked: {name}, serial {serial}. The next `acmewrap apply` issues another one."])
    invocation.printer.document(ExitCode.OK, revoked={"name": name, "serial": serial, "sha256": stored.leaf.sha256})
    return ExitCode.OK


def run(invocation: Invocation) -> ExitCode:
    """Become acme.sh, as the wrapper script starts it."""
    from ..converge import layout
    from ..driver import release
    from ..driver.wrapper import read_own

    config, arguments = invocation.load(), invocation.options.arguments
    chosen = invocation.authority(config)
    wrapper = next(one for one in layout.wrappers(config) if one.home == chosen.home)
    script = wrapper.path
    release.verify(layout.program_folder(config), config.acme_sh.release)
    words = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not script.exists():
        raise AcmewrapError(failure("wrapper.missing", f"{script} does not exist"))
    if read_own(script) != wrapper.render():  # an older one may let an authority do more
        raise AcmewrapError(failure("wrapper.missing", f"{script} is not the one of this configuration"))
    os.execve(str(script), [str(script), *words], dict(invocation.environ))  # noqa: S606 - the wrapper takes over, signals and all


def demo(invocation: Invocation) -> ExitCode:
    from ..testing import demo

    code = demo.perform(invocation.environ, lambda line: invocation.printer.lines([line]))
    invocation.printer.document(code)
    return code


COMMANDS: Mapping[str, Command] = {"rehearse": rehearse, "revoke": revoke, "run": run, "demo": demo}
