"""``pebble-challtestsrv``: a DNS server in which every name lies at 127.0.0.1 until it is configured otherwise.

Only its DNS is used. HTTP challenges are answered by a real web server instead, and acme.sh's own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import List, Sequence

from .counterpart import Counterpart, fetch, free_port


class ChallengeServer(Counterpart):
    """``address`` (host:port, UDP and TCP) is what Pebble is given as its resolver; ``management`` the URL to tell it more.

    The management interface is described in pebble's ``cmd/pebble-challtestsrv/README.md`` (2.4 in Debian 12, 2.6 in 13).
    """

    program = "pebble-challtestsrv"
    package = "pebble"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.address = ""
        self.management = ""

    def set_addresses(self, name: str, addresses: Sequence[str]) -> None:
        """Let *name* have these IPv4 *addresses* instead of 127.0.0.1."""
        self._tell("add-a", host=name, addresses=list(addresses))

    def clear_addresses(self, name: str) -> None:
        self._tell("clear-a", host=name)

    def set_text(self, name: str, value: str) -> None:
        """Add a TXT record, as dns-01 asks for at ``_acme-challenge.``; the full stop at the end of *name* may be left out."""
        self._tell("set-txt", host=f"{name.rstrip('.')}.", value=value)

    def clear_text(self, name: str) -> None:
        self._tell("clear-txt", host=f"{name.rstrip('.')}.")

    def fail(self, name: str) -> None:
        """Answer every question for *name* with SERVFAIL until :meth:`recover`."""
        self._tell("set-servfail", host=name)

    def recover(self, name: str) -> None:
        self._tell("clear-servfail", host=name)

    def _tell(self, what: str, **values: object) -> None:
        fetch(f"{self.management}/{what}", data=json.dumps(values).encode("utf-8"))

    def _prepare(self) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.management = f"http://127.0.0.1:{free_port()}"

    def _arguments(self) -> List[str]:
        unused = [argument for flag in ("-http01", "-https01", "-tlsalpn01") for argument in (flag, "")]
        # No IPv6: the authority would try ::1 first, where the counterparts do not listen.
        addresses = ["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]
        management = self.management.replace("http://", "")
        return [*unused, *addresses, "-dns01", self.address, "-management", management]

    def _answers(self) -> bool:
        self._tell("clear-request-history", host="localhost", type="dns")
        return True
