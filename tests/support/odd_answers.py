"""Answers as DSM gives them, kept from the simulator, and what becomes of them on a bad day."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Set, Tuple
from urllib.parse import parse_qsl, urlsplit

from hypothesis import strategies as some

from acmewrap.net.http import Reply as HttpReply
from acmewrap.testing.dsm.web import Request, answer
from raw_dsm import PASSWORD, Client

Mutation = Callable[[bytes], bytes]

ACCOUNT = "ops"
DEEP = 200
# In the place of any value: every type of JSON, the limits of each, and what only looks like another one.
VALUES: Tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7, 10**18, 10**30, 1.5, -0.0, "", "7", "yes", "null", "a\u0000b", "\u202e", "x" * 9000),
    *([], {}, [None], [[]], [{}], {"": None}, {"list": None}, [1, "1", None], {"success": True, "data": []}),
)
# As text, for what json.dumps does not write.
RAW = ("NaN", "Infinity", "1e999", "9" * 30, '"\\ud800"', "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP)
_PLACE = "-the place-"


class Nas:
    """Stands in the place of :meth:`Http.fetch`: answers as the simulator did, but for one call, whose answer is mutated."""

    def __init__(self, generation: int) -> None:
        self._client = Client(generation)
        self.kept: Dict[str, HttpReply] = {}
        self.asked: Set[str] = set()
        self.mutated = ""
        self.mutation: Mutation = lambda body: body
        self.last = b""

    def fetch(self, url: str, **sent: Any) -> HttpReply:
        words = dict(parse_qsl(urlsplit(url).query))
        if b"form-data" not in (sent.get("body") or b""):
            words.update(parse_qsl((sent.get("body") or b"").decode("ascii")))
        name = f"{words.get('api')}.{words.get('method')}"
        self.asked.add(name)
        if name not in self.kept:
            token = dict(sent.get("headers") or {}).get("X-SYNO-TOKEN", "")
            request = Request("POST", urlsplit(url).path, words, {}, token, words.get("_sid", ""))
            reply = answer(request, self._client.state, self._client.apis)
            self.kept[name] = HttpReply(url, reply.status, {}, reply.body or b"")
        kept = self.kept[name]
        if name != self.mutated:
            return kept
        self.last = self.mutation(kept.body)
        return HttpReply(url, 200, {}, self.last)


def mutations() -> some.SearchStrategy[Mutation]:
    """Mostly of one value in a document, sometimes of its bytes."""
    at, value = some.integers(0, 10**6), some.sampled_from(VALUES)
    replaced = some.builds(lambda where, what: lambda body: _replace(body, where, what), at, value)
    raw = some.builds(lambda where, what: lambda body: _replace_raw(body, where, what), at, some.sampled_from(RAW))
    dropped = some.builds(lambda where: lambda body: _drop(body, where), at)
    cut = some.builds(lambda where: lambda body: body[: where % (len(body) + 1)], at)
    letters = some.binary(min_size=1, max_size=4)
    put = some.builds(lambda where, what: lambda body: _put(body, where, what), at, letters)
    kinds = [*[replaced] * 5, *[dropped] * 2, raw, cut, put]
    return some.sampled_from(range(len(kinds))).flatmap(kinds.__getitem__)


def _put(body: bytes, at: int, what: bytes) -> bytes:
    at %= len(body) + 1
    return body[:at] + what + body[at + len(what) :]


def _places(document: Any) -> List[Tuple[Any, Any]]:
    """Every (container, key) in *document*."""
    found: List[Tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        one = waiting.pop()
        pairs = list(one.items()) if isinstance(one, dict) else list(enumerate(one)) if isinstance(one, list) else []
        found += [(one, key) for key, _ in pairs]
        waiting += [value for _, value in pairs]
    return found


def _replace(body: bytes, at: int, value: Any) -> bytes:
    document = {"": json.loads(body)}
    places = _places(document)
    container, key = places[at % len(places)]
    container[key] = value
    return json.dumps(document[""]).encode()


def _replace_raw(body: bytes, at: int, text: str) -> bytes:
    return _replace(body, at, _PLACE).replace(json.dumps(_PLACE).encode(), text.encode())


def _drop(body: bytes, at: int) -> bytes:
    document = json.loads(body)
    places = _places(document)
    if places:
        container, key = places[at % len(places)]
        del container[key]
    return json.dumps(document).encode()


__all__ = ["ACCOUNT", "PASSWORD", "RAW", "VALUES", "Nas", "mutations"]
