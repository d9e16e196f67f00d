"""The words of the command line. What each command means, with examples, stands in :mod:`acmewrap.report.manual`."""

from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any, List, Mapping, NoReturn, Optional, Sequence, Tuple

from ..formats.layout import wrap
from ..formats.text import visible_lines
from ..report.manual import COMMANDS, EXIT_CODES, OPTIONS, PLACES, START

PROGRAM = "acmewrap"
PATHS = ("FILE", "FOLDER", "ARCHIVE")
"""The metavars of what is a path, or may be one."""


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, not {text!r}")
    return seconds


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else 0
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535, not {text!r}")
    return port


def _digest(text: str) -> str:
    if len(text) != 64 or not set(text.lower()) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"expected 64 hexadecimal digits, not {text!r}")
    return text


TEMPLATES: Mapping[str, str] = {
    "synology": "a Synology NAS",
    "web-server": "a Linux web server",
    "dns": "names proven in the DNS, wildcards too",
}
_ANSWERS = "answers (what is left out is asked for, on a terminal)"
_IS_SET = {"action": "store_true"}
_MUST_BE_SET = {"required": True, **_IS_SET}
_WAIT = {"type": _seconds, "default": 900.0, "metavar": "SECONDS"}
_PORT = {"type": _port, "default": 80, "metavar": "PORT"}
_DIGEST = {"type": _digest, "metavar": "HEX"}
_ACTIONS = {"choices": ("show", "run", "adjust", "remove"), "metavar": "ACTION"}
_FILE, _URL = {"metavar": "FILE"}, {"metavar": "URL"}
# Options and arguments that only some commands have: which, the flag or the name, and what --help and argparse are to know of it.
_OWN: Tuple[Tuple[str, str, str, Mapping[str, Any]], ...] = (
    ("plan", "--exit-code", "exit with 2 when something is pending", _IS_SET),
    ("plan apply", "--prune", "also remove what the file no longer names", _IS_SET),
    ("doctor", "--fix", "fix what is safe to fix, then check again", _IS_SET),
    ("doctor", "--support-file", "write how DSM answers, without values, to send to the project; then stop", _FILE),
    ("doctor", "--http-port", "where the names' web servers listen (80)", _PORT),
    ("doctor", "--address", "the address of every name, in place of the DNS", {"metavar": "ADDRESS"}),
    ("report", "--output", "where to write (default: standard output)", _FILE),
    ("rehearse", "--server", "another directory, such as the authority's staging one", _URL),
    ("rehearse", "--ca-bundle", "the roots that directory is trusted by", _FILE),
    ("init", "--template", "what kind of machine", {"choices": tuple(TEMPLATES)}),
    ("init", "--domain", "a name of the certificate; repeatable", {"action": "append", "metavar": "NAME"}),
    ("init", "--server", "the ACME directory of the authority", _URL),
    ("init", "--ca-bundle", "the roots the authority's server is trusted by", _FILE),
    ("init", "--webroot", "what the web server serves as http://NAME/", {"metavar": "FOLDER"}),
    ("init", "--output", "where to write (acmewrap.yaml; - prints)", _FILE),
    ("schema", "--document", "the schema of what --json prints instead", _IS_SET),
    ("completion", "shell", "the shell that is to read it", {"choices": ("bash", "zsh", "fish")}),
    ("upgrade", "--to", "a pinned release (default: the newest with two witnesses)", {"metavar": "VERSION"}),
    ("pin", "archive", "a tar archive of acme.sh, or its unpacked folder", {"metavar": "ARCHIVE"}),
    ("self-update", "--from", "the new acmewrap.pyz, a path or URL", {"dest": "source", **_FILE}),
    ("self-update", "--rollback", "back to the build before this one", _IS_SET),
    ("self-update", "--signers", "who may sign, in place of those whom this build trusts", _FILE),
    ("self-update", "--sha256", "its sum, verified elsewhere, in place of a signature", _DIGEST),
    ("apply upgrade schedule revoke replace", "--yes", "do not ask", _IS_SET),
    ("monitoring", "action", "what to do with it", {"choices": ("test",)}),
    ("status", "--format", "how to print it (table)", {"choices": ("table", "prometheus"), "default": "table"}),
    ("schedule", "action", "show, run, adjust or remove it", _ACTIONS),
    ("schedule", "--wait", "how long `run` waits for its end (900)", _WAIT),
    ("revoke replace", "name", "the certificate", {"metavar": "NAME"}),
    ("replace", "--compromised", "others know its key: revoke it when another is proven", _MUST_BE_SET),
    ("revoke", "--reason", "CRLReason of RFC 5280, 5.3.1", {"type": int, "default": 0, "choices": (0, 1, 3, 4, 5)}),
    ("run", "--authority", "whose wrapper, when there are several authorities", {"metavar": "NAME"}),
    ("run", "arguments", "passed to acme.sh as they are", {"nargs": argparse.REMAINDER, "metavar": "-- ARGS"}),
)

