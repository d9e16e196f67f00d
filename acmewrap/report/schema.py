"""The JSON Schema (draft 2020-12) of what ``--json`` prints: one document per command, of the version in ``schema_version``.

Within a version, parts may be added; what is there keeps its name, its type and its meaning.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple

from .document import SCHEMA_VERSION

Schema = Dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_SECONDS: Schema = {"type": "number", "description": "Seconds."}
_MOMENT: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "description": "RFC 3339, UTC."}
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COUNT: Schema = {"type": "integer", "minimum": 0}


def schema() -> Schema:
    """A document is that of a command that came to its end, or tells in ``error`` what kept it from that."""
    ended = [_document(names, parts) for names, parts in _PARTS.items()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What acmewrap --json prints",
        "anyOf": [_document(commands(), {}, _ERROR), *ended],
    }


def commands() -> Tuple[str, ...]:
    """The commands that print a document; ``run`` prints what acme.sh does."""
    return tuple(dict.fromkeys(name for names in _PARTS for name in names))


def _record(**parts: Schema) -> Schema:
    return {"type": "object", "required": list(parts), "properties": parts}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(one: Schema) -> Schema:
    return {"anyOf": [one, {"type": "null"}]}


def _choice(*values: object) -> Schema:
    return {"enum": list(values)}


def _document(names: Tuple[str, ...], parts: Mapping[str, Schema], error: Optional[Schema] = None) -> Schema:
    common = {
        "schema_version": _choice(SCHEMA_VERSION),
        "tool_version": _TEXT,
        "command": _choice(*names),
        "exit_code": {**_COUNT, "maximum": 255},
        "outcome": {**_choice("ok", "pending", "failed"), "description": "pending: of plan --exit-code."},
    }
    return _record(**common, error=error or {"type": "null"}, **parts)


_FAILURE = _record(
    id={**_TEXT, "pattern": r"^[a-z_]+\.[a-z0-9_]+$", "description": "Stable; each is explained in docs/errors.md."},
    message=_TEXT,
    remedy=_TEXT,
    lines={**_list(_TEXT), "description": "The last words of the command behind it, without secrets."},
)
_PROBLEM = _record(file=_TEXT, line=_COUNT, column=_COUNT, path=_TEXT, message=_TEXT)
_ERROR: Schema = {**_FAILURE, "properties": {**_FAILURE["properties"], "problems": _list(_PROBLEM)}}

_STEP = _record(kind=_TEXT, subject=_TEXT, reason=_TEXT, certificate=_or_null(_TEXT), target=_or_null(_TEXT))
_RESULT = _record(
    **_STEP["properties"],
    outcome=_choice("done", "failed", "unproven", "skipped"),
    seconds=_SECONDS,
    error=_or_null(_FAILURE),
)
_RUN = _record(
    started_at=_MOMENT,
    finished_at=_MOMENT,
    seconds=_SECONDS,
    host=_TEXT,
    trigger=_choice("manual", "cron", "rehearsal"),
)
_TARGET = _record(
    name=_TEXT,
    hook=_or_null(_TEXT),
    verify=_or_null(_TEXT),
    outcome={
        **_choice("deployed", "pending", "unverified", "unreachable"),
        "description": "deployed: the leaf was seen there; unverified: the hook said so, and nobody can look.",
    },
    deployed_now=_FLAG,
    expected_sha256=_or_null(_SHA256),
    served_sha256=_or_null(_SHA256),
    proven_at=_or_null(_MOMENT),
    attempts=_COUNT,
    next_try_at=_or_null(_MOMENT),
    error=_or_null(_FAILURE),
)
_CERTIFICATE = _record(
    name=_TEXT,
    domains=_list(_TEXT),
    authority=_TEXT,
    outcome={
        **_choice(
            *("valid", "due", "expired", "broken", "missing"),
            *("issued", "renewed", "reissued", "unchanged", "not_due", "not_issued", "failed"),
        ),
        "description": "What this run did to it, else how it stands.",
    },
    healthy={**_FLAG, "description": "Valid, delivered everywhere, and no failure outstanding."},
    issuer=_or_null(_TEXT),
    serial=_or_null(_TEXT),
    key_type=_or_null(_TEXT),
    not_before=_or_null(_MOMENT),
    not_after=_or_null(_MOMENT),
    sha256=_or_null(_SHA256),
    due_at=_or_null(_MOMENT),
    order_url=_or_null(_TEXT),
    certificate_url=_or_null(_TEXT),
    paths=_record(cert=_TEXT, key=_TEXT, chain=_TEXT, fullchain=_TEXT),
    error=_or_null(_FAILURE),
    targets=_list(_TARGET),
)
_FINDING = _record(**_FAILURE["properties"], can_be_mended=_FLAG)

_PARTS: Mapping[Tuple[str, ...], Mapping[str, Schema]] = {
    # Without `run` when nothing was to be done.
    ("apply", "install", "render", "issue", "deploy", "cron"): {
        "steps": _list(_RESULT),
        "certificates": _list(_CERTIFICATE),
    },
    # These, with --dry-run, print the document of `plan` under their own names.
    ("plan", *("apply", "install", "render", "issue", "deploy", "cron")): {
        "changed": _FLAG,
        "plan": _list(_STEP),
        "leftovers": _list(_STEP),
        "certificates": _list(_CERTIFICATE),
    },
    ("status",): {"last_run_at": _or_null(_MOMENT), "certificates": _list(_CERTIFICATE)},
    ("rehearse",): {"run": _RUN, "steps": _list(_RESULT)},
    ("doctor",): {"findings": _list(_FINDING)},
    ("check",): {"config": _TEXT, "certificates": _list(_TEXT)},
    ("revoke",): {"revoked": _record(name=_TEXT, serial=_TEXT, sha256=_SHA256)},
    ("init",): {"path": _or_null(_TEXT), "text": _TEXT},
    ("schema",): {"schema": {"type": "object"}},
    ("completion",): {"script": _TEXT},
    ("releases",): {"releases": _list(_record(version=_TEXT, default=_FLAG))},
    # Without `run` when there was no switch.
    ("upgrade",): {
        "switched": _FLAG,
        "steps": _list(_RESULT),
        "from": _TEXT,
        "to": _TEXT,
        **dict.fromkeys(("in_use", "added", "removed", "changed"), _list(_TEXT)),
    },
    ("schedule",): {},
    ("version",): {"acme_sh": _record(version=_TEXT)},
    ("demo",): {},
}
