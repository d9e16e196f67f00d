"""The key `verify`: the TLS server at which a deployment is verified."""

from __future__ import annotations

from typing import Any, Optional, get_args

from ...frozen import replace
from ..binder.record import Key, Record, Section
from ..binder.types import Either, choice
from ..endpoint import STARTTLS_PORTS, Endpoint, StartTls, TlsVersion
from .scalars import DURATION, ENDPOINT_TEXT, FLAG, HOST, PORT


def _endpoint(host: str, port: int, timeout: int, name: Optional[str] = None, **more: Any) -> Endpoint:
    starttls = more.pop("starttls", STARTTLS_PORTS.get(port))
    host = host.strip("[]")
    return Endpoint(host, port, name or host, float(timeout), None if starttls == "none" else starttls, **more)


def _check_versions(section: Section) -> None:
    if (section.get("min_tls"), section.get("max_tls")) == ("1.3", "1.2"):
        section.refuse("min_tls", "is above max_tls")


_VERSIONS = get_args(TlsVersion)
_VERSION = replace(choice(_VERSIONS), shape={"enum": [*_VERSIONS, *map(float, _VERSIONS)]})
VERIFY = Either(
    "host:port of a TLS server, its parts {host, port, name, starttls, timeout, …}, or `no`",
    text=ENDPOINT_TEXT,
    mapping=Record(
        {
            "host": Key(HOST, "Where to connect.", missing="the name or address of the server"),
            "port": Key(PORT, "Where to connect.", missing="the port of the server"),
            "name": Key(HOST, "The name to ask for (SNI); the host when left out."),
            "timeout": Key(
                DURATION, "How long the server may take to show the certificate.", default=int(Endpoint.timeout)
            ),
            "starttls": Key(
                choice((*get_args(StartTls), "none")),
                "The protocol in which TLS begins on request, or `none`; when left out, that of the port: "
                + ", ".join(f"{protocol} on {port}" for port, protocol in STARTTLS_PORTS.items())
                + ".",
            ),
            "min_tls": Key(_VERSION, "The lowest version of TLS to look with; any when left out."),
            "max_tls": Key(_VERSION, "The highest version of TLS to look with; any when left out."),
            "every": Key(
                DURATION,
                "How often unattended runs look again whether it is still shown, besides in each run that does something; when it "
                "is not, it is deployed again.",
                default=Endpoint.every,
            ),
            "all_addresses": Key(
                FLAG,
                "Whether each address of the host must show the certificate (IPv4 and IPv6, every node of a cluster), instead of "
                "the first one that answers.",
            ),
        },
        _endpoint,
        _check_versions,
    ),
)
VERIFY_MISSING = (
    "write `verify: host:port` of the server that must show the certificate, or `verify: no` where none can be reached "
    "from here and acme.sh's exit code is all there is"
)
