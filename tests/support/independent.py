"""acme2certifier (PyPI): an ACME server that shares no code with Pebble or step-ca, on a certificate authority of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Dict, List

from acmewrap.testing.certificates import make_intermediate, make_leaf, make_root
from acmewrap.testing.counterpart import Counterpart, fetch, free_port

_SERVER = Path(__file__).with_name("acme2certifier_server.py")
_SETTINGS = """\
[DEFAULT]
dns_server_list: ["127.0.0.1"]
[CAhandler]
handler_module: acme2certifier.cahandlers.openssl_ca_handler
issuing_ca_key: {folder}/intermediate.key
issuing_ca_cert: {folder}/intermediate.pem
issuing_ca_crl: {folder}/crl.pem
ca_cert_chain_list: {chain}
cert_save_path: {folder}/issued
cert_validity_days: 30
blocked_domainlist: ["blocked\\\\.internal\\\\.test"]
[DBhandler]
handler: wsgi
dbfile: {folder}/database
{more}
"""


class Acme2Certifier(Counterpart):
    """Validates http-01 at *http_port* with the names of *dns* (host:port).

    *root_sent*: the chain holds the root as well. *more* are further sections of its settings.
    """

    program = "acme2certifier"
    package = "acme2certifier"

    def __init__(self, folder: Path, *, dns: str, http_port: int, root_sent: bool = False, more: str = "") -> None:
        super().__init__(folder)
        self.program = sys.executable  # type: ignore[misc]
        self.log = self.folder / "acme2certifier.log"
        self.ca_bundle = self.folder / "root.pem"
        self.port = free_port()
        self._ports = [dns.rpartition(":")[2], str(http_port)]
        self._root_sent, self._more = root_sent, more

    @property
    def directory_url(self) -> str:
        return f"https://localhost:{self.port}/directory"

    def lose_accounts(self) -> None:
        """Forget everything, as after a restore, and start again."""
        self._end()
        (self.folder / "database").unlink()
        self.__enter__()

    def _prepare(self) -> None:
        if not self.ca_bundle.exists():
            root = make_root(self.folder, "Independent Root")
            make_intermediate(self.folder, root, "Independent Intermediate")
            make_leaf(self.folder, root, ["localhost"], file="server")
            (self.folder / "issued").mkdir()
        chain = json.dumps([str(self.ca_bundle)] if self._root_sent else [])
        text = _SETTINGS.format(folder=self.folder, chain=chain, more=self._more)
        (self.folder / "acme_srv.cfg").write_text(text, encoding="utf-8")

    def _environment(self) -> Dict[str, str]:
        return {"ACME_SRV_CONFIGFILE": str(self.folder / "acme_srv.cfg")}

    def _arguments(self) -> List[str]:
        own = [str(self.folder / name) for name in ("server.fullchain.pem", "server.key")]
        return [str(_SERVER), str(self.port), *own, *self._ports]

    def _answers(self) -> bool:
        return bool(fetch(self.directory_url, ca_bundle=self.ca_bundle))
