"""Commands that do something once, beside what the file asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping

from ..catalogue import failure
from ..config import Config
from ..errors import AcmewrapError, ExitCode, IssueError
from ..x509 import X509
from .invocation import Command, Invocation, UsageError


def rehearse(invocation: Invocation) -> ExitCode:
    """Order into a home that is thrown away."""
    from ..engine import rehearsal
    from ..engine.job import Job
    from ..plan.planner import PlanOptions
    from ..report import document, screen

    options, printer, config = invocation.options, invocation.printer, invocation.load()
    names = invocation.select(config)
    if options.server is not None:
        _check_server(options.server)
    if options.dry_run:
        chosen = [one for name, one in config.certificates.items() if not names or name in names]
        return invocation.tell_actions(
            f"order {one.name} ({', '.join(one.domains)}) at {options.server or config.authority_of(one).server}, "
            "and keep nothing of it"
            for one in chosen
        )
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
    from ..engine.context import RunContext
    from ..engine.engine import Engine

    options, config = invocation.options, invocation.load()
    options.names = [options.name]
    (name,) = invocation.select(config)
    certificate, leaf = config.certificates[name], _leaf(config, name)
    what = f"{name}, serial {leaf.serial}, for {', '.join(leaf.names)}, at {config.authority_of(certificate).server}"
    if options.dry_run:
        return invocation.tell_actions([f"revoke {what}"])
    if not invocation.confirm([f"This revokes {what}.", "Clients may refuse it from now on. It cannot be undone."]):
        return ExitCode.OK
    context = RunContext(invocation.environ)
    with Engine(config, context).hold():
        if _leaf(config, name).sha256 != leaf.sha256:
            raise IssueError(failure("certificate.replaced", f"{name} is another certificate by now; none was revoked"))
        acme = context.open_acme(config, config.authority_of(certificate))
        result = acme.revoke(certificate.domains[0], key=certificate.key, reason=options.reason)
    if result.failure is not None:
        raise IssueError(result.failure)
    serial = leaf.serial
    invocation.printer.lines([f"Revoked: {name}, serial {serial}. The next `acmewrap apply` issues another one."])
    revoked = {"name": name, "serial": serial, "sha256": leaf.sha256}
    invocation.printer.document(ExitCode.OK, changed=True, revoked=revoked)
    return ExitCode.OK


def _leaf(config: Config, name: str) -> X509:
    from .. import paths

    certificate = config.certificates[name]
    stored = paths.home_of(config, certificate).read(*paths.name_of(certificate))
    if stored is None or stored.leaf is None:
        raise IssueError(failure("certificate.not_issued", f"{name} was not issued yet", name=name))
    return stored.leaf


def _check_server(url: str) -> None:
    from ..config.sections.scalars import SERVER

    try:
        SERVER.parse(url)
    except ValueError as error:
        raise UsageError(failure("cli.usage", f"--server: {error}")) from None


def run(invocation: Invocation) -> ExitCode:
    """Become acme.sh, as the wrapper script starts it."""
    from .. import paths
    from ..driver.release import installation
    from ..driver.wrapper import read_own

    config, arguments = invocation.load(), invocation.options.arguments
    chosen = invocation.authority(config)
    wrapper = next(one for one in paths.wrappers(config) if one.home == chosen.home)
    script = wrapper.path
    installation.verify(paths.program_folder(config), config.acme_sh.release)
    words = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not script.exists():
        raise AcmewrapError(failure("wrapper.missing", f"{script} does not exist"))
    if read_own(script) != wrapper.render():  # an older one may let an authority do more
        raise AcmewrapError(failure("wrapper.missing", f"{script} is not the one of this configuration"))
    os.execve(str(script), [str(script), *words], dict(invocation.environ))  # noqa: S606 - the wrapper takes over, signals and all


def demo(invocation: Invocation) -> ExitCode:
    from ..testing import demo

    code = demo.perform(invocation.environ, lambda text: invocation.printer.lines(text.split("\n")))
    invocation.printer.document(code)
    return code


COMMANDS: Mapping[str, Command] = {"rehearse": rehearse, "revoke": revoke, "run": run, "demo": demo}
