"""Challenges and deploy targets: the parts of a certificate that name one of acme.sh's ways of doing things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict

from yaml.nodes import Node

from ..binder.nodes import is_empty
from ..binder.reader import Reader
from ..binder.record import Key, Record, Section
from ..binder.types import Either, Kind, Sequence, choice
from ..model import Alpn, Apache, Challenge, Dns, Nginx, Standalone, Stateless, Webroot
from .credentials import Environment
from .paths import PathKind
from .scalars import DNS_HOOK, PORT


@dataclass(frozen=True)
class MayBeEmpty(Kind):
    """A value that may be left empty, which reads as None."""

    kind: Kind

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        return None if is_empty(node) else self.kind.read(node, path, reader)

    def schema(self) -> Dict[str, Any]:
        return {"anyOf": [{"type": "null"}, self.kind.schema()]}


@dataclass(frozen=True)
class Nothing(Kind):
    """A key that says all by being there."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        return None if is_empty(node) else reader.refuse(node, path, "takes no value: leave it empty")

    def schema(self) -> Dict[str, Any]:
        return {"type": "null"}


_CONFIGURATION = MayBeEmpty(PathKind("the path of a configuration file, or nothing"))


def _challenge(section: Section) -> Challenge:
    kind = next(name for name in section.nodes if name != "env")
    if kind == "dns":
        env = section.get("env")
        return Dns(section.get("dns"), dict(env.values) if env else {})
    made = {"webroot": Webroot, "standalone": Standalone, "alpn": Alpn, "nginx": Nginx}
    if kind in made:
        challenge: Challenge = made[kind](section.get(kind))
        return challenge
    return Stateless() if kind == "stateless" else Apache()


_KINDS = ("webroot", "standalone", "alpn", "dns", "stateless", "nginx", "apache")
_FULL = Record(
    {
        "webroot": Key(PathKind("the folder of a web server"), "http-01 through a folder that a web server serves."),
        "standalone": Key(MayBeEmpty(PORT), "http-01 through acme.sh's own server, on this port or 80."),
        "alpn": Key(MayBeEmpty(PORT), "tls-alpn-01 through acme.sh's own server, on this port or 443."),
        "dns": Key(DNS_HOOK, "dns-01 through this one of acme.sh's DNS hooks."),
        "env": Key(Environment(), "What the DNS hook reads.", needs="dns"),
        "stateless": Key(Nothing(), "http-01 answered by a web server that knows the account's thumbprint."),
        "nginx": Key(_CONFIGURATION, "http-01 through a running nginx, with this configuration file or its own."),
        "apache": Key(Nothing(), "http-01 through a running Apache."),
    },
    _challenge,
    one_of=_KINDS,
)
_ONE = Either(
    "one of " + ", ".join(_KINDS),
    text=choice(
        {"standalone": Standalone(), "alpn": Alpn(), "stateless": Stateless(), "nginx": Nginx(), "apache": Apache()}
    ),
    mapping=_FULL,
)
CHALLENGE = Either(
    "a challenge such as {webroot: /var/www}, or a list with one for every domain",
    text=_ONE.text,
    mapping=_ONE.mapping,
    sequence=Sequence(_ONE, "one challenge for every domain"),
)
