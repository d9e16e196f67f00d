"""A Debian as it was installed, with an authority in its network, for guides that are followed word for word as root.

Usage, in namespaces of its own (`unshare --mount --net`): fresh_debian.py FOLDER

Whatever FOLDER/script changes below /etc, /var, /usr, /run and /root goes into memory, and away with the namespaces. Only what a
machine without a network and without systemd lacks is played: apt-get finds everything installed, systemctl starts and reloads
nginx and keeps which timers are enabled. Afterwards the service is run as systemd.exec(5) says: its environment, its file system,
its capabilities; then the one that sends mail. What became of all that is JSON in FOLDER/result.
"""

from __future__ import annotations

import json
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

from acmewrap.state.ledger import Advice, Ledger
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.pebble import Pebble
from provisioned import served

CHANGED = ("/etc", "/var", "/usr/local", "/usr/sbin", "/run", "/root")
SYSTEMCTL = """\
#!/bin/sh
echo "$@" >>/run/systemctl.words
case "$*" in
"restart nginx") exec nginx ;;
"try-reload-or-restart nginx" | "reload nginx") exec kill -HUP $(cat /run/nginx.pid) ;;
"enable --now "*) shift 2; echo "$1" >>/run/enabled ;;
"is-enabled "*) grep -qx "$2" /run/enabled && echo enabled ;;
esac
"""
SENDMAIL = "#!/bin/sh\nexec cat >>/var/mail/sent\n"
UNITS = Path("/etc/systemd/system")
CAPABILITY = re.compile("CAP_([A-Z_]+)")


def overlay(folder: Path) -> None:
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], check=True)
    for number, changed in enumerate(CHANGED):
        upper, work = folder / f"upper{number}", folder / f"work{number}"
        upper.mkdir()
        work.mkdir()
        options = f"lowerdir={changed},upperdir={upper},workdir={work}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, changed], check=True)


def program(path: Path, text: str) -> None:
    path.write_text(text, encoding="ascii")
    path.chmod(0o755)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def follow(script: str, folder: Path, user: str = "root") -> subprocess.CompletedProcess[str]:
    """Run *script* as *user* in *folder*, as if it were typed there; it ends with the first command that fails."""
    path, home = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", pwd.getpwnam(user).pw_dir
    return subprocess.run(
        ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "bash", "-e"],
        input=script,
        cwd=str(folder),
        env={"PATH": path, "HOME": home, "USER": user, "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )


def settings(unit: Path) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def start(unit: Path) -> subprocess.CompletedProcess[str]:
    """As systemd would: systemd.exec(5), systemd.service(5)."""
    found = settings(unit)
    (line,) = found["ExecStart"]
    argv = shlex.split(line.replace("$$", "$").replace("%%", "%").replace("\\\\", "\\"))
    writable = [path.lstrip("-") for paths in found.get("ReadWritePaths", ()) for path in paths.split()]
    closed = {"strict": ["/"], "full": ["/usr", "/boot", "/etc"]}[found["ProtectSystem"][0]]
    script = ["mount --make-rprivate /", "for d in /tmp /var/tmp; do mount -t tmpfs tmpfs $d; done"]
    script += [f"mountpoint -q {folder} || mount --rbind {folder} {folder}" for folder in closed]
    script += [f"[ ! -e {path} ] || mount --bind {path} {path}" for path in map(shlex.quote, writable)]
    below = "|".join(folder.rstrip("/") for folder in closed)
    keep = "|".join(("/dev", "/proc", "/sys", "/tmp", "/var/tmp", *map(re.escape, writable)))
    script.append(
        f"cut -d' ' -f5 /proc/self/mountinfo | grep -E '^({below})(/|$)' | grep -Ev '^({keep})(/|$)' | sort -u | "
        "while read m; do mount -o remount,bind,ro $m; done"
    )
    bound = ["-all", *(f"+{name.lower()}" for name in CAPABILITY.findall(found.get("CapabilityBoundingSet", [""])[0]))]
    held = ["--bounding-set", ",".join(bound)] if "CapabilityBoundingSet" in found else []
    privileges = ["--no-new-privs"] if found.get("NoNewPrivileges") == ["yes"] else []
    umask = found.get("UMask", ["0022"])[0]
    way = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG=C.UTF-8", *argv]
    words = shlex.join(["setpriv", *held, *privileges, *way])
    text = "\n".join(("set -e", *script, f"cd /; umask {umask}; exec {words}"))
    return subprocess.run(
        ["unshare", "--mount", "bash", "-c", text], capture_output=True, text=True, timeout=300, check=False
    )


def main(folder: Path) -> None:
    overlay(folder / "memory")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path("/etc/hosts").write_text("127.0.0.1 localhost www.internal.example.com\n", encoding="ascii")
    Path("/run/nginx.pid").unlink(missing_ok=True)
    program(Path("/usr/local/sbin/apt-get"), "#!/bin/sh\n")
    program(Path("/usr/local/sbin/systemctl"), SYSTEMCTL)
    program(Path("/usr/sbin/sendmail"), SENDMAIL)
    Path("/var/mail").mkdir(exist_ok=True)
    release = Path("/etc/acmewrap/src/acme.sh")  # what would be downloaded
    release.parent.mkdir(parents=True)
    shutil.copytree(str(folder / "acme.sh"), str(release))
    result: Dict[str, object] = {}
    with ChallengeServer(folder / "dns") as dns, Pebble(
        folder / "pebble", dns=dns.address, http_port=80, port=14000, validity_seconds=86400
    ) as pebble:
        shutil.copy(str(pebble.ca_bundle), str(folder / "ca.crt"))
        began = time.monotonic()
        done = follow(read(folder / "script"), folder)
        result.update(code=done.returncode, said=done.stdout, seconds=time.monotonic() - began)
        if done.returncode == 0:
            units = sorted(UNITS.glob("acmewrap-*"))
            verified = subprocess.run(
                ["systemd-analyze", "verify", *map(str, units)], capture_output=True, text=True, check=False
            )
            result["verified"] = [verified.returncode, verified.stderr]
            (service,) = (unit for unit in units if unit.suffix == ".service" and "failure" not in unit.name)
            result["before"] = served(443)
            advice = Advice(
                served(443), "https://pki.internal.example.com/renewal", int(time.time()) + 80_000, chosen=1
            )
            Ledger.load(Path("/etc/acmewrap/.acme.sh/.ledger.json")).advise("www", advice)
            ran = start(service)
            log = Path("/etc/acmewrap/task.log")
            result.update(service=[ran.returncode, ran.stdout + ran.stderr], log=read(log))
            result["after"] = served(443)
            (failure,) = UNITS.glob("acmewrap-*-failure.service")
            sent = start(failure)
            result.update(failure=[sent.returncode, sent.stderr], mail=read(Path("/var/mail/sent")))
            result["enabled"] = Path("/run/enabled").read_text(encoding="ascii").split()
            result["open"] = oct(Path("/etc/nginx/tls/www.key").stat().st_mode & 0o777)
        (folder / "result").write_text(json.dumps(result), encoding="utf-8")
    if Path("/run/nginx.pid").exists():
        subprocess.run(["nginx", "-s", "quit"], check=False, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
