"""The first file, made from answers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from ... import templates
from ...config.arguments import check_path
from ...errors import AccessError, ExitCode
from ...failures import failure
from ...formats.text import Lines
from ...system import files
from ..invocation import Invocation, UsageError, checked
from ..output import Printer
from ..parser import TEMPLATES

_WEBROOTS: Mapping[str, str] = {"synology": "/var/lib/letsencrypt", "web-server": "/var/www/html"}
_NAME = "acmewrap.yaml"


def init(invocation: Invocation) -> ExitCode:
    """Ask for what the options leave open, and write the file."""
    options, printer = invocation.options, invocation.printer
    output = options.output or options.config or _NAME
    path = Path(os.path.abspath(output))
    if output != "-" and os.path.lexists(output) and not options.force:
        raise AccessError(failure("file.exists", f"{output} is there already", path=output))
    answers = _answers(options, printer)
    text = render(answers)
    if output == "-":
        printer.lines(text.rstrip("\n").split("\n"), always=True)
    elif options.dry_run:
        printer.lines([f"Would write: {output}", *text.rstrip("\n").split("\n")], always=True)
    else:
        if os.geteuid() == 0:
            from .. import identity

            identity.settle_for_output(path, invocation.environ, for_good=invocation.own_process)
        files.write_atomic(path, text, files.PUBLIC)
        printer.lines([f"Written: {output}", *_next_steps(options.template, output, str(answers["ca_bundle"]))])
    written = output != "-"
    printer.document(ExitCode.OK, changed=written, path=output if written else None, text=Lines(text))
    return ExitCode.OK


def render(answers: Mapping[str, object]) -> str:
    """The text of a file for *answers*: template, domains, server, ca_bundle, webroot."""
    return templates.render(f"{answers['template']}.yaml.j2", **answers)


# --- asking ------------------------------------------------------------------------------------------------------------


def _answers(options: SimpleNamespace, printer: Printer) -> Dict[str, object]:
    from ...config.binder.types import choice
    from ...config.sections.scalars import DOMAIN, SERVER

    asks = sys.stdin is not None and sys.stdin.isatty() and not options.json
    missing: List[str] = []

    def ask(flag: str, given: Optional[str], question: str, parse: Callable[[str], object], default: str = "") -> str:
        if given is not None:
            return checked(flag, given, parse)
        if not asks:
            if not default:
                missing.append(flag)
            return default
        return _ask(printer, question, parse, default)

    if asks:
        about = "A few questions; Enter takes what stands in brackets. Everything can be changed in the file later."
        printer.lines([about, ""])
    kinds = "".join(f"\n    {name:<11} {what}" for name, what in TEMPLATES.items())
    question, parse = f"What is it for?{kinds}\nOne of these", choice(tuple(TEMPLATES)).parse
    template = options.template = ask("--template", options.template, question, parse, "synology")
    server = ask("--server", options.server, "The URL of the ACME directory", SERVER.parse)
    given = None if options.domain is None else " ".join(options.domain)
    names = ask("--domain", given, "The names of the certificate, blanks between them", _each(DOMAIN.parse))
    bundle = ask("--ca-bundle", options.ca_bundle, "The authority's root certificate, a PEM file", _path, "ca.crt")
    webroot = ""
    if template in _WEBROOTS:
        question = "The folder that the web server shows at http://NAME/"
        webroot = ask("--webroot", options.webroot, question, _path, _WEBROOTS[template])
    if missing:
        raise UsageError(failure("cli.usage", f"not a terminal; required and missing: {', '.join(missing)}"))
    if asks:
        printer.lines([""])
    answers = {"template": template, "server": server, "domains": names.split()}
    return {**answers, "ca_bundle": bundle, "webroot": webroot}


def _ask(printer: Printer, question: str, parse: Callable[[str], object], default: str) -> str:
    while True:
        try:
            answer = printer.ask(f"{question}{f' [{default}]' if default else ''}: ") or default
        except EOFError:
            raise UsageError(failure("cli.usage", "the input ended before every question was answered")) from None
        try:
            parse(answer)
        except ValueError as error:
            printer.lines([f"  {error}"], always=True)
        else:
            return answer


def _each(parse: Callable[[str], object]) -> Callable[[str], object]:
    def parse_all(text: str) -> List[object]:
        if not text.split():
            raise ValueError("expected at least one name")
        return [parse(word) for word in text.split()]

    return parse_all


def _path(text: str) -> str:
    if not text:
        raise ValueError("expected a path")
    return check_path(text)


def _next_steps(template: str, output: str, bundle: str) -> Tuple[str, ...]:
    named = "" if output == _NAME else f" --config {output}"
    own = {
        "synology": "Put the password of the DSM user into dsm.password (chmod 600).",
        "web-server": "Look at the paths under `install`.",
        "dns": "Choose the hook under `dns`, and give what it reads in `env`.",
    }
    root = f"Put the root certificate of the authority (PEM) into {bundle}."
    steps = (root, own[template], f"acmewrap check{named}, then plan, then apply")
    return ("Next:", *(f"  - {step}" for step in steps))
