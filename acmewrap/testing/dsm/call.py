"""One web API call as a handler sees it, and the tables in which handlers are found.

Parameters of ``SYNO.Core.*`` are JSON, and a bare word is taken as text only when it cannot be read as anything else. DSM's
reader stops at the end of the first value, so the bare certificate id ``8ec29f`` is a number there: clients must quote text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from .data.presets import Offer
from .data.recorded import check_refusal, reshape
from .errors import Refusal
from .state import ON_BOX, Session, State, Upload

INVALID_PARAMETER = 120
NO_API = 102
NO_METHOD = 103
NO_VERSION = 104


@dataclass(frozen=True)
class Call:
    """The parameters as they arrived. ``session`` is None only for methods that need none; ``invalid`` is the API's own code."""

    state: State
    version: int
    parameters: Mapping[str, str]
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    session: Optional[Session] = None
    invalid: int = INVALID_PARAMETER

    @property
    def account(self) -> str:
        return self.session.account if self.session else ""

    @property
    def on_box(self) -> bool:
        """Whether root makes this call, on the NAS itself."""
        return self.account == ON_BOX

    def raw(self, name: str) -> str:
        """The parameter without any reading of JSON, empty when absent."""
        return self.parameters.get(name, "")

    def value(self, name: str, default: Any = None) -> Any:
        return parse_value(self.parameters[name]) if name in self.parameters else default

    def text(self, name: str, default: Optional[str] = None) -> str:
        """A text parameter. Raises Refusal when it is absent without *default*, or something other than text."""
        value = self.value(name, default)
        if not isinstance(value, str):
            raise Refusal(self.invalid)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.value(name, default)
        if not isinstance(value, bool):
            raise Refusal(self.invalid)
        return value

    def array(self, name: str) -> List[Any]:
        value = self.value(name)
        if not isinstance(value, list):
            raise Refusal(self.invalid)
        return value

    def object(self, name: str) -> Dict[str, Any]:
        value = self.value(name)
        if not isinstance(value, dict):
            raise Refusal(self.invalid)
        return value

    def require_confirmation(self, code: int) -> None:
        """Raises Refusal(*code*) unless the caller has confirmed the password, or is root on the NAS."""
        token = self.raw("SynoConfirmPWToken").strip('"')
        if not self.on_box and (self.session is None or token not in self.session.confirmations):
            raise Refusal(code)

    def page(self, items: List[Any]) -> List[Any]:
        """*items* cut by the parameters ``offset`` and ``limit`` (-1 or 0: all)."""
        offset, limit = self.value("offset", 0), self.value("limit", -1)
        return items[offset:] if limit in (-1, 0) else items[offset : offset + limit]


def parse_value(text: str) -> Any:
    """*text* as DSM reads a parameter of a JSON API."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    number = re.match(r"-?\d+", text)
    return int(number.group()) if number else text


Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Method:
    """A handler, the versions of the API that have it, and who may call it. It returns the ``data`` of the reply, or None."""

    handler: Handler
    minimum: int = 1
    mutates: bool = False
    session: bool = True
    administrator: bool = True


@dataclass(frozen=True)
class Api:
    """One web API. Which versions of DSM have it is said in their presets."""

    name: str
    methods: Mapping[str, Method]
    json: bool = True
    invalid: int = INVALID_PARAMETER
    """The code for a parameter that is missing or of the wrong kind."""
    without_token: int = 119
    """The code for a session that has a SynoToken and a call that does not bring it."""

    def describe(self, offer: Offer) -> Dict[str, Any]:
        """The entry of ``SYNO.API.Info``."""
        entry: Dict[str, Any] = {
            "maxVersion": offer.maximum,
            "minVersion": offer.minimum,
            "path": offer.scripts[0],
        }
        if self.json:
            entry["requestFormat"] = "JSON"
        return entry


def choose(state: State, apis: Mapping[str, Api], api: str, version: int, method: str) -> Tuple[Api, Method]:
    """What a call names, with the codes that every API has for what is not there."""
    found, offer = apis.get(api), state.preset.apis.get(api)
    if found is None or offer is None:
        raise Refusal(NO_API)
    if not offer.minimum <= version <= offer.maximum:
        raise Refusal(NO_VERSION)
    window = state.preset.methods.get(f"{api}.{method}", (1, offer.maximum))
    chosen = found.methods.get(method)
    if chosen is None or window is None or not max(chosen.minimum, window[0]) <= version <= window[1]:
        raise Refusal(NO_METHOD)
    return found, chosen


def perform(method: Method, name: str, call: Call) -> Any:
    """What the handler of *method* says, in the shape of what was recorded of *name* (``API.method``)."""
    recorded, name = call.state.preset.recorded, f"{name}.{call.version}"
    check_refusal(recorded, name)
    return reshape(recorded, name, method.handler(call))
