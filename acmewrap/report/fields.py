"""Types of what a document holds: what each looks like as JSON, the schema of that, and how it is read from our own objects."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import Any, Callable, Dict, NamedTuple, Optional, Union

from .started import as_started

Schema = Dict[str, Any]
Getter = Union[str, Callable[[Any], Any]]


class Type(NamedTuple):
    """``write`` makes JSON of a value; ``get``: where that is found (None: by its own name); ``default``: when nobody gave it."""

    schema: Schema
    write: Callable[[Any], Any]
    get: Optional[Getter] = None
    default: Any = None

    def read(self, name: str, holder: Any) -> Any:
        """The JSON of the part *name* of *holder*; a path of attributes ends where one is None."""
        if callable(self.get):
            return self.write(self.get(holder))
        for attribute in (self.get or name).split("."):
            found = holder.get if isinstance(holder, dict) else partial(getattr, holder)
            holder = None if holder is None else found(attribute)
        return self.write(holder)


def field(type: Type, get: Optional[Getter] = None, description: str = "") -> Type:
    """*type*, of a value that is found with *get*: attributes with dots between them, or a function; described for readers."""
    schema = {**type.schema, "description": description} if description else type.schema
    return type._replace(schema=schema, get=get)


def optional(type: Type) -> Type:
    schema = {"anyOf": [type.schema, {"type": "null"}]}
    return Type(schema, lambda value: None if value is None else type.write(value), type.get)


def listed(type: Type) -> Type:
    schema = {"type": "array", "items": type.schema}
    return Type(schema, lambda values: [type.write(value) for value in values], None, ())


def by_name(type: Type) -> Type:
    """An object with a key for each."""
    schema = {"type": "object", "additionalProperties": type.schema}
    return Type(schema, lambda values: {name: type.write(value) for name, value in values.items()}, None, {})


def choice(*values: object) -> Type:
    return Type({"enum": list(values)}, lambda value: value)


def record(title: str, parts: Dict[str, Type]) -> Type:
    """An object with these *parts*, all of which are there."""
    schema = {name: part.schema for name, part in parts.items()}
    return Type(
        {"title": title, "type": "object", "required": list(parts), "properties": schema},
        lambda holder: {name: part.read(name, holder) for name, part in parts.items()},
    )


def within(attribute: str, parts: Dict[str, Type]) -> Dict[str, Type]:
    """*parts* of something that the holder has as *attribute*."""

    def lift(name: str, part: Type) -> Type:
        return Type(part.schema, lambda holder: part.read(name, holder), attribute)

    return {name: lift(name, part) for name, part in parts.items()}


def moment(when: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return f"{when.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat()}Z"


# Text that is of several lines on purpose (text.Lines) stays what it is.
TEXT = Type({"type": "string"}, lambda value: value if isinstance(value, str) else str(value))
FLAG = Type({"type": "boolean"}, bool, default=False)
COUNT = Type({"type": "integer", "minimum": 0}, int)
SECONDS = Type({"type": "number", "description": "Seconds."}, lambda value: round(value, 3))
INTEGER = Type({"type": "integer"}, int)
SHA256 = Type({"type": "string", "pattern": "^[0-9a-f]{64}$"}, str)
MODE = Type({"type": "string", "pattern": "^[0-7]{4}$"}, "{:04o}".format)
_RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
MOMENT = Type({"type": "string", "pattern": _RFC3339, "description": "RFC 3339, UTC."}, moment)
OBJECT = Type({"type": "object"}, lambda value: value)
ID = Type({"type": "string", "pattern": r"^[a-z_]+\.[a-z0-9_]+$"}, str)
FAILURE_PARTS: Dict[str, Type] = {
    "id": field(ID, None, "Stable; each is explained in docs/errors.md."),
    "message": TEXT,
    "remedy": Type(TEXT.schema, as_started),
    "lines": field(listed(TEXT), None, "The last words of the command behind it, without secrets."),
}
FAILURE = record("failure", FAILURE_PARTS)
