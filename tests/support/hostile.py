"""An authority that attacks: real Pebble, with one value of its answers replaced by something that would make a canary appear.

A canary is a file that nobody makes unless something that the authority said was run, or decided where a file goes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from acmewrap.testing.proxy import Answer, Change, Proxy

MARK = "c4n4ry-of-a-local-file"

# What a value becomes, given the good one and the path of the canary; no blanks, for acme.sh takes them out.
PAYLOADS: Dict[str, Callable[[str, str], str]] = {
    "apostrophe": lambda good, canary: f"{good}';>{canary};'",
    "substitution": lambda good, canary: f"{good}$(>{canary})",
    "backquote": lambda good, canary: f"{good}`>{canary}`",
    "quotation mark": lambda good, canary: f'{good}"$(>{canary})"',
    "line": lambda good, canary: f"{good}\r\n >{canary}\r\n>{canary}",
    "arithmetic": lambda _, canary: f"a[$(>{canary})]",
    "escape": lambda good, canary: f"{good}\\x27;>{canary};\\x27",
    "octal": lambda good, canary: f"{good}\\047;>{canary};\\047",
    "separator": lambda good, canary: f"{good}';>{canary};'|e;#",
    "sed": lambda good, canary: f"{good}|w{canary}",
    "glob": lambda good, canary: f"{good}*;>{canary};?",
    "option": lambda _, canary: f"-o{canary}",
    "field": lambda _, canary: f"x#y#http-01#{canary}",
    "entry": lambda _, canary: f"#https://a.test/1,evil.test#T.x#https://a.test/2#http-01#{canary}#https://a.test/3,",
    "comma": lambda _, canary: f"x,y#x#z#http-01#{canary}#w",
    "scheme": lambda _, canary: f"file://{canary}.secret",
    "traversal": lambda _, canary: "../" * 20 + canary.lstrip("/"),
}


@dataclass(frozen=True)
class Value:
    """Where in an authority's answers a value is: which requests, and which header or which name in the JSON."""

    name: str
    pattern: str
    method: Optional[str] = "POST"
    header: str = ""
    key: str = ""
    status: Optional[int] = None
    extra: Tuple[Tuple[str, Any], ...] = ()

    def change(self, make: Callable[[str], str]) -> Change:
        if self.header:
            body = self._merge if self.extra else None
            return Change(status=self.status, body=body, headers={self.header: make})
        if self.key:
            return Change(status=self.status, body=lambda body: self._edit(body, make))
        return Change(status=self.status, body=lambda body: body + b"\n" + make("").encode("utf-8") + b"\n")

    def _merge(self, body: bytes) -> bytes:
        try:
            return json.dumps(self._with_extra(json.loads(body))).encode("utf-8")
        except ValueError:
            return body

    def _with_extra(self, document: Dict[str, Any]) -> Dict[str, Any]:
        """In front: some patterns of acme.sh want another member behind."""
        extra = dict(self.extra)
        return {**extra, **{name: value for name, value in document.items() if name not in extra}}

    def _edit(self, body: bytes, make: Callable[[str], str]) -> bytes:
        try:
            document = self._with_extra(json.loads(body))
        except ValueError:
            return body
        _replace(document, self.key, make)
        return json.dumps(document).encode("utf-8")


def _replace(node: Any, key: str, make: Callable[[str], str]) -> None:
    """Every string below *key*, wherever it is."""
    if isinstance(node, list):
        for one in node:
            _replace(one, key, make)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == key and isinstance(value, str):
                node[name] = make(value)
            elif name == key and isinstance(value, list) and all(isinstance(one, str) for one in value):
                node[name] = [make(one) for one in value]
            else:
                _replace(value, key, make)


_DIRECTORY = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "termsOfService")