# What people try who know other programs: the commands that do it here.
ALSO_TRIED: Mapping[str, Tuple[str, ...]] = {
    **dict.fromkeys(("renew", "certonly", "obtain"), ("apply", "issue")),
    **dict.fromkeys(("list", "ls", "certificates", "show", "info"), ("status",)),
    **dict.fromkeys(("validate", "lint", "configtest", "test"), ("check", "rehearse")),
    **dict.fromkeys(("verify", "health"), ("status", "doctor")),
    **dict.fromkeys(("diff", "preview"), ("plan",)),
    **dict.fromkeys(("reload", "reconcile", "sync"), ("apply",)),
    **dict.fromkeys(("remove", "delete", "uninstall"), ("apply", "revoke", "schedule")),
    **dict.fromkeys(("rotate", "rekey"), ("replace",)),
    **dict.fromkeys(("history", "log", "logs"), ("report",)),
    "update": ("upgrade", "self-update"),
}

_CHANGED = "also when its files were changed; they are kept beside the new ones"
_FORCED = {  # what --force does for a command
    "init": "replace a file that is there",
    "plan": "as `apply --force` would do it",
    "apply": "also renew what is not due; changed files of acme.sh are replaced and kept",
    "cron": "also renew what is not due",
    "issue": "also renew what is not due",
    "deploy": "also deploy what is served already",
    "install": _CHANGED,
    "upgrade": _CHANGED,
    "self-update": "also to an older build",
    "replace": "begin anew, although the last replacement is not finished",
}


def parse(arguments: Sequence[str]) -> SimpleNamespace:
    """The options as attributes; exits with 2 and a usage line when they make no sense."""
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:2], "--help"]
    parser = build(arguments)
    options, unknown = parser.parse_known_args(arguments)
    used: argparse.ArgumentParser = vars(options).pop("parser", parser)  # whose usage is shown
    if unknown:
        used.error(f"unrecognized arguments: {' '.join(unknown)}")
    if options.command is None:
        parser.print_help()
        parser.exit(2)
    for flag in OPTIONS:
        if getattr(options, flag[2:].replace("-", "_")) and flag not in COMMANDS[options.command].takes:
            used.error(f"{flag} means nothing to the command {options.command}")
    if options.command == "status" and options.format == "prometheus" and options.json:
        used.error("--format prometheus and --json are two formats of the same: give one of them")
    if options.command == "self-update" and (options.source is not None) == options.rollback:
        used.error("self-update takes one of --from FILE and --rollback")
    return SimpleNamespace(**vars(options))


