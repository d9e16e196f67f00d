"""What was written down as JSON and may be anything by now, as the frozen dataclasses that it was made of."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any, Dict, List, Literal, Mapping, Type, TypeVar, Union, get_args, get_origin, get_type_hints

from .timefmt import instant

END_OF_TIME = 253402300800  # the year 10000
Error = Mapping[str, str]
"""A failure as it is written down: its id, message and remedy."""
_Kind = TypeVar("_Kind")


def build(kind: Type[_Kind], found: object) -> _Kind:
    """*found* as a *kind*. Raises ValueError when it is none, field by field: no field that is not known, none of another type."""
    hints = _hints(kind)  # type: ignore[arg-type]  # a class is hashable
    if not isinstance(found, dict) or not all(field in hints and fits(found[field], hints[field]) for field in found):
        raise ValueError(f"it is no {kind.__name__}")
    try:
        return kind(**{name: instant(value) if hints[name] is datetime else value for name, value in found.items()})
    except TypeError:  # a field is missing
        raise ValueError(f"it is no whole {kind.__name__}") from None


def fits(value: object, hint: object) -> bool:
    """Whether *value* is of the type *hint*, seconds of a datetime; a number is not negative, and as a time one of a calendar."""
    hint = int if hint is datetime else hint
    kinds = get_args(hint) if get_origin(hint) in (Union, Literal) else (hint,)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return type(value) in kinds and 0 <= value < END_OF_TIME
    if isinstance(value, list):
        return List[str] in kinds and all(map(is_text, value))
    if isinstance(value, dict):
        return Error in kinds and set(value) == {"id", "message", "remedy"} and all(map(is_text, value.values()))
    return type(value) in kinds or (is_text(value) and value in kinds)  # one of a Literal


def is_text(value: object) -> bool:
    return isinstance(value, str)


@functools.lru_cache(maxsize=None)
def _hints(kind: Any) -> Dict[str, Any]:
    return get_type_hints(kind)
