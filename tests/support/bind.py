"""BIND as `docs/guide-wildcard.md` sets it up: a zone that only this machine knows, changed by DNS updates with a key."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List

from acmewrap.testing.counterpart import Counterpart, free_port
from guides import guide

ZONE = "internal.example.com"

_CONFIGURATION = """\
options {{
    directory "{folder}";
    pid-file none; session-keyfile none; managed-keys-directory "{folder}"; {lock}
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; allow-transfer {{ key "acme-update"; }};
}};
controls {{ }};
{shown}
"""
_RECORDS = """\
$ORIGIN {zone}.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 86400 0
@ NS ns1
@ A 127.0.0.1
* A 127.0.0.1
"""


class Bind(Counterpart):
    """Serves :data:`ZONE` at ``port`` of 127.0.0.1, in which every name lies at 127.0.0.1; ``key`` is what updates it."""

    program = "named"
    package = "bind9"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.key = self.folder / "update.key"
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def records(self) -> str:
        """The TXT records of the zone; empty when a challenge left none."""
        done = self._dig("AXFR", ZONE, "-k", str(self.key))
        return "\n".join(line for line in done.splitlines() if "\tTXT\t" in line)

    def _dig(self, kind: str, name: str, *words: str) -> str:
        command = [
            "dig",
            "@127.0.0.1",
            "-p",
            str(self.port),
            *words,
            "+noall",
            "+answer",
            "+tries=1",
            "+time=2",
            kind,
            name,
        ]
        return subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True).stdout

    def _prepare(self) -> None:
        self.port = free_port()
        made = subprocess.run(["tsig-keygen", "acme-update"], stdout=subprocess.PIPE, check=True, text=True).stdout
        self.key.write_text(made, encoding="ascii")
        self.key.chmod(0o600)
        (self.folder / "zone").write_text(_RECORDS.format(zone=ZONE), encoding="ascii")
        (shown,) = (block.text for block in guide("guide-wildcard.md") if block.kind == "named")
        for place, stands_for in (("/etc/bind/acme-update.key", str(self.key)), (f"/var/lib/bind/{ZONE}", "zone")):
            assert place in shown
            shown = shown.replace(place, stands_for)
        version = subprocess.run(["named", "-v"], stdout=subprocess.PIPE, check=True, text=True).stdout
        lock = "lock-file none;" if version.startswith("BIND 9.18") else ""  # 9.20 has neither the option nor the file
        text = _CONFIGURATION.format(lock=lock, folder=self.folder, port=self.port, shown=shown)
        (self.folder / "named.conf").write_text(text, encoding="utf-8")

    def _arguments(self) -> List[str]:
        return ["-g", "-n", "1", "-c", str(self.folder / "named.conf")]

    def _answers(self) -> bool:
        return "SOA" in self._dig("SOA", ZONE)
