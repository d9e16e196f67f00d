"""An acme.sh that does as it is reported: for outcomes of the driver which no real authority can be asked for."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

from acmewrap.driver.acmesh import AcmeSh
from synthetic import NOW, Folder

SERVER = "https://ca.example.com:9000/acme/directory"
NAME = "nas.example.com"
OLD = Folder(domain=NAME)

# Each call leaves its arguments and its environment beside the script, then runs the text for its verb.
_SCRIPT = r"""#!/usr/bin/env sh
VER=3.1.1
HERE={here}
count=$(cat "$HERE/count" 2>/dev/null || echo 0)
count=$((count + 1))
echo "$count" >"$HERE/count"
printf '%s\0' "$@" >"$HERE/argv.$count"
tr '\0' '\n' <"/proc/$$/cmdline" >"$HERE/cmdline.$count"
env -0 >"$HERE/env.$count"
umask >"$HERE/umask.$count"
pwd >"$HERE/cwd.$count"
verb=
while [ $# -gt 0 ]; do
  case "$1" in
    --cert-home) CERTS=$2; shift ;;
    --config-home) CONFIG=$2; shift ;;
    --issue | --renew | --cron | --deploy | --install-cert | --revoke | --remove | --list | --info | --version | \
    --register-account | --update-account | --deactivate-account | --deactivate)
      verb=${{1#--}} ;;
  esac
  shift
done
ACCOUNT=$CA_HOME/ca.example.com/acme/directory
# The set that the test called $1, in the place of the domain's.
store() {{ mkdir -p "$CERTS/$2" && cp "$HERE/sets/$1/$2"/* "$CERTS/$2/"; }}
case "$verb" in
{cases}
*) echo "Unknown parameter: $verb" ; exit 1 ;;
esac
"""


@dataclass
class Stub:
    """``program`` is what AcmeSh drives; ``say`` says what a verb does, as bash."""

    folder: Path

    def __post_init__(self) -> None:
        self.program = self.folder / "acme.sh-stub"
        self.home = self.folder / "acme-home"
        self.program.mkdir()
        self._cases: Dict[str, str] = {}
        self.acme = AcmeSh(self.program, self.home, server=SERVER, verify=False, clock=lambda: NOW)
        self.say("version", "echo https://github.com/acmesh-official/acme.sh; echo v3.1.1")

    def say(self, verb: str, text: str) -> None:
        self._cases[verb] = text
        cases = "\n".join(f"{name}) {text}\n;;" for name, text in self._cases.items())
        script = _SCRIPT.format(here=shlex.quote(str(self.program)), cases=cases)
        (self.program / "acme.sh").write_text(script, encoding="utf-8")

    def offer(self, name: str, folder: Folder, *, ecc: bool = True) -> None:
        """Let the script say ``store NAME FOLDER``."""
        folder.write(self.program / "sets" / name, ecc=ecc)

    @property
    def calls(self) -> int:
        path = self.program / "count"
        return int(path.read_text()) if path.exists() else 0

    def argv(self, call: Optional[int] = None) -> List[str]:
        return (self.program / f"argv.{call or self.calls}").read_text(encoding="utf-8").split("\0")[:-1]

    def environment(self, call: Optional[int] = None) -> Dict[str, str]:
        entries = (self.program / f"env.{call or self.calls}").read_text(encoding="utf-8").split("\0")
        return {name: value for name, _, value in (entry.partition("=") for entry in entries if entry)}

    def read(self, what: str) -> str:
        """``umask``, ``cwd`` or ``cmdline`` of the last call."""
        return (self.program / f"{what}.{self.calls}").read_text(encoding="utf-8").strip()

    def serial(self, *, ecc: bool = True) -> Any:
        stored = self.acme.home.read(NAME, ecc)
        return int(stored.leaf.serial, 16) if stored is not None and stored.leaf is not None else None


def problem(type: str, detail: str) -> str:
    """A problem document as acme.sh prints it."""
    return json.dumps({"type": f"urn:ietf:params:acme:error:{type}", "detail": detail, "status": 400})
