"""What ``--json`` prints: a table for each record, and which command has which. Document, schema and manual are made of these.

Within a version of the schema parts may be added; what is there keeps its name, its type and its meaning.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Tuple, get_args

from .. import __version__
from ..config.model import DEFAULT_RELEASE
from ..driver.results import IssueOutcome
from ..engine.results import Moment, Run
from ..engine.verbs.status import CertificateStatus, Condition, ScheduleState, TargetCondition
from ..errors import ExitCode, Failure
from ..formats.text import visible_document
from ..verify.tls_probe import ChainFlaw
from .fields import (
    COUNT,
    FAILURE,
    FAILURE_PARTS,
    FLAG,
    INTEGER,
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
from .steps import NEXT_RUN, RESULT, RUN, RUNS, STEP

PROBLEM = record("problem", {"file": TEXT, "line": COUNT, "column": COUNT, "path": TEXT, "message": TEXT})
_PROBLEMS = field(listed(PROBLEM), lambda error: getattr(error, "problems", ()), "Of a configuration.")
_WARNINGS = field(listed(PROBLEM), lambda error: getattr(error, "warnings", ()), "Of `check`; they alone end nothing.")
ERROR = record("error", {**within("failure", FAILURE_PARTS), "problems": _PROBLEMS, "warnings": _WARNINGS})
_FIXABLE = field(FLAG, lambda finding: finding.fix is not None, "By doctor --fix.")
FINDING = record("finding", {**within("failure", FAILURE_PARTS), "fixable": _FIXABLE})
FACT = record("fact", {"name": TEXT, "value": TEXT})
_DEFAULT = field(FLAG, lambda release: release.version == DEFAULT_RELEASE)
_PIN = {"url": TEXT, "sha256": optional(SHA256), "cve": optional(TEXT), "debian": optional(TEXT), "default": _DEFAULT}
_PIN["witnesses"] = field(listed(TEXT), None, "Who says independently of each other that this is its content.")
_MANIFEST = record("manifest", {"path": field(TEXT, "manifest"), "sha256": SHA256})
RELEASE = record("release", {"version": TEXT, **_PIN})

# --- certificates --------------------------------------------------------------------------------------------------------
_REACHED = "deployed: the leaf was seen there; unverified: the hook said so, and nobody can verify it."
_FLAWS = "What is wrong with the certificates that are served beside the leaf."
_TARGET: Dict[str, Type] = {
    "hook": field(TEXT, lambda status: status.target.hook or "install"),
    "verify": field(optional(TEXT), "target.verify"),
    "state": field(choice(*get_args(TargetCondition)), None, _REACHED),
    "expected_sha256": field(optional(SHA256), "expected"),
    "served_sha256": field(optional(SHA256), "observed.served"),
    "chain_flaws": field(listed(choice(*get_args(ChainFlaw))), "flaws", _FLAWS),
    "proven_at": optional(MOMENT),
    "attempts": field(COUNT, "entry.attempts"),
    "next_try_at": field(optional(MOMENT), "next_try_at"),
    "deployed_now": field(FLAG, None, "By this run."),
    "failure": optional(FAILURE),
}
TARGET = record("target", _TARGET)
_LEAF: Dict[str, Type] = {
    **dict.fromkeys(("issuer", "serial", "key_type"), optional(TEXT)),
    **dict.fromkeys(("not_before", "not_after"), optional(MOMENT)),
    "sha256": optional(SHA256),
    "names": optional(listed(TEXT)),
}
_DONE = optional(choice(*get_args(IssueOutcome)))
_PATHS = record("paths", {"cert": field(TEXT, "certificate"), **dict.fromkeys(("key", "chain", "fullchain"), TEXT)})
_REQUEST: Dict[str, Type] = {"domains": listed(TEXT), "authority": TEXT}
REQUEST = record("request", _REQUEST)
_REFUSED = field(optional(FAILURE), lambda one: Failure.read(one.attempts.error))
_UNREVOKED = record("unrevoked", {"serial": field(TEXT, "leaf.serial"), "failure": _REFUSED})
CERTIFICATE = record(
    "certificate",
    {
        **within("certificate", _REQUEST),
        "state": choice(*get_args(Condition)),
        "outcome": field(_DONE, None, "What this run did to it."),
        "healthy": field(FLAG, "is_healthy", "Valid, deployed everywhere, and no failure or revocation outstanding."),
        **within("leaf", _LEAF),
        "attempts": field(COUNT, "attempts.attempts", "How often it could not be obtained since the last time."),
        **dict.fromkeys(("due_at", "next_try_at"), optional(MOMENT)),
        **within("issue", dict.fromkeys(("order_url", "certificate_url"), optional(TEXT))),
        "paths": field(_PATHS, "files"),
        "failure": optional(FAILURE),
        "unrevoked": field(listed(_UNREVOKED), None, "Former ones that others know the key of, and what failed."),
        "targets": by_name(TARGET),
    },
)

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
_SCHEDULE = record("schedule", {"by": TEXT, "state": choice(*get_args(ScheduleState)), "failure": optional(FAILURE)})
_LEFTOVERS = field(listed(STEP), None, "What `apply --prune` could remove besides.")
_UNREAD = field(listed(FAILURE), None, "What could not be looked at, and why; the rest was.")
_COMMAND = {"run": listed(TEXT), "moment": choice(*get_args(Moment)), "seconds": SECONDS, "failure": optional(FAILURE)}
_COMMANDS = field(listed(record("command", _COMMAND)), None, "Those of the configuration that ran so far.")
_ANSWER = {"service": TEXT, "status": optional(INTEGER), "answer": TEXT, "failure": optional(FAILURE)}
_SENT = field(listed(record("sent", _ANSWER)), None, "One message to each service, with its HTTP status.")
_UNHEARD = field(listed(FAILURE), None, "Warnings: what of the section `monitoring` was not taken, and why.")
_FILES = record("files", dict.fromkeys(("in_use", "added", "removed", "changed"), listed(TEXT)))
_ACTIONS = field(listed(TEXT), None, "With --dry-run: what would be done, in words.")
_FACTS = field(listed(FACT), None, "What was seen of a NAS and is not wrong.")
_SUPPORT = field(optional(TEXT), None, "With --support-file: what was written.")
_REVOKED = record("revoked", {"name": TEXT, "serial": TEXT, "sha256": SHA256})
_CONVERGED: Dict[str, Type] = {
    "blocked": _BLOCKED,
    "leftovers": _LEFTOVERS,
    "unread": _UNREAD,
    "commands": _COMMANDS,
    "monitoring": _UNHEARD,
    "run": optional(RUN),
    "certificates": by_name(CERTIFICATE),
}
OWN: Mapping[Tuple[str, ...], Dict[str, Type]] = {
    _CONVERGING: _CONVERGED,
    ("replace",): {**_CONVERGED, "actions": _ACTIONS},
    ("status",): {
        "last_run_at": optional(MOMENT),
        "schedule": optional(_SCHEDULE),
        "certificates": by_name(CERTIFICATE),
    },
    ("report",): {
        "last_run_at": optional(MOMENT),
        "next_run_at": NEXT_RUN,
        "certificates": by_name(CERTIFICATE),
        "unread": _UNREAD,
        "runs": RUNS,
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
        "every": field(optional(TEXT), None, "Of schedule adjust: what it wrote."),
        "succeeded": field(optional(FLAG), None, "Of schedule run; null: the scheduler does not say."),
        "message": field(optional(TEXT), None, "Of schedule run."),
        "lines": field(listed(TEXT), None, "What the run added to the log."),
        "actions": _ACTIONS,
    },
    ("monitoring",): {"sent": _SENT, "actions": _ACTIONS},
    ("version",): {"acme_sh": record("acme.sh", {"version": TEXT})},
    ("demo",): {},
}


def document(command: str, exit_code: int, **parts: Any) -> Dict[str, Any]:
    """The document of *command*. What is not given of *parts* is null, empty or false; an ``error`` takes their place."""
    error = parts.get("error")
    pending = exit_code == ExitCode.PENDING and error is None  # the same number means wrong usage elsewhere
    outcome = "ok" if exit_code == ExitCode.OK else "pending" if pending else "failed"
    common = {"schema_version": SCHEMA_VERSION, "tool_version": __version__, "command": command, "outcome": outcome}
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


def as_text(command: str, exit_code: int, **parts: Any) -> str:
    """The :func:`document` as it is printed, and given to commands of the user's own on their standard input."""
    return json.dumps(visible_document(document(command, exit_code, **parts)), indent=2)


def text_of_run(command: str, run: Run, statuses: Mapping[str, CertificateStatus]) -> str:
    """The document of *command* as far as *run* has come."""
    return as_text(command, run.exit_code, **of_run(run), certificates=statuses)
