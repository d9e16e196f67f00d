"""The words of the command line. What each command means, with examples, stands in :mod:`.manual`."""

from __future__ import annotations

import argparse
import re
from typing import Dict, NoReturn, Sequence, Tuple

from ..text import visible_lines
from .manual import COMMANDS, EXIT_CODES, OPTIONS, PLACES, START

PROGRAM = "acmewrap"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options as attributes; exits with 2 and a usage line when they make no sense."""
    parser = build()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        parser.exit(2)
    for flag in OPTIONS:
        if getattr(options, flag[2:].replace("-", "_")) and flag not in COMMANDS[options.command].takes:
            parser.error(f"{flag} means nothing to the command {options.command}")
    return options


class _Parser(argparse.ArgumentParser):
    """Shows what it was given in its messages, as any text from outside is shown."""

    def error(self, message: str) -> NoReturn:
        super().error(visible_lines(message))


def build() -> argparse.ArgumentParser:
    """The parser with all of its commands; completion asks it."""
    parser = _Parser(
        prog=PROGRAM,
        usage="%(prog)s COMMAND [options]",
        description=f"One YAML file in, a proven certificate out: acme.sh against a private ACME authority.\n\n{START}",
        epilog=f"{PLACES}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_common(parser, tuple(OPTIONS), first=True)
    group = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", prog=PROGRAM)
    commands: Dict[str, argparse.ArgumentParser] = {}
    for name, page in COMMANDS.items():
        commands[name] = group.add_parser(
            name,
            help=page.summary,
            description=f"{page.summary[0].upper()}{page.summary[1:]}.\n\n{page.text}".rstrip(),
            epilog="examples:\n" + "\n".join(f"  {line}" for line in page.examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if page.names:
            commands[name].add_argument("names", nargs="*", metavar="NAME", help="certificates (default: all)")
        _add_common(commands[name], page.takes, first=False)
    _add_own(commands)
    return parser


def _add_own(commands: Dict[str, argparse.ArgumentParser]) -> None:
    """Options and arguments that only one command has."""
    commands["plan"].add_argument("--exit-code", action="store_true", help="exit with 2 when something is pending")
    for name in ("plan", "apply"):
        commands[name].add_argument("--prune", action="store_true", help="also remove what the file no longer names")
    doctor = commands["doctor"]
    doctor.add_argument("--fix", action="store_true", help="fix what is safe to fix, then check again")
    doctor.add_argument(
        "--support-file",
        metavar="FILE",
        help="write how DSM answers, without values, to send to the project; then stop",
    )
    doctor.add_argument(
        "--http-port", type=_port, default=80, metavar="PORT", help="where the names' web servers listen (80)"
    )
    doctor.add_argument(
        "--address", metavar="ADDRESS", help="take this for the address of every name, instead of asking the DNS"
    )
    rehearse = commands["rehearse"]
    rehearse.add_argument("--server", metavar="URL", help="another directory, such as the authority's staging one")
    rehearse.add_argument("--ca-bundle", metavar="FILE", help="the roots that directory is trusted by")
    _add_init(commands["init"])
    commands["schema"].add_argument("--document", action="store_true", help="the schema of what --json prints instead")
    commands["completion"].add_argument("shell", choices=("bash", "zsh", "fish"))
    upgrade = commands["upgrade"]
    upgrade.add_argument("--to", metavar="VERSION", help="a pinned release (default: the newest)")
    update = commands["self-update"]
    way = update.add_mutually_exclusive_group(required=True)
    way.add_argument("--from", dest="source", metavar="FILE", help="the new acmewrap.pyz, a path or URL")
    way.add_argument("--rollback", action="store_true", help="to the build before this one")
    update.add_argument("--signers", metavar="FILE", help="who may sign, in place of those whom this build trusts")
    update.add_argument(
        "--sha256", type=_digest, metavar="HEX", help="the file's sum, verified elsewhere; no signature is asked for"
    )
    for name in ("apply", "upgrade", "schedule", "revoke"):
        commands[name].add_argument("--yes", action="store_true", help="do not ask")
    schedule = commands["schedule"]
    schedule.add_argument("action", choices=("show", "run", "remove"), help="what to do with it")
    schedule.add_argument(
        "--wait", type=_seconds, default=900.0, metavar="SECONDS", help="how long `run` waits for its end (900)"
    )
    revoke = commands["revoke"]
    revoke.add_argument("name", metavar="NAME", help="the certificate")
    revoke.add_argument("--reason", type=int, default=0, choices=(0, 1, 3, 4, 5), help="CRLReason of RFC 5280, 5.3.1")
    run = commands["run"]
    run.add_argument("--authority", metavar="NAME", help="whose wrapper, when there are several authorities")
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="-- ARGS", help="passed to acme.sh as they are")


def _add_init(init: argparse.ArgumentParser) -> None:
    group = init.add_argument_group("answers (what is left out is asked for, on a terminal)")
    group.add_argument("--template", choices=("synology", "web-server", "dns"), help="what kind of machine")
    group.add_argument("--domain", action="append", metavar="NAME", help="a name of the certificate; repeatable")
    group.add_argument("--server", metavar="URL", help="the ACME directory of the authority")
    group.add_argument("--ca-bundle", metavar="FILE", help="the roots the authority's server is trusted by")
    group.add_argument("--webroot", metavar="FOLDER", help="what the web server serves as http://NAME/")
    group.add_argument("--output", metavar="FILE", default=None, help="where to write (acmewrap.yaml; - prints)")


def _add_common(parser: argparse.ArgumentParser, takes: Tuple[str, ...], *, first: bool) -> None:
    """Options that may stand before and after the command; after it they win. What the command does not take is not shown."""
    group = parser.add_argument_group("common options")
    flag = False if first else argparse.SUPPRESS
    value = None if first else argparse.SUPPRESS

    def add(*words: str, default: object, help: str, **more: object) -> None:
        group.add_argument(*words, default=default, help=help, **more)  # type: ignore[arg-type]

    add("-c", "--config", metavar="FILE", default=value, help="the YAML file (default: the usual places)")
    add("--json", action="store_true", default=flag, help="one JSON document on standard output")
    shown = {name: text if name in takes else argparse.SUPPRESS for name, text in OPTIONS.items()}
    add("--only", action="append", metavar="NAME", default=value, help=shown["--only"])
    add("--force", action="store_true", default=flag, help=shown["--force"])
    add("--dry-run", action="store_true", default=flag, help=shown["--dry-run"])
    add("--timeout", type=_seconds, metavar="SECONDS", default=value, help="deadline of each call of acme.sh")
    add("-v", "--verbose", action="store_true", default=flag, help="also what acme.sh prints")
    add("-q", "--quiet", action="store_true", default=flag, help="failures only")
    add("--no-color", action="store_true", default=flag, help="no colours (also: NO_COLOR)")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, not {text!r}")
    return seconds


def _digest(text: str) -> str:
    if not re.fullmatch("[0-9A-Fa-f]{64}", text):
        raise argparse.ArgumentTypeError(f"expected 64 hexadecimal digits, not {text!r}")
    return text


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else 0
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535, not {text!r}")
    return port
