"""What a support file says of a NAS, applied to what the simulator answers: the same refusals, and objects with the same keys."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from ..errors import Refusal

_BLANKS: Mapping[Any, Any] = {"str": "", "int": 0, "float": 0.0}  # what a support file has in the place of a value


def read_recorded(document: Mapping[str, Any]) -> Dict[str, Mapping[str, Any]]:
    """The answers in a support file, by ``API.method.version``."""
    calls = [call for call in document.get("calls", ()) if {"api", "method", "version"} <= set(call)]
    return {f"{call['api']}.{call['method']}.{call['version']}": call for call in calls}


def check_refusal(recorded: Mapping[str, Mapping[str, Any]], call: str) -> None:
    """Raises Refusal with the code that *call* was refused with."""
    code = recorded.get(call, {}).get("error")
    if code is not None:
        raise Refusal(int(code))


def reshape(recorded: Mapping[str, Mapping[str, Any]], call: str, data: Any) -> Any:
    """*data* with the keys that the answer to *call* had, where there is one: no others, and blanks for those that are missing."""
    answer = recorded.get(call, {}).get("answer")
    if isinstance(data, list) and isinstance(answer, dict):
        answer = answer.get("list")  # as the client wraps it
    return data if answer is None else _shape(data, answer)


def _shape(value: Any, like: Any) -> Any:
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: _shape(value[key], one) if key in value else _blank(one) for key, one in like.items()}
    if isinstance(value, list) and isinstance(like, list) and like:
        return [_shape(one, _merge(like)) for one in value]
    return value


def _merge(items: Any) -> Any:
    """One object with the keys of all *items*; the first of them when they are no objects."""
    if not all(isinstance(one, dict) for one in items):
        return items[0]
    merged: Dict[str, Any] = {}
    for one in items:
        for key, value in one.items():
            # Of two lists the one that shows more.
            merged[key] = value if not merged.get(key) else merged[key]
    return merged


def _blank(like: Any) -> Any:
    if isinstance(like, dict):
        return {key: _blank(one) for key, one in like.items()}
    if isinstance(like, list):
        return []
    return _BLANKS.get(like, like)
