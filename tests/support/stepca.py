"""The real step-ca, this program's first authority in the field: built from Debian's library, where that is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from acmewrap.testing.counterpart import Counterpart, fetch, free_port

_LIBRARY = Path("/usr/share/gocode/src/github.com/smallstep/certificates")
_SOURCE = Path(__file__).with_suffix(".go")
KEYS: Dict[str, Tuple[str, ...]] = {
    "ec": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    "rsa": ("-newkey", "rsa:2048"),
    "ed25519": ("-newkey", "ed25519"),
}
_INTERMEDIATE = """\
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def build(folder: Path) -> Path:
    """The program, in *folder*; half a minute without the network. Skips the test where Go or the library is not installed."""
    if shutil.which("go") is None or not _LIBRARY.is_dir():
        pytest.skip("needs golang-go and golang-github-smallstep-certificates-dev")
    program = folder / "step-ca"
    environment = {**os.environ, "GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOCACHE": str(folder / "cache")}
    subprocess.run(["go", "build", "-o", str(program), str(_SOURCE)], env=environment, check=True, timeout=600)
    return program


class StepCa(Counterpart):
    """An ACME provisioner with leaves of 24 hours, under an own root of one of ``KEYS``. It looks at port 80 for http-01, with
    the names of *dns* (host:port).

    *provisioner* are more settings of it, such as ``requireEAB``; *template* makes its certificates (step-ca's own language).
    """

    program = "step-ca"
    package = "golang-github-smallstep-certificates-dev"

    def __init__(
        self, folder: Path, program: Path, key: str = "ec", *, dns: str, template: str = "", **provisioner: Any
    ) -> None:
        super().__init__(folder)
        self.program = str(program)  # type: ignore[misc]
        self.ca_bundle = self.folder / "root.crt"
        self.port = free_port()
        self._key, self._dns = key, dns
        self._provisioner = {"type": "ACME", "name": "acme", **provisioner}
        if template:
            self._provisioner["options"] = {"x509": {"template": template}}

    @property
    def directory_url(self) -> str:
        return f"https://localhost:{self.port}/acme/acme/directory"

    def lose_accounts(self) -> None:
        """Forget everything, as after a restore: for the time between two starts."""
        shutil.rmtree(str(self.folder / "db"))

    def make_binding(self) -> Tuple[str, str]:
        """The id and the HMAC key of a new key for external account binding; the server must not run.

        step-ca asks for a binding, but has no way to make a key: its admin API leaves that to the commercial one.
        """
        self._prepare()
        file = self.folder / "binding"
        subprocess.run((self.program, "ca.json", str(file)), cwd=str(self.folder), check=True, timeout=60)
        key_id, hmac_key = file.read_text(encoding="ascii").split()
        return key_id, hmac_key

    def _prepare(self) -> None:
        (self.folder / "db").mkdir(parents=True, exist_ok=True)
        if not self.ca_bundle.exists():
            self._make_authority()
        settings = {
            "root": "root.crt",
            "crt": "intermediate.crt",
            "key": "intermediate.key",
            "address": f"127.0.0.1:{self.port}",
            "dnsNames": ["localhost"],
            "logger": {"format": "text"},
            "db": {"type": "badgerv2", "dataSource": "db"},
            "authority": {"provisioners": [self._provisioner]},
        }
        (self.folder / "ca.json").write_text(json.dumps(settings), encoding="ascii")

    def _make_authority(self) -> None:
        (self.folder / "extensions").write_text(_INTERMEDIATE, encoding="ascii")
        root, request = (
            ("-keyout", "root.key", "-subj", "/CN=Root"),
            ("-keyout", "intermediate.key", "-subj", "/CN=Step"),
        )
        signing = ("-CA", "root.crt", "-CAkey", "root.key", "-set_serial", "5", "-extfile", "extensions")
        for words in (
            ("req", "-x509", "-nodes", "-days", "90", *KEYS[self._key], *root, "-out", "root.crt"),
            ("req", "-new", "-nodes", *KEYS[self._key], *request, "-out", "intermediate.csr"),
            ("x509", "-req", "-in", "intermediate.csr", *signing, "-days", "80", "-out", "intermediate.crt"),
        ):
            subprocess.run(("openssl", *words), cwd=str(self.folder), check=True, capture_output=True, timeout=60)

    def _arguments(self) -> List[str]:
        return ["ca.json"]

    def _environment(self) -> Dict[str, str]:
        return {"DNS_SERVER": self._dns}

    def _answers(self) -> bool:
        return bool(fetch(self.directory_url, ca_bundle=self.ca_bundle))
