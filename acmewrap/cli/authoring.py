"""Commands that help to write the file: a first one, its schema, and the shell's help with the words of the command line."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from .. import files, templates
from ..catalogue import failure
from ..errors import AccessError, AcmewrapError, ExitCode
from .invocation import Command, Invocation

TEMPLATES: Mapping[str, str] = {
    "synology": "a Synology NAS",
    "web-server": "a Linux web server",
    "dns": "names proven in the DNS, wildcards too",
}
_WEBROOTS: Mapping[str, str] = {"synology": "/var/lib/letsencrypt", "web-server": "/var/www/html"}
_NAME = "acmewrap.yaml"


class UsageError(AcmewrapError):
    """An answer is missing or cannot be."""


def init(invocation: Invocation) -> ExitCode:
    """Ask for what the options leave open, and write the file."""
    options, printer = invocation.options, invocation.printer
    output = options.output or options.config or _NAME
    if output != "-" and os.path.lexists(output) and not options.force:
        told = failure("file.exists", f"{output} is there already", path=output)
        raise AccessError(told)
    text = render(_answers(options))
    if output == "-":
        printer.lines([text.rstrip("\n")], always=True)
    else:
        files.write_atomic(Path(os.path.abspath(output)), text, files.PUBLIC)
        printer.lines([f"Written: {output}", *_next_steps(options.template, output)])
    printer.document(ExitCode.OK, path=None if output == "-" else output, text=text)
    return ExitCode.OK


def render(answers: Mapping[str, object]) -> str:
    """The text of a file for *answers*: template, domains, server, ca_bundle, webroot."""
    return templates.render(f"{answers['template']}.yaml.j2", **answers)


def schema(invocation: Invocation) -> ExitCode:
    """The schema of the file, or of the documents of ``--json``."""
    from .. import config
    from ..report import schema

    wanted = schema.schema() if invocation.options.document else config.schema()
    invocation.printer.lines([json.dumps(wanted, indent=2)], always=True)
    invocation.printer.document(ExitCode.OK, schema=wanted)
    return ExitCode.OK


def completion(invocation: Invocation) -> ExitCode:
    from . import completion

    script = completion.script(invocation.options.shell)
    invocation.printer.lines([script.rstrip("\n")], always=True)
    invocation.printer.document(ExitCode.OK, script=script)
    return ExitCode.OK


# --- asking ------------------------------------------------------------------------------------------------------------


def _answers(options: argparse.Namespace) -> Dict[str, object]:
    from ..config.sections.domains import DOMAIN
    from ..config.sections.scalars import SERVER

    asks = sys.stdin.isatty() and not options.json
    missing: List[str] = []

    def ask(flag: str, given: Optional[str], question: str, parse: Callable[[str], object], default: str = "") -> str:
        if given is not None:
            return _checked(flag, given, parse)
        if not asks:
            if not default:
                missing.append(flag)
            return default
        return _ask(question, parse, default)

    if asks:
        print("A few questions; Enter takes what stands in brackets. Everything can be changed in the file later.\n")
    kinds = "".join(f"\n    {name:<11} {what}" for name, what in TEMPLATES.items())
    template = ask(
        "--template", options.template, f"What is it for?{kinds}\nOne of these", _one_of(TEMPLATES), "synology"
    )
    options.template = template
    server = ask("--server", options.server, "The URL of the ACME directory", SERVER.parse)
    given = None if options.domain is None else " ".join(options.domain)
    names = ask("--domain", given, "The names of the certificate, blanks between them", _each(DOMAIN.parse))
    bundle = ask("--ca-bundle", options.ca_bundle, "The authority's root certificate, a PEM file", _path, "ca.crt")
    webroot = ""
    if template in _WEBROOTS:
        question = "The folder that the web server shows at http://NAME/"
        webroot = ask("--webroot", options.webroot, question, _path, _WEBROOTS[template])
    if missing:
        raise UsageError(failure("cli.usage", f"nobody is there to answer: {', '.join(missing)} missing"))
    if asks:
        print()
    return {
        "template": template,
        "server": server,
        "domains": names.split(),
        "ca_bundle": bundle,
        "webroot": webroot,
    }


def _ask(question: str, parse: Callable[[str], object], default: str) -> str:
    while True:
        answer = input(f"{question}{f' [{default}]' if default else ''}: ").strip() or default
        try:
            parse(answer)
        except ValueError as error:
            print(f"  {error}")
        else:
            return answer


def _checked(flag: str, value: str, parse: Callable[[str], object]) -> str:
    try:
        parse(value)
    except ValueError as error:
        raise UsageError(failure("cli.usage", f"{flag}: {error}")) from None
    return value


def _one_of(words: Mapping[str, str]) -> Callable[[str], object]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return text

    return parse


def _each(parse: Callable[[str], object]) -> Callable[[str], object]:
    def parse_all(text: str) -> List[object]:
        if not text.split():
            raise ValueError("expected at least one name")
        return [parse(word) for word in text.split()]

    return parse_all


def _path(text: str) -> str:
    from ..config.sections.paths import unsafe

    if not text or unsafe(text):
        raise ValueError(unsafe(text) or "expected a path")
    return text


def _next_steps(template: str, output: str) -> Tuple[str, ...]:
    named = "" if output == _NAME else f" --config {output}"
    first = {
        "synology": ("Put the password of the DSM user into dsm.password (chmod 600).",),
        "web-server": ("Look at the paths under `install`.",),
        "dns": ("Choose the hook under `dns`, and give what it reads in `env`.",),
    }
    return ("Next:", *(f"  - {line}" for line in first[template]), f"  - acmewrap check{named}, then plan, then apply")


COMMANDS: Mapping[str, Command] = {"init": init, "schema": schema, "completion": completion}
