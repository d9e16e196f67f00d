"""DSM's answers, or those of whoever stands at its address, taken for what they are: every value is asked for with its type.

What DSM leaves out, or sends as null, is the default that the caller names. Anything else of another type raises
:class:`OddReplyError`: no guess is made about an account or a certificate.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..errors import DeployError
from ..failures import failure

Data = Mapping[str, Any]

_NUMBER = re.compile(r"-?[0-9]{1,18}")


class OddReplyError(DeployError):
    """DSM's answer is not of the shape that is known (``dsm.odd_reply``)."""

    def __init__(self, what: str) -> None:
        super().__init__(failure("dsm.odd_reply", f"DSM answered with {what}"))


def records(data: Data, name: str) -> Tuple[Dict[str, Any], ...]:
    return tuple(_checked(name, item, dict, "an object in a list") for item in _items(data, name))


def texts(data: Data, name: str) -> Tuple[str, ...]:
    return tuple(_checked(name, item, str, "a text in a list") for item in _items(data, name))


def mapping(data: Data, name: str) -> Dict[str, Any]:
    value = data.get(name)
    return {} if value is None else _checked(name, value, dict, "an object")


def text(data: Data, name: str, default: Optional[str] = None) -> str:
    """The text *name*; DSM writes some numbers as text and the other way round."""
    value = data.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return str(_checked(name, default if value is None else value, str, "a text"))


def number(data: Data, name: str, default: Optional[int] = None) -> int:
    value = data.get(name)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    value = default if value is None else value
    if isinstance(value, bool):
        raise OddReplyError(f"a flag as `{name}`, where a number belongs")
    return int(_checked(name, value, int, "a number"))


def word(data: Data, name: str, default: Optional[str] = None) -> str:
    """A text that goes back to DSM in an address or a header."""
    value = text(data, name, default)
    if not re.fullmatch(r"[!-~]{1,4096}", value):
        raise OddReplyError(f"a `{name}` that cannot be sent back")
    return value


def _items(data: Data, name: str) -> List[Any]:
    value = data.get(name)
    return [] if value is None else _checked(name, value, list, "a list")


def _checked(name: str, value: Any, kind: type, belongs: str) -> Any:
    if not isinstance(value, kind):
        found = "nothing" if value is None else type(value).__name__
        raise OddReplyError(f"{found} as `{name}`, where {belongs} belongs")
    return value
