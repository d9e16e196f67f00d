"""A systemd of its own as the first process of a namespace, with postfix and without anything of this machine's crontabs, units and
mail; for root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import List, Optional, Type

RECIPIENT = "root@local.test"
_GROUPS = tuple(Path("/sys/fs/cgroup", name) for name in ("systemd", "unified", ""))
_UP = ("running", "degraded")
# Nothing of this machine is at its disposal: it may write to what is new, knows no unit but ours, and none that prepares a machine.
_FIRST = """\
set -e
units=/etc/systemd/system
for place in /run /tmp /var/tmp /srv $units /var/spool/cron /var/spool/postfix; do mount -t tmpfs -o mode=755 tmpfs $place; done
mount -t tmpfs -o mode=1777 tmpfs /var/mail
mount -t tmpfs -o mode=755,uid=$(id -u postfix) tmpfs /var/lib/postfix
install -d -m 1730 -g crontab /var/spool/cron/crontabs
for name in basic network-online shutdown sysinit timers tests; do
    printf '[Unit]\\nDefaultDependencies=no\\n' > $units/$name.target
done
cp -r /etc/postfix /run/postfix && mount --bind /run/postfix /etc/postfix
sed -i '/^smtp      inet/d' /etc/postfix/master.cf
cat > /etc/postfix/main.cf <<END
compatibility_level = 3.6
inet_interfaces = loopback-only
mydestination = local.test
myhostname = local.test
myorigin = local.test
alias_maps =
alias_database =
local_recipient_maps =
mail_spool_directory = /var/mail
END
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -o remount,bind,ro /
export container=tests SYSTEMD_UNIT_PATH=$units SYSTEMD_GENERATOR_PATH=/run/none SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/none
exec /lib/systemd/systemd --system --unit=tests.target --log-target=null --show-status=no
"""


class Booted:
    """``run`` starts something in there, beside systemd."""

    def __enter__(self) -> Booted:
        self._groups = [
            folder / f"acmewrap-tests-{os.getpid()}" for folder in _GROUPS if (folder / "cgroup.procs").exists()
        ]
        for group in self._groups:
            group.mkdir(exist_ok=True)
        join = "".join(f"echo $$ > {group}/cgroup.procs; " for group in self._groups)
        unshare = "exec unshare --cgroup --fork --pid --mount --uts --ipc --mount-proc --kill-child /bin/bash -c"
        argv = ("setpriv", "--pdeathsig", "KILL", "/bin/bash", "-c", f'{join}{unshare} "$0"', _FIRST)
        self._outer = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (self._is_systemd() and self.run("systemctl", "is-system-running").stdout.strip() in _UP):
            assert self._outer.poll() is None, f"the way to systemd ended with {self._outer.returncode}"
            assert time.monotonic() < deadline, "systemd did not start"
            time.sleep(0.1)
        return self

    def _is_systemd(self) -> bool:
        """Whether the first process in there has become systemd. Before, nothing may be started beside it: a program that is just
        being read keeps ``mount`` from making its file system read-only, or unmounting it (EBUSY, exit code 32).
        """
        try:
            (self._first,) = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()
            return Path(f"/proc/{self._first}/comm").read_text() == "systemd\n"
        except (OSError, ValueError):  # not yet, or no longer
            return False

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._outer.send_signal(signal.SIGKILL)  # and with it all that is in there
        self._outer.wait()
        for group in self._groups:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    shutil.rmtree(str(group), onerror=lambda *_: None)
                    group.rmdir()
                if not group.exists():
                    break
                time.sleep(0.1)

    def run(self, *argv: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """*argv*, to its end."""
        within: List[str] = ["nsenter", "-t", self._first, "-p", "-m", "-u", "-i", "-C", *argv]
        return subprocess.run(within, input=text, capture_output=True, text=True, check=False, timeout=120)

    def mail(self, seconds: float = 30.0) -> str:
        """The next message, which is then gone."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.run("sh", "-c", "cat /var/mail/root && rm /var/mail/root").stdout
            if found:
                return found
            assert time.monotonic() < deadline, "no mail came"
            time.sleep(0.3)