VALUES: Tuple[Value, ...] = (
    *(Value(f"directory {key}", r"^/dir", "GET", key=key) for key in _DIRECTORY),
    Value("nonce", "nonce-plz", None, header="Replay-Nonce"),
    Value("account URL", "sign-me-up", header="Location"),
    Value("account id", "sign-me-up|my-account", key="id", extra=(("id", "1"),)),
    Value("account contact", "sign-me-up", key="contact", extra=(("contact", ["mailto:a@b.test"]),)),
    Value("order URL", "order-plz", header="Location"),
    Value("order status", "order-plz", key="status"),
    Value("identifier", "order-plz|authZ", key="value"),
    Value("finalize", "order-plz", key="finalize"),
    Value("authorizations", "order-plz", key="authorizations"),
    Value("authorization status", "authZ", key="status"),
    Value("authorization detail", "authZ", key="detail", extra=(("status", "valid"), ("detail", "x"))),
    Value("challenge type", "authZ", key="type"),
    Value("challenge URL", "authZ", key="url"),
    Value("token", "authZ", key="token"),
    Value("token, standalone", "authZ", key="token"),
    Value("problem detail", "order-plz", key="detail", status=400, extra=(("detail", "no"), ("type", "x:malformed"))),
    Value("problem type", "order-plz", key="type", status=400, extra=(("detail", "no"), ("type", "x:malformed"))),
    Value("challenge error", "authZ", key="detail", extra=(("status", "invalid"), ("error", {"detail": "no"}))),
    Value("waiting time", "finalize-order", header="Retry-After", extra=(("status", "processing"),)),
    Value("waiting time of a refusal", "order-plz", header="Retry-After", status=503),
    Value("certificate URL", "my-order", key="certificate"),
    Value("certificate", "certZ"),
    Value("alternate chain", "certZ", header="Link"),
    Value("any header", "", None, header="X-Note"),
    Value("content type", "", None, header="Content-Type"),
)


@dataclass(frozen=True)
class Attempt:
    """One value with one payload."""

    value: Value
    payload: str

    def __str__(self) -> str:
        return f"{self.value.name}: {self.payload}"

    def install(self, proxy: Proxy, canary: Path) -> None:
        """Have *proxy* misbehave so; what appears at, or in, *canary* tells."""
        secret = canary.with_name(canary.name + ".secret")
        secret.write_text(MARK, encoding="ascii")
        settings = (("url", f"https://localhost:{proxy.port}/dir"), ("output", str(canary)), ("insecure", ""))
        proxy.behave()
        if self.payload == "option":  # curl reads the headers before as its configuration
            proxy.misbehave(
                self.value.pattern, self.value.change(lambda _: f"-K{canary.parent}/header"), method=self.value.method
            )
            proxy.misbehave("", Change(headers=dict(settings)))
            return
        make = PAYLOADS[self.payload]
        if self.value.name == "account id":  # the authority itself must not lose the account: later attempts need it
            gone = json.dumps({"id": make("1", str(canary)), "status": "deactivated"}).encode("utf-8")
            proxy.misbehave("my-account", Answer(body=gone, headers=(("Content-Type", "application/json"),)))
        proxy.misbehave(
            self.value.pattern, self.value.change(lambda good: make(good, str(canary))), method=self.value.method
        )


def named(value: str, payload: str) -> Attempt:
    return Attempt(next(one for one in VALUES if one.name == value), payload)


def attempts() -> Iterator[Attempt]:
    for value in VALUES:
        for payload in PAYLOADS:
            yield Attempt(value, payload)


def sung(canary: Path, *folders: Path) -> List[str]:
    """What appeared: the canary itself, something in it or beside it, or the secret file's text in one of *folders*."""
    found = [
        str(path)
        for path in canary.parent.glob("**/*")
        if path.name.startswith(canary.name) and not path.name.endswith(".secret")
    ]
    for folder in folders:
        for parent, _, names in os.walk(str(folder)):
            for name in names:
                path = os.path.join(parent, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as stream:
                        if MARK.encode() in stream.read():
                            found.append(path)
    return found
