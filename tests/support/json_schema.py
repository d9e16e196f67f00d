"""The part of JSON Schema (draft 2020-12) that acmewrap's schema is written in; any other keyword is an error."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Mapping

TYPES: Dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def accepts(schema: Mapping[str, Any], value: Any) -> bool:
    return all(KEYWORDS[keyword](argument, value, schema) for keyword, argument in schema.items())


def _type(names: Any, value: Any, _: Any) -> bool:
    return any(TYPES[name](value) for name in ([names] if isinstance(names, str) else names))


def _equal(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _object(check: Callable[[Any, Dict[str, Any], Mapping[str, Any]], bool]) -> Callable[..., bool]:
    return lambda argument, value, schema: not isinstance(value, dict) or check(argument, value, schema)


def _array(check: Callable[[Any, List[Any]], bool]) -> Callable[..., bool]:
    return lambda argument, value, _: not isinstance(value, list) or check(argument, value)


def _string(check: Callable[[Any, str], bool]) -> Callable[..., bool]:
    return lambda argument, value, _: not isinstance(value, str) or check(argument, value)


def _number(check: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    return lambda argument, value, _: not TYPES["number"](value) or check(argument, value)


def _additional(argument: Any, value: Dict[str, Any], schema: Mapping[str, Any]) -> bool:
    others = [item for name, item in value.items() if name not in schema.get("properties", {})]
    return not others if argument is False else all(accepts(argument, item) for item in others)


def _always(*_: Any) -> bool:
    return True


KEYWORDS: Dict[str, Callable[[Any, Any, Mapping[str, Any]], bool]] = {
    "$schema": _always,
    "title": _always,
    "description": _always,
    "default": _always,
    "type": _type,
    "enum": lambda values, value, _: any(_equal(value, one) for one in values),
    "anyOf": lambda schemas, value, _: any(accepts(schema, value) for schema in schemas),
    "oneOf": lambda schemas, value, _: sum(accepts(schema, value) for schema in schemas) == 1,
    "not": lambda schema, value, _: not accepts(schema, value),
    "properties": _object(
        lambda known, value, _: all(accepts(known[name], item) for name, item in value.items() if name in known)
    ),
    "additionalProperties": _object(_additional),
    "propertyNames": _object(lambda schema, value, _: all(accepts(schema, name) for name in value)),
    "required": _object(lambda names, value, _: all(name in value for name in names)),
    "dependentRequired": _object(
        lambda needs, value, _: all(
            other in value for name, others in needs.items() if name in value for other in others
        )
    ),
    "minProperties": _object(lambda least, value, _: len(value) >= least),
    "items": _array(lambda schema, value: all(accepts(schema, item) for item in value)),
    "minItems": _array(lambda least, value: len(value) >= least),
    "uniqueItems": _array(lambda unique, value: not unique or len({repr(item) for item in value}) == len(value)),
    "pattern": _string(lambda pattern, value: re.search(pattern, value) is not None),
    "minLength": _string(lambda least, value: len(value) >= least),
    "minimum": _number(lambda least, value: value >= least),
    "maximum": _number(lambda most, value: value <= most),
    "exclusiveMinimum": _number(lambda bound, value: value > bound),
    "exclusiveMaximum": _number(lambda bound, value: value < bound),
}
