"""A NAS as DSM sets it up, with an authority in its network, for the guide to be followed word for word.

Usage, in namespaces of its own (`unshare --mount --net`): fresh_nas.py FOLDER

FOLDER holds what lies on somebody's own machine, the scripts `own` for there and `nas` for the NAS, and `acme.sh`, which would be
downloaded. DSM is simulated at its own ports; scp to its user is played, and sudo asks for no password. Afterwards the task is run
as DSM does: as its owner, with no environment. What became of all that is JSON in FOLDER/result.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict

from acmewrap.pki import x509
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from fresh_debian import follow, overlay, program, read
from provisioned import served

USER, PASSWORD = "certupdater", "a b'c\"d$e"
HOME = Path("/var/services/homes", USER)
WEBROOT = Path("/var/lib/letsencrypt")
SCP = f"""\
#!/bin/sh
shift
for last; do :; done
[ "$last" = {USER}@nas.internal.example.com: ]
for file; do [ "$file" = "$last" ] || install -o {USER} -m 644 "$file" {HOME}/ || exit; done
"""
NGINX = (
    "user root; pid /run/nginx.pid; events {} http { access_log off; server { listen 80; root /var/lib/letsencrypt; } }"
)


def main(folder: Path) -> None:
    overlay(folder / "memory")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path("/etc/hosts").write_text("127.0.0.1 localhost nas.internal.example.com\n", encoding="ascii")
    HOME.parent.mkdir(parents=True)
    subprocess.run(["useradd", "--create-home", "--home-dir", str(HOME), "--shell", "/bin/bash", USER], check=True)
    Path("/etc/sudoers.d/nas").write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n", encoding="ascii")
    program(Path("/usr/local/sbin/scp"), SCP)
    (folder / "nginx.conf").write_text(NGINX, encoding="ascii")
    subprocess.run(["nginx", "-c", str(folder / "nginx.conf"), "-e", "/var/log/nginx.log"], check=True)
    shutil.copytree(str(folder / "acme.sh"), str(HOME / "src/acme.sh"))
    subprocess.run(["chown", "-R", f"{USER}:", str(HOME)], check=True)
    (folder / "dsm.password").write_text(f"{PASSWORD}\n", encoding="ascii")
    result: Dict[str, object] = {}
    with ChallengeServer(folder / "dns") as dns, Pebble(
        folder / "pebble", dns=dns.address, http_port=80, port=14000, validity_seconds=86400
    ) as pebble, DsmSimulator(account=USER, password=PASSWORD, http_port=5000, https_port=5001) as nas:
        shutil.copy(str(pebble.ca_bundle), str(folder / "ca.crt"))
        began = time.monotonic()
        own = follow(read(folder / "own"), folder)
        there = follow(read(folder / "nas"), HOME, USER)
        result.update(code=own.returncode or there.returncode, said=own.stdout + there.stdout)
        result["seconds"] = time.monotonic() - began
        if result["code"] == 0:
            result["served"] = served(5001)
            (leaf, *_) = x509.parse_pem((HOME / ".acme.sh/nas.internal.example.com_ecc/fullchain.cer").read_bytes())
            result["stored"] = leaf.sha256
            result["tasks"] = [[task.owner, task.extra["notify_mail"]] for task in nas.state.tasks.values()]
            (task,) = nas.state.tasks.values()
            before = os.stat(HOME / "task.log").st_size if (HOME / "task.log").exists() else 0
            way = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "env", "-i", "/bin/bash", "-c"]
            ran = subprocess.run([*way, task.extra["script"]], cwd="/", capture_output=True, text=True, check=False)
            result.update(task=[ran.returncode, ran.stdout + ran.stderr], log=read(HOME / "task.log")[before:])
        (folder / "result").write_text(json.dumps(result), encoding="utf-8")
    subprocess.run(["nginx", "-s", "quit", "-c", str(folder / "nginx.conf")], check=False, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
