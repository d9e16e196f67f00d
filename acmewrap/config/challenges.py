"""The ways to show an authority that a name is yours."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Mapping, Optional, Sequence, Union

from ..frozen import field, frozen
from ..secrets import Reference

Wait = Union[int, Literal["public"]]


@frozen
class Webroot:
    """http-01 through a folder that a web server already serves."""

    path: Path


@frozen
class Standalone:
    """http-01 through acme.sh's own small server (socat)."""

    port: Optional[int] = None


@frozen
class Alpn:
    """tls-alpn-01 (RFC 8737) through acme.sh's own small server."""

    port: Optional[int] = None


@frozen
class Dns:
    """dns-01 through one of acme.sh's ``dnsapi`` hooks; ``env`` holds what the hook reads.

    ``wait``: the seconds that records take to get to the authority's resolver, or ``"public"``: until public resolvers show
    them, 20 minutes at most. None: as suits the authority, see :mod:`acmewrap.driver.dns_wait`.
    """

    hook: str
    env: Mapping[str, Union[str, Reference]] = field(default_factory=dict)
    wait: Optional[Wait] = None


@frozen
class Stateless:
    """http-01 answered by a web server that knows the account's thumbprint."""


@frozen
class Nginx:
    """http-01 through a running nginx, whose configuration acme.sh edits for a moment."""

    configuration: Optional[Path] = None


@frozen
class Apache:
    """http-01 through a running Apache, whose configuration acme.sh edits for a moment."""


Challenge = Union[Webroot, Standalone, Alpn, Dns, Stateless, Nginx, Apache]


def webroots_of(domains: Sequence[str], challenges: Sequence[Challenge]) -> Mapping[str, str]:
    """The webroot of each of *domains* that has one."""
    return {domain: str(way.path) for domain, way in zip(domains, challenges) if isinstance(way, Webroot)}
