"""The records of the documents of ``--json``: a table for each, of which document, JSON Schema and manual are made."""

from __future__ import annotations

import socket
import typing
from datetime import datetime
from typing import Any, Dict, Mapping, Optional, Tuple

from .. import reasons
from ..config.model import DEFAULT_RELEASE
from ..errors import Failure
from .fields import (
    COUNT,
    FLAG,
    INTEGER,
    MODE,
    MOMENT,
    SECONDS,
    SHA256,
    TEXT,
    Type,
    by_name,
    choice,
    field,
    listed,
    optional,
    record,
    within,
)

ID = Type({"type": "string", "pattern": r"^[a-z_]+\.[a-z0-9_]+$"}, str)
_FAILURE: Dict[str, Type] = {
    "id": field(ID, None, "Stable; each is explained in docs/errors.md."),
    "message": TEXT,
    "remedy": TEXT,
    "lines": field(listed(TEXT), None, "The last words of the command behind it, without secrets."),
}
FAILURE = record("failure", _FAILURE)
PROBLEM = record("problem", {"file": TEXT, "line": COUNT, "column": COUNT, "path": TEXT, "message": TEXT})
_PROBLEMS = field(listed(PROBLEM), lambda error: getattr(error, "problems", ()), "Of a configuration.")
ERROR = record("error", {**within("failure", _FAILURE), "problems": _PROBLEMS})
_FIXABLE = field(FLAG, lambda finding: finding.fix is not None, "By doctor --fix.")
FINDING = record("finding", {**within("failure", _FAILURE), "fixable": _FIXABLE})
FACT = record("fact", {"name": TEXT, "value": TEXT})
_DEFAULT = field(FLAG, lambda release: release.version == DEFAULT_RELEASE)
_PIN = {"url": TEXT, "sha256": SHA256, "cve": optional(TEXT), "debian": optional(TEXT), "default": _DEFAULT}
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
_OUTCOMES = choice("done", "failed", "unproven", "skipped")
_RESULT: Dict[str, Type] = {
    "outcome": field(_OUTCOMES, None, "unproven: done, and the target does not show it."),
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

# --- certificates --------------------------------------------------------------------------------------------------------


_REACHED = "deployed: the leaf was seen there; unverified: the hook said so, and nobody can verify it."
_TARGET: Dict[str, Type] = {
    "hook": field(TEXT, lambda status: status.target.hook or "install"),
    "verify": field(optional(TEXT), "target.verify"),
    "state": field(choice("deployed", "pending", "unverified", "unreachable"), None, _REACHED),
    "expected_sha256": field(optional(SHA256), "expected"),
    "served_sha256": field(optional(SHA256), "observed.served"),
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
}
_DONE = optional(choice("issued", "renewed", "reissued", "unchanged", "not_due", "not_issued", "failed"))
_PATHS: Dict[str, Type] = {"cert": field(TEXT, "certificate"), **dict.fromkeys(("key", "chain", "fullchain"), TEXT)}
_REQUEST: Dict[str, Type] = {"domains": listed(TEXT), "authority": TEXT}
REQUEST = record("request", _REQUEST)
CERTIFICATE = record(
    "certificate",
    {
        **within("certificate", _REQUEST),
        "state": choice("valid", "due", "expired", "broken", "missing"),
        "outcome": field(_DONE, None, "What this run did to it."),
        "healthy": field(FLAG, "is_healthy", "Valid, deployed everywhere, and no failure outstanding."),
        **within("leaf", _LEAF),
        "due_at": optional(MOMENT),
        **within("issue", dict.fromkeys(("order_url", "certificate_url"), optional(TEXT))),
        "paths": field(record("paths", _PATHS), "files"),
        "failure": optional(FAILURE),
        "targets": by_name(TARGET),
    },
)
