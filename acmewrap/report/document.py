"""What ``--json`` prints: a table for each record, and which command has which. Document, schema and manual are made of these.

Within a version of the schema parts may be added; what is there keeps its name, its type and its meaning.
"""

from __future__ import annotations

import socket
import typing
from datetime import datetime
from typing import Any, Dict, Mapping, Optional, Tuple

from .. import reasons
from ..config.model import DEFAULT_RELEASE
from ..engine.results import Run
from ..errors import ExitCode, Failure
from .certificates import CERTIFICATE, REQUEST, SCHEDULE
from .failures import FAILURE, FIELDS
from .fields import (
    COUNT,
    FLAG,
    INTEGER,
    MODE,
    MOMENT,
    OBJECT,
    SECONDS,
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
    within,
)

PROBLEM = record("problem", {"file": TEXT, "line": COUNT, "column": COUNT, "path": TEXT, "message": TEXT})
_PROBLEMS = field(listed(PROBLEM), lambda error: getattr(error, "problems", ()), "Of a configuration.")
ERROR = record("error", {**within("failure", FIELDS), "problems": _PROBLEMS})
_FIXABLE = field(FLAG, lambda finding: finding.fix is not None, "By doctor --fix.")
FINDING = record("finding", {**within("failure", FIELDS), "fixable": _FIXABLE})
FACT = record("fact", {"name": TEXT, "value": TEXT})
_DEFAULT = field(FLAG, lambda release: release.version == DEFAULT_RELEASE)
_PIN = {"url": TEXT, "sha256": SHA256, "cve": optional(TEXT), "debian": optional(TEXT), "default": _DEFAULT}
_PIN["witnesses"] = field(listed(TEXT), None, "Who says independently of each other that this is its content.")
_MANIFEST = record("manifest", {"path": field(TEXT, "manifest"), "sha256": SHA256})
RELEASE = record("release", {"version": TEXT, **_PIN})

# --- steps, and why they are done ----------------------------------------------------------------------------------------
_VALUES: Mapping[Any, Type] = {
    str: TEXT,
    int: INTEGER,
    datetime: MOMENT,
    reasons.Mode: MODE,
    Failure: FAILURE,
    Optional[str]: optional(TEXT),
    Tuple[str, ...]: listed(TEXT),
    Tuple[reasons.Deviation, ...]: listed(record("deviation", {"kind": TEXT, "names": listed(TEXT)})),
}


def _reason(detailed: typing.Type[reasons.Detailed]) -> Type:
    """The record of a reason, from the fields of its type."""
    hints = typing.get_type_hints(detailed).items()
    values = {name: _VALUES.get(hint) or choice(*typing.get_args(hint)) for name, hint in hints}
    kind = detailed.__new__(detailed).kind
    return record(kind, {"kind": field(choice(kind), None, detailed.__doc__ or ""), **values})


_REASONS: Dict[type, Type] = {detailed: _reason(detailed) for detailed in reasons.Detailed.__subclasses__()}
_REASONS[reasons.Plain] = record("reason", {"kind": choice(*(plain.value for plain in reasons.Plain))})
_REASON = Type(
    {"anyOf": [type.schema for type in _REASONS.values()]}, lambda reason: _REASONS[type(reason)].write(reason)
)
_RELEASE = field(optional(TEXT), lambda step: getattr(getattr(step, "settings", None), "release", None))
_STEP: Dict[str, Type] = {
    "kind": TEXT,
    "certificate": optional(TEXT),
    "target": optional(TEXT),
    "path": field(optional(TEXT), lambda step: getattr(step, "path", None), "The file or folder that it is about."),
    "release": _RELEASE,
    "reason": _REASON,
}
STEP = record("step", _STEP)
_OUTCOMES = choice("done", "failed", "unproven", "rolled_back", "skipped")
_RESULT: Dict[str, Type] = {
    "outcome": field(_OUTCOMES, None, "unproven: the target does not show it; rolled_back: the former files are back."),
    "changed": FLAG,
    "seconds": SECONDS,
    "failure": optional(FAILURE),
}
RESULT = record("result", {**within("step", _STEP), **_RESULT})
_RUN: Dict[str, Type] = {
    "started_at": field(MOMENT, "started"),
    "finished_at": field(MOMENT, "finished"),
    "seconds": field(SECONDS, lambda run: (run.finished - run.started).total_seconds()),
    "host": field(TEXT, lambda _: socket.gethostname()),
}
RUN = record("run", _RUN)

