"""Commands about the releases of acme.sh: which there are, what another one changes, and the switch to it and back."""

from __future__ import annotations

from typing import AbstractSet, Dict, List, Mapping

from ..config import Config, Dns
from ..config.model import DEFAULT_RELEASE
from ..errors import ExitCode
from .invocation import Command, Invocation


def releases(invocation: Invocation) -> ExitCode:
    """What can be named as ``release``, newest last."""
    from ..driver.release import installation
    from ..report import screen

    pinned = installation.releases()
    invocation.printer.lines(screen.release_lines(pinned.values(), DEFAULT_RELEASE), always=True)
    invocation.printer.document(ExitCode.OK, releases=pinned.values())
    return ExitCode.OK


def upgrade(invocation: Invocation) -> ExitCode:
    """What differs between the release of the file and another one; then the switch, when somebody agrees to it."""
    from ..driver.release import installation
    from ..report import screen

    options, printer, config = invocation.options, invocation.printer, invocation.load()
    present, wanted = config.acme_sh.release, options.to or list(installation.releases())[-1]
    installation.pinned(wanted, allow_vulnerable=config.acme_sh.allow_vulnerable)
    changes, in_use = _compare(installation.manifest(present), installation.manifest(wanted)), _in_use(config)
    parts = {"from": present, "to": wanted, "files": {"in_use": sorted(in_use), **changes}}
    if present == wanted:
        printer.lines(
            [f"{config.file} asks for acme.sh {present} already; `acmewrap releases` lists the others."], always=True
        )
    else:
        printer.lines(screen.upgrade_lines((present, wanted), changes, in_use), always=True)
        if _is_agreed(invocation, wanted):
            return _switch(invocation, config, wanted, parts)
        printer.lines([f"Nothing was changed. To switch: acmewrap upgrade --to {wanted} --yes"], always=True)
    printer.document(ExitCode.OK, **parts)
    return ExitCode.OK


def _compare(old: Mapping[str, str], new: Mapping[str, str]) -> Dict[str, List[str]]:
    return {
        "added": sorted(set(new) - set(old)),
        "removed": sorted(set(old) - set(new)),
        "changed": sorted(path for path in set(old) & set(new) if old[path] != new[path]),
    }


def _in_use(config: Config) -> AbstractSet[str]:
    certificates = config.certificates.values()
    hooks = {f"deploy/{target.hook}.sh" for one in certificates for target in one.targets if target.hook}
    hooks |= {f"dnsapi/{way.hook}.sh" for one in certificates for way in one.challenges if isinstance(way, Dns)}
    return {"acme.sh", *hooks}


def _is_agreed(invocation: Invocation, wanted: str) -> bool:
    options = invocation.options
    if options.dry_run or options.yes:
        return not options.dry_run
    return invocation.printer.can_ask() and invocation.agrees(f"Switch to {wanted}?")


def _switch(invocation: Invocation, config: Config, wanted: str, parts: Mapping[str, object]) -> ExitCode:
    from ..config.edit import set_release
    from ..engine.upgrade import switch
    from ..report import document, screen

    options, printer = invocation.options, invocation.printer
    edit = set_release(config.file, wanted, invocation.environ)
    with printer.following() as listener:
        done = switch(edit, invocation.environ, listener, force=options.force)
    switched = done.exit_code == ExitCode.OK
    printer.lines(screen.run_lines(done) if done.results else ())
    printer.lines(
        screen.switch_lines(str(config.file), (config.acme_sh.release, wanted), switched=switched), always=True
    )
    printer.document(done.exit_code, **parts, **document.of_run(done), switched=switched)
    return done.exit_code


COMMANDS: Mapping[str, Command] = {"releases": releases, "upgrade": upgrade}
