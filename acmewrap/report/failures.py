"""A failure as documents have it."""

from __future__ import annotations

from typing import Dict

from .fields import TEXT, Type, field, listed, record

ID = Type({"type": "string", "pattern": r"^[a-z_]+\.[a-z0-9_]+$"}, str)
FIELDS: Dict[str, Type] = {
    "id": field(ID, None, "Stable; each is explained in docs/errors.md."),
    "message": TEXT,
    "remedy": TEXT,
    "lines": field(listed(TEXT), None, "The last words of the command behind it, without secrets."),
}
FAILURE = record("failure", FIELDS)
