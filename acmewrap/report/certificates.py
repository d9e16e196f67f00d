"""What documents hold of certificates, their targets and the schedule."""

from __future__ import annotations

from typing import Dict, get_args

from ..engine.verbs.status import Condition
from ..verify.tls_probe import ChainFlaw
from .failures import FAILURE
from .fields import COUNT, FLAG, MOMENT, SHA256, TEXT, Type, by_name, choice, field, listed, optional, record, within

_REACHED = "deployed: the leaf was seen there; unverified: the hook said so, and nobody can verify it."
_FLAWS = "What is wrong with the certificates that are served beside the leaf."
_TARGET: Dict[str, Type] = {
    "hook": field(TEXT, lambda status: status.target.hook or "install"),
    "verify": field(optional(TEXT), "target.verify"),
    "state": field(choice("deployed", "pending", "unverified", "unreachable"), None, _REACHED),
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
_DONE = optional(choice("issued", "renewed", "reissued", "unchanged", "not_due", "not_issued", "failed"))
_PATHS: Dict[str, Type] = {"cert": field(TEXT, "certificate"), **dict.fromkeys(("key", "chain", "fullchain"), TEXT)}
_REQUEST: Dict[str, Type] = {"domains": listed(TEXT), "authority": TEXT}
REQUEST = record("request", _REQUEST)
CERTIFICATE = record(
    "certificate",
    {
        **within("certificate", _REQUEST),
        "state": choice(*get_args(Condition)),
        "outcome": field(_DONE, None, "What this run did to it."),
        "healthy": field(FLAG, "is_healthy", "Valid, deployed everywhere, and no failure outstanding."),
        **within("leaf", _LEAF),
        "attempts": field(COUNT, "attempts.attempts", "How often it could not be obtained since the last time."),
        **dict.fromkeys(("due_at", "next_try_at"), optional(MOMENT)),
        **within("issue", dict.fromkeys(("order_url", "certificate_url"), optional(TEXT))),
        "paths": field(record("paths", _PATHS), "files"),
        "failure": optional(FAILURE),
        "targets": by_name(TARGET),
    },
)
_SCHEDULE: Dict[str, Type] = {
    "by": TEXT,
    "state": field(
        choice("active", "missing", "differs", "dead", "unknown"), None, "dead: nothing ran for two intervals."
    ),
    "failure": optional(FAILURE),
}
SCHEDULE = record("schedule", _SCHEDULE)