# --- documents ---------------------------------------------------------------------------------------------------------
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
_BLOCKED = field(listed(STEP), None, "With plan and --dry-run: what can only fail, which is not in the plan.")
_LEFTOVERS = field(listed(STEP), None, "What `apply --prune` could remove besides.")
_UNREAD = field(listed(FAILURE), None, "What could not be looked at, and why; the rest was.")
_COMMAND = {"run": listed(TEXT), "moment": choice("before", "after"), "seconds": SECONDS, "failure": optional(FAILURE)}
_COMMANDS = field(listed(record("command", _COMMAND)), None, "Those of the configuration that ran so far.")
_ANSWER = {"service": TEXT, "status": optional(INTEGER), "answer": TEXT, "failure": optional(FAILURE)}
_SENT = field(listed(record("sent", _ANSWER)), None, "One message to each service, with its HTTP status.")
_UNHEARD = field(listed(FAILURE), None, "Warnings: what of the section `monitoring` was not taken, and why.")
_FILES = record("files", dict.fromkeys(("in_use", "added", "removed", "changed"), listed(TEXT)))
_ACTIONS = field(listed(TEXT), None, "With --dry-run: what would be done, in words.")
_FACTS = field(listed(FACT), None, "What was seen of a NAS and is not wrong.")
_SUPPORT = field(optional(TEXT), None, "With --support-file: what was written.")
_REVOKED = record("revoked", {"name": TEXT, "serial": TEXT, "sha256": SHA256})
OWN: Mapping[Tuple[str, ...], Dict[str, Type]] = {
    _CONVERGING: {
        "blocked": _BLOCKED,
        "leftovers": _LEFTOVERS,
        "unread": _UNREAD,
        "commands": _COMMANDS,
        "monitoring": _UNHEARD,
        "run": optional(RUN),
        "certificates": by_name(CERTIFICATE),
    },
    ("status",): {
        "last_run_at": optional(MOMENT),
        "schedule": optional(SCHEDULE),
        "certificates": by_name(CERTIFICATE),
    },
    ("rehearse",): {"run": optional(RUN), "actions": _ACTIONS},
    ("doctor",): {"findings": listed(FINDING), "facts": _FACTS, "warnings": listed(PROBLEM), "support_file": _SUPPORT},
    ("check",): {"config": TEXT, "warnings": listed(PROBLEM), "certificates": by_name(REQUEST)},
    ("revoke",): {"revoked": optional(_REVOKED), "actions": _ACTIONS},
    ("init",): {"path": optional(TEXT), "text": TEXT},
    ("schema",): {"schema": OBJECT},
    ("completion",): {"script": TEXT},
    ("releases",): {"releases": listed(RELEASE)},
    ("upgrade",): {"switched": FLAG, "from": TEXT, "to": TEXT, "files": _FILES, "run": optional(RUN)},
    ("pin",): {"from": TEXT, "to": TEXT, "files": _FILES, "manifest": optional(_MANIFEST)},
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
    ("monitoring",): {"sent": _SENT, "actions": _ACTIONS},
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
    plan = {"plan": run.plan.steps, "leftovers": run.plan.leftovers, "unread": run.plan.state.unread}
    around = {"commands": run.commands, "monitoring": run.monitoring}
    return {"changed": run.changed, **plan, "steps": run.results, **around, "run": run}