class _Parser(argparse.ArgumentParser):
    """Shows what it was given in its messages, as any text from outside is shown, and what was meant by a command that is none."""

    def error(self, message: str) -> NoReturn:
        super().error(visible_lines(message))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.dest == "command" and value not in COMMANDS:
            from difflib import get_close_matches

            meant = ALSO_TRIED.get(value) or get_close_matches(value, COMMANDS, 2)
            hint = "".join(f"\n  {PROGRAM} {name:<11} {COMMANDS[name].summary}" for name in meant)
            advice = f"did you mean:{hint}" if meant else f"all of them: {PROGRAM} --help"
            self.error(f"there is no command {value!r}; {advice}")
        super()._check_value(action, value)


class _Formatter(argparse.HelpFormatter):
    """Paragraphs are filled to the width of the terminal; those with indented lines stay as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:  # noqa: ARG002  the shape of argparse
        paragraphs = text.split("\n\n")
        return "\n\n".join(each if "\n " in each else "\n".join(wrap(each, width)) for each in paragraphs)

    def _format_action(self, action: argparse.Action) -> str:
        text = super()._format_action(action)
        # Their heading says that these are commands.
        return text.partition("\n")[2] if action.nargs == argparse.PARSER else text

    def _split_lines(self, text: str, width: int) -> List[str]:
        return wrap(text, width)


def build(words: Optional[Sequence[str]] = None) -> argparse.ArgumentParser:
    """The parser with the commands that may be meant by *words* (None: any); their list may be asked for instead, with ``-h``."""
    named = [name for name in COMMANDS if words is None or name in words]
    listed = not named or any(word.startswith("-") and "h" in word for word in words or ())
    parser = _Parser(
        prog=PROGRAM,
        usage="%(prog)s COMMAND [options]",
        description=f"One YAML file in, a proven certificate out: acme.sh against a private ACME authority.\n\n{START}",
        epilog=f"{PLACES}\n\n{EXIT_CODES}",
        formatter_class=_Formatter,
    )
    _add_common(parser, tuple(OPTIONS), first=True)
    about = COMMANDS["version"].summary
    parser.add_argument("--version", dest="command", action="store_const", const="version", help=about)
    group = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", prog=PROGRAM)
    for name, page in COMMANDS.items():
        if name not in named and not listed:
            continue
        command = group.add_parser(
            name,
            usage=f"{PROGRAM} {name} [options]{_positionals(name)}",
            help=page.summary,
            description=f"{page.summary[0].upper()}{page.summary[1:]}.\n\n{page.text}".rstrip(),
            epilog="examples:\n" + "\n".join(f"  {line}" for line in page.examples),
            formatter_class=_Formatter,
        )
        if name not in named:
            continue
        command.set_defaults(parser=command)
        if page.names:
            command.add_argument("names", nargs="*", metavar="NAME", help="certificates (default: all)")
        _add_common(command, page.takes, first=False, forced=_FORCED.get(name, ""))
        own = command if name != "init" else command.add_argument_group(_ANSWERS)
        for commands, flag, text, settings in _OWN:
            if name in commands.split():
                own.add_argument(flag, help=text, **settings)
    return parser


def _positionals(command: str) -> str:
    own = (row for row in _OWN if command in row[0].split() and not row[1].startswith("-"))
    given = "".join(f" {settings.get('metavar') or '|'.join(settings['choices'])}" for _, _, _, settings in own)
    return given + (" [NAME ...]" if COMMANDS[command].names else "")


def _add_common(parser: argparse.ArgumentParser, takes: Tuple[str, ...], *, first: bool, forced: str = "") -> None:
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
    add("--force", action="store_true", default=flag, help=forced or shown["--force"])
    add("--dry-run", action="store_true", default=flag, help=shown["--dry-run"])
    add("--timeout", type=_seconds, metavar="SECONDS", default=value, help="deadline of each call of acme.sh")
    add("-v", "--verbose", action="store_true", default=flag, help="also what acme.sh prints")
    add("-q", "--quiet", action="store_true", default=flag, help="failures only")
    add("--no-color", action="store_true", default=flag, help="no colours (also: NO_COLOR)")
