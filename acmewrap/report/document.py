"""What ``--json`` prints: which command has which parts, as a document, as a JSON Schema, and as the manual's docs/json.md.

Within a version of the schema parts may be added; what is there keeps its name, its type and its meaning.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from ..engine.results import Run
from ..errors import ExitCode
from .fields import (
    COUNT,
    FLAG,
    MOMENT,
    OBJECT,
    SHA256,
    TEXT,
    Schema,
    Type,
    by_name,
    choice,
    explain,
    field,
    listed,
    optional,
    record,
    records_in,
)
from .records import CERTIFICATE, ERROR, FINDING, RELEASE, REQUEST, RESULT, RUN, STEP

SCHEMA_VERSION = 2

_ENVELOPE: Dict[str, Type] = {
    "schema_version": choice(SCHEMA_VERSION),
    "tool_version": TEXT,
    "command": TEXT,
    "exit_code": Type({**COUNT.schema, "maximum": 255}, int),
    "outcome": field(choice("ok", "pending", "failed"), None, "pending: of plan --exit-code."),
    "error": field(optional(ERROR), None, "What kept the command from its end; then its own parts are missing."),
    "changed": field(FLAG, None, "Whether it changed anything; with plan and --dry-run, whether apply would."),
    "plan": field(listed(STEP), None, "What is to be done, or was."),
    "steps": field(listed(RESULT), None, "What was done."),
}
_CONVERGING = ("plan", "apply", "install", "render", "issue", "deploy", "cron")
_LEFTOVERS = field(listed(STEP), None, "What `apply --prune` could remove besides.")
_FILES = record("files", dict.fromkeys(("in_use", "added", "removed", "changed"), listed(TEXT)))
_OWN: Mapping[Tuple[str, ...], Dict[str, Type]] = {
    _CONVERGING: {"leftovers": _LEFTOVERS, "run": optional(RUN), "certificates": by_name(CERTIFICATE)},
    ("status",): {"last_run_at": optional(MOMENT), "certificates": by_name(CERTIFICATE)},
    ("rehearse",): {"run": optional(RUN)},
    ("doctor",): {"findings": listed(FINDING)},
    ("check",): {"config": TEXT, "certificates": by_name(REQUEST)},
    ("revoke",): {"revoked": record("revoked", {"name": TEXT, "serial": TEXT, "sha256": SHA256})},
    ("init",): {"path": optional(TEXT), "text": TEXT},
    ("schema",): {"schema": OBJECT},
    ("completion",): {"script": TEXT},
    ("releases",): {"releases": listed(RELEASE)},
    ("upgrade",): {"switched": FLAG, "from": TEXT, "to": TEXT, "files": _FILES, "run": optional(RUN)},
    ("schedule",): {
        "entry": field(optional(TEXT), None, "Of schedule show."),
        "succeeded": field(optional(FLAG), None, "Of schedule run; null: the scheduler does not say."),
        "message": field(optional(TEXT), None, "Of schedule run."),
        "lines": field(listed(TEXT), None, "What the run added to the log."),
    },
    ("version",): {"acme_sh": record("acme.sh", {"version": TEXT})},
    ("demo",): {},
}


def document(command: str, exit_code: int, tool_version: str, **parts: Any) -> Dict[str, Any]:
    """The document of *command*. What is not given of *parts* is null, empty or false; with an ``error`` the command's own are
    left out.
    """
    error = parts.get("error")
    pending = exit_code == ExitCode.PENDING and error is None  # the same number means wrong usage elsewhere
    outcome = "ok" if exit_code == ExitCode.OK else "pending" if pending else "failed"
    common = {"schema_version": SCHEMA_VERSION, "tool_version": tool_version, "command": command, "outcome": outcome}
    given = {**common, "exit_code": exit_code, **parts}
    own = {} if error is not None else next(own for names, own in _OWN.items() if command in names)
    return {name: type.write(given.get(name, type.default)) for name, type in {**_ENVELOPE, **own}.items()}


def commands() -> Tuple[str, ...]:
    """The commands that print a document; ``run`` prints what acme.sh does."""
    return tuple(name for names in _OWN for name in names)


def schema() -> Schema:
    """A document is that of a command that came to its end, or says in ``error`` what kept it from that."""
    none = Type({"type": "null"}, lambda _: None)
    ended = [record(names[0], {**_ENVELOPE, "command": choice(*names), "error": none, **_OWN[names]}) for names in _OWN]
    failed = record("failed", {**_ENVELOPE, "command": choice(*commands()), "error": ERROR})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What acmewrap --json prints",
        "anyOf": [type.schema for type in (failed, *ended)],
    }


_MANUAL = """\
# What `--json` prints

One document on standard output and nothing else: what stands under *every document*, and what stands under the command's name.
`acmewrap schema --document` prints the JSON Schema. Times are RFC 3339 in UTC, durations seconds, hashes lower-case hex.
Written from the tables of `acmewrap/report`: `python -c "from acmewrap.report.document import manual; print(manual(), end='')"`.
"""


def manual() -> str:
    """The page docs/json.md."""
    parts = {"every document": _ENVELOPE, **{", ".join(names): own for names, own in _OWN.items()}}
    documents = [record(title, own).schema for title, own in parts.items()]
    lines = [_MANUAL]
    for schema in {one["title"]: one for whole in documents for one in (whole, *records_in(whole))}.values():
        rows = [(name, explain(part), part.get("description", "")) for name, part in schema["properties"].items()]
        table = [
            "| key | value | |",
            "|---|---|---|",
            *(f"| `{name}` | {kind} | {about} |" for name, kind, about in rows),
        ]
        lines += [f"## {schema['title']}", "", *(table if rows else ["Nothing of its own."]), ""]
    return "\n".join(lines)


def of_run(run: Run) -> Dict[str, Any]:
    """The parts of a document that *run* gives."""
    plan = {"plan": run.plan.steps, "leftovers": run.plan.leftovers}
    return {"changed": run.changed, **plan, "steps": run.results, "run": run}
