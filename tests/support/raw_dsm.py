"""Raw requests to the web API of a simulated DSM, without its web server and without acmewrap's own client."""

from __future__ import annotations

import json
from typing import Any, Dict

from acmewrap.testing.dsm import State, StoredCertificate
from acmewrap.testing.dsm.apis import collect_apis
from acmewrap.testing.dsm.data.presets import load_preset
from acmewrap.testing.dsm.openssl import CertificateFacts
from acmewrap.testing.dsm.store import CertificateStore
from acmewrap.testing.dsm.web import Reply, Request, answer

PASSWORD = "correct-horse"

FACTS = CertificateFacts(
    subject={"common_name": "nas.test"},
    issuer={"common_name": "Root"},
    names=("nas.test",),
    valid_from="Nov 23 11:00:00 2026 GMT",
    valid_till="Feb 21 11:00:00 2027 GMT",
    key_algorithm="id-ecPublicKey",
    key_bits=256,
    signature_algorithm="ecdsa-with-SHA256",
    public_key=b"",
)
Outcome = Any  # the data of a reply, or the number of an error


class Client:
    """Calls the API as an administrator; parameters that are not text are sent as JSON, text is sent quoted."""

    def __init__(self, generation: int = 7, version: str = "") -> None:
        preset = load_preset(version or ("7.2.1" if generation == 7 else "6.2"))
        store = CertificateStore(preset.generation)
        for name, description in (("8eAAAA", ""), ("8eBBBB", "acme")):
            store.entries[name] = StoredCertificate(name, description, b"", b"", b"", FACTS)
        store.default = "8eAAAA"
        store.add_service("system", "default", "DSM Desktop Service", i18n="common:web_desktop")
        store.add_service("system", "quickconnect", "QuickConnect").moves = False
        store.add_service("smbftpd", "ftpd", "FTPS")
        self.state = State(preset, store)
        self.state.add_user("ops", PASSWORD, administrator=True)
        self.apis = collect_apis()
        self.identity: Dict[str, str] = {}
        self.sid_in_address = True

    def send(self, script: str, parameters: Dict[str, str], token: str = "") -> Reply:
        token = token or parameters.get("SynoToken", "")
        sid = parameters.get("_sid", "") if self.sid_in_address else ""
        return answer(Request("POST", f"/webapi/{script}", parameters, {}, token, sid), self.state, self.apis)

    def raw(self, script: str = "entry.cgi", **parameters: str) -> Outcome:
        """The data of the reply, or the number of the error."""
        reply = json.loads(self.send(script, {**self.identity, **parameters}).body or b"null")
        return reply.get("data") if reply["success"] else reply["error"]["code"]

    def call(self, api: str, method: str, version: int = 1, **parameters: Any) -> Outcome:
        quoted = {name: json.dumps(value) for name, value in parameters.items()}
        return self.raw(api=api, method=method, version=str(version), **quoted)

    def log_in(self, account: str = "ops", password: str = PASSWORD, **more: str) -> Outcome:
        """Log in with the newest version, or another, and from then on call with that session."""
        newest = "7" if self.state.generation == 7 else "6"
        script = "entry.cgi" if self.state.generation == 7 else "auth.cgi"
        parameters = {"version": newest, "enable_syno_token": "yes", "account": account, "passwd": password, **more}
        data = self.raw(script, api="SYNO.API.Auth", method="login", **parameters)
        if isinstance(data, dict):
            self.identity = {"_sid": data["sid"], "SynoToken": data.get("synotoken", "")}
        return data
