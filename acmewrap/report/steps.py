"""Types of steps, reasons and runs in documents: of this run, and as they are kept of earlier ones."""

from __future__ import annotations

import socket
import typing
from datetime import datetime
from typing import Any, Dict, Mapping, Optional, Tuple

from .. import reasons
from ..engine.results import Outcome
from ..errors import Failure
from .fields import (
    COUNT,
    FAILURE,
    FLAG,
    INTEGER,
    MODE,
    MOMENT,
    SECONDS,
    TEXT,
    Type,
    choice,
    field,
    listed,
    optional,
    record,
    within,
)

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


_REASONS: Dict[type, Type] = {one: _reason(one) for one in typing.get_args(reasons.Reason) if one is not reasons.Plain}
_REASONS[reasons.Plain] = record("reason", {"kind": choice(*(plain.value for plain in reasons.Plain))})
_ANY = {"anyOf": [type.schema for type in _REASONS.values()]}
_REASON = Type(_ANY, lambda reason: _REASONS[type(reason)].write(reason))
_RELEASE = field(optional(TEXT), lambda step: getattr(getattr(step, "settings", None), "release", None))
_SERIAL = field(
    optional(TEXT),
    lambda step: step.revocation.leaf.serial if step.kind == "revoke" else None,
    "Of what is to be revoked.",
)
_STEP: Dict[str, Type] = {
    "kind": TEXT,
    "certificate": optional(TEXT),
    "target": optional(TEXT),
    "path": field(optional(TEXT), lambda step: getattr(step, "path", None), "The file or folder that it is about."),
    "release": _RELEASE,
    "reason": _REASON,
    "serial": _SERIAL,
}
STEP = record("step", _STEP)
_OUTCOMES = choice(*typing.get_args(Outcome))
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

# --- earlier runs --------------------------------------------------------------------------------------------------------
_PAST_STEP: Dict[str, Type] = {
    **{name: type._replace(get=None) for name, type in _STEP.items() if name in ("kind", "certificate", "target")},
    "path": optional(TEXT),
    "reason": field(record("past_reason", {"kind": TEXT}), lambda step: {"kind": step.reason}),
    **_RESULT,
}
_KEPT = "At most 50, those that failed first."
_PAST_RUN: Dict[str, Type] = {
    "command": TEXT,
    "exit_code": COUNT,
    "outcome": field(choice("ok", "failed"), lambda run: "failed" if run.exit_code else "ok"),
    "changed": FLAG,
    "started_at": field(MOMENT, "started"),
    "finished_at": field(MOMENT, "finished"),
    "total": field(COUNT, None, "How many steps it had."),
    "failed": field(COUNT, None, "How many of them were not done."),
    "steps": field(listed(record("past_step", _PAST_STEP)), None, _KEPT),
    "failures": field(listed(FAILURE), None, "Beside the steps."),
}
RUNS = field(listed(record("past_run", _PAST_RUN)), None, "The last that did anything, newest first.")
NEXT_RUN = field(optional(MOMENT), None, "As the file has it after the last; in the past: it was missed.")
