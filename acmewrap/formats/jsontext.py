"""JSON (RFC 8259) from outside: what a peer, a tool or a file says is a value that is safe to walk through, or a ValueError."""

from __future__ import annotations

import json
from typing import Any, Union

_DEEPEST = 64  # levels; answers of DSM and of authorities have six
_DIGITS = 300  # of one number: a float can hold it, and the conversion, which takes quadratic time, ends soon


def parse(text: Union[str, bytes], *, rest: bool = False) -> Any:
    """The value that *text* is; ``rest``: with which it begins, whatever follows.

    Raises ValueError for what is none, and for what the grammar allows and nobody sends: nesting without end, numbers of
    thousands of digits, infinities, half a surrogate pair, which cannot be encoded again.
    """
    decoder = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_constant)
    try:
        whole = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        value = decoder.raw_decode(whole)[0] if rest else decoder.decode(whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check(value)
    return value


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits[:400])
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _check(value: Any) -> None:
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        if isinstance(one, str):
            one.encode("utf-8")
        elif isinstance(one, list):
            waiting.extend((item, depth + 1) for item in one)
        elif isinstance(one, dict):
            waiting.extend((item, depth + 1) for pair in one.items() for item in pair)
