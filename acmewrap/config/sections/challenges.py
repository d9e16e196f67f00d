"""The challenges of a certificate, each one of acme.sh's ways to answer the authority."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Optional

from yaml.nodes import Node

from ...frozen import frozen, replace
from ..binder.nodes import is_empty
from ..binder.reader import Reader
from ..binder.record import Key, Record, Section
from ..binder.types import Either, Kind, Sequence, choice
from ..challenges import Alpn, Apache, Challenge, Dns, Nginx, Standalone, Stateless, Wait, Webroot
from .credentials import Environment
from .paths import PathKind
from .scalars import DNS_HOOK, PORT, WAIT


@frozen
class MayBeEmpty(Kind):
    """A value that may be left empty, which reads as None; without ``kind`` it must be: the key says all by being there."""

    kind: Optional[Kind] = None

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        if self.kind is None and not is_empty(node):
            return reader.refuse(node, path, "takes no value: leave it empty")
        return None if self.kind is None or is_empty(node) else self.kind.read(node, path, reader)

    def schema(self) -> Dict[str, Any]:
        return {"anyOf": [{"type": "null"}, self.kind.schema()]} if self.kind else {"type": "null"}


_CONFIGURATION = MayBeEmpty(PathKind("the path of a configuration file, or nothing"))


_MADE: Mapping[str, Callable[[Any], Challenge]] = {
    "webroot": Webroot,
    "standalone": Standalone,
    "alpn": Alpn,
    "dns": Dns,
    "stateless": lambda _: Stateless(),
    "nginx": Nginx,
    "apache": lambda _: Apache(),
}


def _challenge(env: Optional[Section] = None, wait: Optional[Wait] = None, **given: Any) -> Challenge:
    ((kind, value),) = given.items()
    return Dns(value, {} if env is None else dict(env.values), wait) if kind == "dns" else _MADE[kind](value)


_FULL = Record(
    {
        "webroot": Key(PathKind("the folder of a web server"), "http-01 through a folder that a web server serves."),
        "standalone": Key(MayBeEmpty(PORT), "http-01 through acme.sh's own server, on this port or 80."),
        "alpn": Key(MayBeEmpty(PORT), "tls-alpn-01 through acme.sh's own server, on this port or 443."),
        "dns": Key(DNS_HOOK, "dns-01 through this one of acme.sh's DNS hooks."),
        "env": Key(Environment(), "What the DNS hook reads.", needs="dns"),
        "wait": Key(
            WAIT,
            "How long the TXT record takes to get to the authority's resolver, or `public`: until public resolvers show it, 20 "
            "minutes at most. When left out, `10s` for a private authority (with a `ca_bundle`, or a server that no public DNS "
            "knows), else `public`.",
            needs="dns",
        ),
        "stateless": Key(MayBeEmpty(), "http-01 answered by a web server that knows the account's thumbprint."),
        "nginx": Key(_CONFIGURATION, "http-01 through a running nginx, with this configuration file or its own."),
        "apache": Key(MayBeEmpty(), "http-01 through a running Apache."),
    },
    _challenge,
    one_of=tuple(_MADE),
)
_ONE = Either(
    "one of " + ", ".join(_MADE),
    text=choice({name: _MADE[name](None) for name in _MADE if name not in ("webroot", "dns")}),
    mapping=_FULL,
)
CHALLENGE = replace(
    _ONE,
    expects="a challenge such as {webroot: /var/www}, or a list with one for every domain",
    sequence=Sequence(_ONE, "one challenge for every domain"),
)
