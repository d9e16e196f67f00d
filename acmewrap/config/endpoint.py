"""A server that can be looked at, and how TLS begins there."""

from __future__ import annotations

from typing import Literal, Mapping, Optional

from ..frozen import frozen

StartTls = Literal["smtp", "imap", "pop3", "ldap", "postgres", "mysql", "ftp", "xmpp"]
TlsVersion = Literal["1.2", "1.3"]

STARTTLS_PORTS: Mapping[int, StartTls] = {
    **dict.fromkeys((25, 587), "smtp"),
    143: "imap",
    110: "pop3",
    389: "ldap",
    5432: "postgres",
    3306: "mysql",
    21: "ftp",
    5222: "xmpp",
}
"""Where TLS begins on request, as IANA has these ports."""


@frozen
class Endpoint:
    """A TLS server to look at: connect to ``host:port``, ask for ``name`` (SNI), wait up to ``timeout`` seconds for a restart.

    ``starttls``: the protocol that TLS begins in; ``all_addresses``: each address of the host must show the certificate; ``every``:
    how many seconds may pass between two looks of unattended runs.
    """

    host: str
    port: int
    name: str
    timeout: float = 60.0
    starttls: Optional[StartTls] = None
    min_tls: Optional[TlsVersion] = None
    max_tls: Optional[TlsVersion] = None
    all_addresses: bool = False
    every: int = 86400

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
