"""The real step-ca, this program's first authority in the field: built from Debian's library, where that is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

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
    """An ACME provisioner with leaves of 24 hours, under an own root of one of ``KEYS``. It looks at port 80 for http-01."""

    program = "step-ca"
    package = "golang-github-smallstep-certificates-dev"

    def __init__(self, folder: Path, program: Path, key: str = "ec") -> None:
        super().__init__(folder)
        self.program = str(program)  # type: ignore[misc]
        self.ca_bundle = self.folder / "root.crt"
        self.port = free_port()
        self._key = key

    @property
    def directory_url(self) -> str:
        return f"https://localhost:{self.port}/acme/acme/directory"

    def lose_accounts(self) -> None:
        """Forget everything, as after a restore: for the time between two starts."""
        shutil.rmtree(str(self.folder / "db"))

    def _prepare(self) -> None:
        (self.folder / "db").mkdir(exist_ok=True)
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
            "authority": {"provisioners": [{"type": "ACME", "name": "acme"}]},
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

    def _answers(self) -> bool:
        return bool(fetch(self.directory_url, ca_bundle=self.ca_bundle))
