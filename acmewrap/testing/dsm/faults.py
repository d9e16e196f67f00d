"""What can be made to go wrong, how often, and how often it did."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import List, Literal, Optional, Union

Effect = Union[
    int,
    Literal["cut_off", "reply_lost", "empty_reply", "bad_gateway", "ignored", "hang"],
]
"""A number refuses the call with that code. Of the rest, nothing is done for ``cut_off`` (the request is read, then the
connection closed), ``empty_reply`` (200 without a body), ``bad_gateway`` (502 with HTML), ``ignored`` (answered as if it had
been done) and ``hang`` (no answer until the simulator is closed); for ``reply_lost`` it is done, and only the reply is missing."""


@dataclass
class Fault:
    """``call`` is a name like ``SYNO.API.Auth.login``; ``left`` None means for ever; ``hits`` counts."""

    call: str
    effect: Effect
    left: Optional[int]
    hits: int = 0


class Faults:
    """The faults that are set, in the order in which they are used up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: List[Fault] = []

    def add(self, call: str, effect: Effect, times: Optional[int]) -> Fault:
        fault = Fault(call, effect, times)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, call: str) -> Optional[Effect]:
        """The effect for this call, if there is one; counts it."""
        with self._lock:
            for fault in self._faults:
                if fault.call == call and fault.left != 0:
                    fault.hits += 1
                    fault.left = None if fault.left is None else fault.left - 1
                    return fault.effect
        return None
