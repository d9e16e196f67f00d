"""A proxy in front of Pebble that can be made to misbehave, for failures which a good authority cannot be asked for.

Pebble makes its URLs from the Host header, which is passed on as it came: so every later request of a client comes here too.
Its paths: ``/dir``, ``/nonce-plz``, ``/sign-me-up`` (newAccount), ``/order-plz``, ``/authZ/``, ``/chalZ/``,
``/finalize-order/``, ``/my-order/``, ``/certZ/``, ``/revoke-cert``.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Tuple, Union
from urllib.parse import urlsplit

from .certificates import make_leaf, make_root
from .pebble import Pebble
from .tlsserver import PATIENCE_SECONDS, HttpsServer

_OWN_HEADERS = ("connection", "content-length", "transfer-encoding")


@dataclass(frozen=True)
class Answer:
    """Answer so, and do not ask the authority at all."""

    status: int = 200
    body: bytes = b""
    headers: Tuple[Tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Change:
    """Ask the authority, then change what it said. A header of None is taken away, one that is a function is made of the old."""

    status: Optional[int] = None
    body: Optional[Callable[[bytes], bytes]] = None
    headers: Mapping[str, Union[str, Callable[[str], str], None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Hang:
    """Take the request and never answer, until the client gives up or the proxy ends."""


@dataclass(frozen=True)
class Cut:
    """Take the request and cut the connection."""


Fault = Union[Answer, Change, Hang, Cut]


def problem(type: str, detail: str, status: int) -> Answer:
    """A problem document (RFC 8555 section 6.7); *type* is the last word of its URN."""
    body = json.dumps({"type": f"urn:ietf:params:acme:error:{type}", "detail": detail, "status": status})
    return Answer(status, body.encode("utf-8"), (("Content-Type", "application/problem+json"),))


def first_certificate(chain: bytes) -> bytes:
    """The leaf of a PEM chain."""
    return chain.partition(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"


EMPTY = Answer()
GARBAGE = Answer(body=b"\x00<html>this is no ACME</html>\n", headers=(("Content-Type", "text/html"),))
LEAF_ALONE = Change(body=first_certificate)
STEP_BAD_NONCE = problem("badNonce", "The client sent an unacceptable anti-replay nonce", 400)
"""In the words of step-ca, which acme.sh (3.0.2 to 3.1.5) does not know and so does not retry."""


@dataclass
class _Rule:
    pattern: str
    method: Optional[str]
    fault: Fault
    times: Optional[int]


class Proxy(HttpsServer):
    """Passes on what comes to *pebble*; ``directory_url`` and ``ca_bundle`` are its own. ``exchanges`` lists what passed.

    An exchange is (method, path, status); the status is 0 when nothing was answered.
    """

    def __init__(self, folder: Path, pebble: Pebble) -> None:
        own = folder / "proxy"  # so that *folder* may be that of the authority
        root = make_root(own, "Proxy Root")
        pair = make_leaf(own, root, ["localhost", "127.0.0.1"], file="localhost")
        super().__init__(pair.fullchain, pair.key)
        self.ca_bundle = root.certificate
        self.exchanges: List[Tuple[str, str, int]] = []
        self._pebble = pebble
        self._rules: List[_Rule] = []
        self._lock = threading.Lock()

    @property
    def directory_url(self) -> str:
        return f"https://localhost:{self.port}{urlsplit(self._pebble.directory_url).path}"

    def misbehave(
        self, pattern: str, fault: Fault, *, method: Optional[str] = None, times: Optional[int] = None
    ) -> None:
        """Apply *fault* to requests whose path matches the regular expression *pattern*; *times* None is every time."""
        with self._lock:
            self._rules.append(_Rule(pattern, method, fault, times))

    def behave(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._rules.clear()

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        fault = self._fault_for(request.command, request.path)
        answer = self._answer(request, body, fault)
        self.exchanges.append((request.command, request.path, answer.status if answer else 0))
        request.close_connection = True
        if answer is not None:
            _send(request, answer)

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes, fault: Optional[Fault]) -> Optional[Answer]:
        if isinstance(fault, Answer):
            return fault
        if isinstance(fault, Cut):
            return None
        if isinstance(fault, Hang):
            request.connection.settimeout(None)
            request.rfile.read(1)  # returns when the client gives up, or when the proxy ends and cuts the connection
            return None
        answer = self._ask(request, body)
        return answer if fault is None else _changed(answer, fault)

    def _fault_for(self, method: str, path: str) -> Optional[Fault]:
        with self._lock:
            for rule in self._rules:
                if rule.times == 0 or rule.method not in (None, method) or not re.search(rule.pattern, path):
                    continue
                if rule.times is not None:
                    rule.times -= 1
                return rule.fault
        return None

    def _ask(self, request: BaseHTTPRequestHandler, body: bytes) -> Answer:
        """What Pebble says to it."""
        context = ssl.create_default_context(cafile=str(self._pebble.ca_bundle))
        upstream = urlsplit(self._pebble.directory_url).netloc
        connection = http.client.HTTPSConnection(upstream, context=context, timeout=PATIENCE_SECONDS)
        try:
            connection.request(request.command, request.path, body or None, dict(request.headers.items()))
            response = connection.getresponse()
            return Answer(response.status, response.read(), tuple(response.getheaders()))
        finally:
            connection.close()


def _changed(answer: Answer, change: Change) -> Answer:
    named = {name.lower() for name in change.headers}
    kept = [(name, value) for name, value in answer.headers if name.lower() not in named]
    old = {name.lower(): value for name, value in answer.headers}
    new = [
        (name, value(old.get(name.lower(), "")) if callable(value) else value)
        for name, value in change.headers.items()
        if value is not None
    ]
    body = change.body(answer.body) if change.body is not None else answer.body
    return Answer(change.status or answer.status, body, (*kept, *new))


def _send(request: BaseHTTPRequestHandler, answer: Answer) -> None:
    request.send_response_only(answer.status)
    for name, value in answer.headers:
        if name.lower() not in _OWN_HEADERS:
            request.send_header(name, value)
    request.send_header("Content-Length", str(len(answer.body)))
    request.send_header("Connection", "close")
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(answer.body)
