"""Records what an acmewrap leaves behind that a later one has to take over: home, ledger, wrapper, crontab, and the NAS.

    git archive COMMIT | tar -x -C OLD && PYTHONPATH=OLD python tests/homes/record_home.py tests/homes/COMMIT

It runs the `apply` of that commit against Pebble, a simulated DSM and a crontab of its own, once for each scheduler. Neutral words
take the place of this machine's folder, ports and Python; the keys are made here and serve nothing else. No path is part of what
the certificate is asked for, or its recorded fingerprint would not be that of any other folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict

import acmewrap
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.counterpart import free_port
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble

YEARS = 30 * 365 * 86400
SERVER_PORT = 14555
YAML = """\
directory: .
authorities:
  internal: {{server: "https://localhost:{server}/dir", ca_bundle: ca.crt}}
certificates:
  nas: {{domains: [nas.internal.test], challenge: {{standalone: {challenge}}}, deploy: {{dsm: synology}}}}
synology:
  url: {url}
  account: {{name: certupdater, password: {{file: dsm.password}}}}
  verify: {{host: 127.0.0.1, port: {port}, name: nas.internal.test, timeout: 5s}}
schedule: {{daily: "04:55", by: {by}}}
"""
CRONTAB = '#!/bin/sh\ncase $1 in -l) cat "{table}" ;; *) cat >"{table}" ;; esac\n'
KEPT = ("acmewrap.yaml", "ca.crt", "dsm.password", "acme.sh", "crontab", ".acme.sh")


def record(folder: Path, by: str, place: Path) -> None:
    """Apply in *place*, and keep in *folder* what comes of it."""
    place.mkdir()
    (place / "tools").mkdir()
    (place / "crontab").write_text("MAILTO=ops\n5 4 * * * /usr/bin/true\n", encoding="ascii")
    tools = {"crontab": CRONTAB.format(table=place / "crontab"), "sleep": "#!/bin/sh\nexec /bin/sleep 0.1\n"}
    for name, text in tools.items():
        (place / "tools" / name).write_text(text, encoding="ascii")
        (place / "tools" / name).chmod(0o755)
    challenge = free_port()
    with DsmSimulator(password="simulated") as nas, ChallengeServer(place.parent / f"dns-{by}") as dns, Pebble(
        place.parent / f"pebble-{by}", dns=dns.address, http_port=challenge, port=SERVER_PORT, validity_seconds=YEARS
    ) as pebble:
        shutil.copy(str(pebble.ca_bundle), str(place / "ca.crt"))
        (place / "dsm.password").write_text("simulated\n", encoding="ascii")
        (place / "dsm.password").chmod(0o600)
        values = {"server": pebble.port, "challenge": challenge, "url": nas.url, "port": nas.https_port, "by": by}
        (place / "acmewrap.yaml").write_text(YAML.format(**values), encoding="ascii")
        path = f"{place / 'tools'}:{os.environ['PATH']}"
        environ = {"PATH": path, "HOME": str(place / "user"), "PYTHONPATH": os.environ["PYTHONPATH"]}
        words = [sys.executable, "-m", "acmewrap", "--config", str(place / "acmewrap.yaml"), "apply"]
        subprocess.run(words, env=environ, cwd="/", check=True)
        neutral = {
            str(place): "@FOLDER@",
            sys.executable: "@PYTHON@",
            os.environ["PYTHONPATH"]: "@PACKAGE@",
            nas.url: "@NAS@",
            f"port: {nas.https_port}": "port: @PORT@",
            f"SYNO_PORT={nas.http_port}": "SYNO_PORT=@NAS_PORT@",
            str(place).strip("/").replace("/", "-"): "@FOLDER-NAME@",  # of the task of DSM
        }
        found = {"modes": keep(place, folder, neutral), "nas": describe(nas)}
        text = json.dumps(found, indent=1, sort_keys=True)
        (folder / "recorded.json").write_text(neutralise(text, neutral) + "\n", encoding="ascii")


def keep(place: Path, folder: Path, neutral: Dict[str, str]) -> Dict[str, str]:
    """Copy what is KEPT; returned are the modes, which git does not keep."""
    modes = {}
    for name in KEPT:
        for path in [place / name, *sorted((place / name).rglob("*"))]:
            target = folder / path.relative_to(place)
            if not path.is_symlink():
                modes[str(path.relative_to(place))] = f"{path.stat().st_mode & 0o7777:04o}"
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink():
                target.symlink_to(os.readlink(str(path)))
            elif path.is_file():
                target.write_text(neutralise(path.read_text(encoding="utf-8"), neutral), encoding="utf-8")
    return modes


def neutralise(text: str, neutral: Dict[str, str]) -> str:
    for found, word in neutral.items():
        text = text.replace(found, word)
    return text


def describe(nas: DsmSimulator) -> Dict[str, Any]:
    """What the simulated NAS holds, but for keys and certificates: those lie in the home."""
    state = nas.state
    (entry,) = state.certificates.by_description("acme")
    return {
        "entry": {"id": entry.id, "description": entry.description},
        "default": state.certificates.default == entry.id,
        "services": {service.name: service.certificate == entry.id for service in state.certificates.services},
        "tasks": [
            {name: value for name, value in vars(task).items() if name != "history"} for task in state.tasks.values()
        ],
    }


def main() -> None:
    output = Path(sys.argv[1])
    shutil.rmtree(str(output), ignore_errors=True)
    print("recording", acmewrap.__file__)
    with tempfile.TemporaryDirectory() as temporary:
        for by in ("crontab", "dsm"):
            record(output / by, by, Path(temporary) / by)


if __name__ == "__main__":
    main()
