"""What ``--json`` prints: which command has which parts, as a document and as a JSON Schema.

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
    field,
    listed,
    optional,
    record,
)
from .records import CERTIFICATE, ERROR, FACT, FINDING, PROBLEM, RELEASE, REQUEST, RESULT, RUN, STEP

SCHEMA_VERSION = 2

ENVELOPE: Dict[str, Type] = {
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
_ACTIONS = field(listed(TEXT), None, "With --dry-run: what would be done, in words.")
_FACTS = field(listed(FACT), None, "What was seen of a NAS and is not wrong.")
_SUPPORT = field(optional(TEXT), None, "With --support-file: what was written.")
_REVOKED = record("revoked", {"name": TEXT, "serial": TEXT, "sha256": SHA256})
OWN: Mapping[Tuple[str, ...], Dict[str, Type]] = {
    _CONVERGING: {"leftovers": _LEFTOVERS, "run": optional(RUN), "certificates": by_name(CERTIFICATE)},
    ("status",): {"last_run_at": optional(MOMENT), "certificates": by_name(CERTIFICATE)},
    ("rehearse",): {"run": optional(RUN), "actions": _ACTIONS},
    ("doctor",): {"findings": listed(FINDING), "facts": _FACTS, "warnings": listed(PROBLEM), "support_file": _SUPPORT},
    ("check",): {"config": TEXT, "warnings": listed(PROBLEM), "certificates": by_name(REQUEST)},
    ("revoke",): {"revoked": optional(_REVOKED), "actions": _ACTIONS},
    ("init",): {"path": optional(TEXT), "text": TEXT},
    ("schema",): {"schema": OBJECT},
    ("completion",): {"script": TEXT},
    ("releases",): {"releases": listed(RELEASE)},
    ("upgrade",): {"switched": FLAG, "from": TEXT, "to": TEXT, "files": _FILES, "run": optional(RUN)},
    ("self-update",): {
        "path": TEXT,
        "from": TEXT,
        "to": TEXT,
        "kept": field(optional(TEXT), None, "Where the build lies that was replaced, for --rollback."),
        "actions": _ACTIONS,
    },
    ("schedule",): {
        "entry": field(optional(TEXT), None, "Of schedule show."),
        "succeeded": field(optional(FLAG), None, "Of schedule run; null: the scheduler does not say."),
        "message": field(optional(TEXT), None, "Of schedule run."),
        "lines": field(listed(TEXT), None, "What the run added to the log."),
        "actions": _ACTIONS,
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
    own = {} if error is not None else next(own for names, own in OWN.items() if command in names)
    return {name: type.write(given.get(name, type.default)) for name, type in {**ENVELOPE, **own}.items()}


def commands() -> Tuple[str, ...]:
    """The commands that print a document; ``run`` prints what acme.sh does."""
    return tuple(name for names in OWN for name in names)


def schema() -> Schema:
    """A document is that of a command that came to its end, or says in ``error`` what kept it from that."""
    none = Type({"type": "null"}, lambda _: None)
    ended = [record(names[0], {**ENVELOPE, "command": choice(*names), "error": none, **OWN[names]}) for names in OWN]
    failed = record("failed", {**ENVELOPE, "command": choice(*commands()), "error": ERROR})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What acmewrap --json prints",
        "anyOf": [type.schema for type in (failed, *ended)],
    }


def of_run(run: Run) -> Dict[str, Any]:
    """The parts of a document that *run* gives."""
    plan = {"plan": run.plan.steps, "leftovers": run.plan.leftovers}
    return {"changed": run.changed, **plan, "steps": run.results, "run": run}
