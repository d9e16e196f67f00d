"""Pebble, the small ACME server of Let's Encrypt, as a private certificate authority.

Its API has a server certificate signed by a root of our own, so that a client must be given a CA bundle: the situation of a
private authority in a company network. The certificates it issues end at another root, made anew at every start.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any, Dict, List, Optional

from ..secrets import Secret
from .certificates import make_leaf, make_root
from .counterpart import Counterpart, fetch, free_port


class Pebble(Counterpart):
    """An ACME directory at ``directory_url``; ``ca_bundle`` is what a client must trust to talk to it.

    *dns* is the resolver it validates with (host:port), *http_port* and *tls_port* where it looks for challenges.
    *validity_seconds* is the lifetime of what it issues (five years when None). With *eab* an account needs the key
    ``eab_key_id`` with ``eab_hmac_key``. *nonce_reject* is the percentage of good nonces it refuses, *authorization_reuse*
    that of valid authorizations it uses again. All state is lost when it ends; a given *port* makes a new one answer at the
    same URL with the same server certificate, as an authority does that was restored from nothing.
    """

    program = "pebble"
    package = "pebble"

    def __init__(
        self,
        folder: Path,
        *,
        dns: str,
        http_port: int,
        tls_port: int = 5001,
        port: int = 0,
        validity_seconds: Optional[int] = None,
        eab: bool = False,
        strict: bool = False,
        nonce_reject: int = 0,
        authorization_reuse: int = 0,
    ) -> None:
        super().__init__(folder)
        self.ca_bundle = self.folder / "root.pem"
        self.eab_key_id = "key-1"
        self.eab_hmac_key = Secret(secrets.token_urlsafe(32))
        self._dns = dns
        self._http_port = http_port
        self._tls_port = tls_port
        self._fixed_port = port
        self._validity_seconds = validity_seconds
        self._eab = eab
        self._strict = strict
        self._percentages = {"PEBBLE_WFE_NONCEREJECT": nonce_reject, "PEBBLE_AUTHZREUSE": authorization_reuse}
        self.port = port
        self._management_port = 0

    @property
    def directory_url(self) -> str:
        return f"https://localhost:{self.port}/dir"

    def root(self) -> str:
        """The PEM of the root that everything it issues ends at."""
        return fetch(f"https://localhost:{self._management_port}/roots/0", ca_bundle=self.ca_bundle).decode("ascii")

    def status_of(self, serial: str) -> Any:
        """What became of the certificate with this serial number (hexadecimal): ``Status``, when revoked also ``Reason``."""
        url = f"https://localhost:{self._management_port}/cert-status-by-serial/{serial}"
        return json.loads(fetch(url, ca_bundle=self.ca_bundle))

    def _prepare(self) -> None:
        self.port = self._fixed_port or free_port()
        self._management_port = free_port()
        certificate, key = self.folder / "localhost.fullchain.pem", self.folder / "localhost.key"
        if not certificate.exists():
            make_leaf(self.folder, make_root(self.folder, "API Root"), ["localhost", "127.0.0.1"], file="localhost")
        settings: Dict[str, object] = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self._management_port}",
            "certificate": str(certificate),
            "privateKey": str(key),
            "httpPort": self._http_port,
            "tlsPort": self._tls_port,
            "externalAccountBindingRequired": self._eab,
        }
        if self._eab:
            settings["externalAccountMACKeys"] = {self.eab_key_id: self.eab_hmac_key.reveal()}
        if self._validity_seconds is not None:
            settings["certificateValidityPeriod"] = self._validity_seconds
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": settings}, indent=2), encoding="utf-8")

    def _arguments(self) -> List[str]:
        strict = ["-strict"] if self._strict else []
        return ["-config", str(self.folder / "pebble.json"), "-dnsserver", self._dns, *strict]

    def _environment(self) -> Dict[str, str]:
        percentages = {name: str(value) for name, value in self._percentages.items()}
        return {"PEBBLE_VA_NOSLEEP": "1", **percentages}

    def _answers(self) -> bool:
        return bool(fetch(self.directory_url, ca_bundle=self.ca_bundle)) and bool(self.root())
