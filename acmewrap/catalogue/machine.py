"""What this machine lets nobody do: files, other runs, tools, schedulers; and the demo's counterparts."""

from __future__ import annotations

from typing import Mapping

from ..errors import ExitCode, Retry
from .entry import Entry

ENTRIES: Mapping[str, Entry] = {
    "file.not_writable": Entry(
        ExitCode.PERMISSION,
        "The user that runs acmewrap may not write there.",
        "Run as the user that owns {folder}, or give that user the right to write there.",
    ),
    "run.busy": Entry(
        ExitCode.BUSY,
        "Another run works in the same folder, by hand or from the schedule.",
        "Try again when it has ended.",
        retry=Retry.LATER,
    ),
    "run.interrupted": Entry(
        ExitCode.UNEXPECTED,
        "Somebody, or the system while it shut down, ended the run.",
        "Run again: nothing half-done is kept, and what was finished is not done twice.",
        retry=Retry.LATER,
    ),
    "file.foreign": Entry(
        ExitCode.PERMISSION,
        "Something that acmewrap did not write lies where it would write. It is never overwritten.",
        "Move it away and run again: mv {path} {path}.before",
    ),
    "file.failed": Entry(
        ExitCode.UNEXPECTED,
        "The operating system could not do it: a broken disk, a folder in the way, a file system that is read-only.",
        "Mend what the message says and run again; what was there before is untouched.",
    ),
    "wrapper.missing": Entry(
        ExitCode.UNEXPECTED,
        "The wrapper script was not rendered yet.",
        "Run: acmewrap render",
    ),
    "step.skipped": Entry(
        ExitCode.UNEXPECTED,
        "A step before it failed.",
        "Mend what the failed step says and run again.",
        retry=Retry.LATER,
    ),
    "schedule.no_crontab": Entry(
        ExitCode.UNEXPECTED,
        "The machine has no cron; a Synology NAS, for one, has its own Task Scheduler.",
        "On a Synology NAS write `by: dsm` under `schedule`. Elsewhere install cron, or write `by: systemd`.",
    ),
    "schedule.not_startable": Entry(
        ExitCode.UNEXPECTED,
        "cron has no way to run an entry before its time.",
        "Run what it would run: `acmewrap cron`.",
    ),
    "schedule.no_systemd": Entry(
        ExitCode.UNEXPECTED,
        "The schedule asks for a systemd timer, and the machine runs no systemd.",
        "Write `by: crontab` (or `by: dsm` on a Synology NAS).",
    ),
    "schedule.refused": Entry(
        ExitCode.UNEXPECTED,
        "crontab did not take the new table, or this user may not have one (see cron.allow).",
        "Try `crontab -l` as the same user and mend what it says.",
    ),
    "home.not_writable": Entry(
        ExitCode.PERMISSION,
        "acme.sh could not write where it keeps its keys, certificates and settings.",
        "Run as the user that owns {folder}, or give it that user: sudo chown -R {user} {folder}",
    ),
    "disk.full": Entry(
        ExitCode.UNEXPECTED,
        "The disk is full. acme.sh then leaves empty files behind.",
        "Make room (df -h {folder}) and run again; what was there before has been kept.",
    ),
    "tool.missing": Entry(
        ExitCode.UNEXPECTED,
        "A program that acme.sh needs is not installed, or not in PATH.",
        "Install the program that the message names (curl, openssl; socat for standalone; idn for international names).",
    ),
    "tool.failed": Entry(
        ExitCode.UNEXPECTED,
        "A program that acme.sh needs did not do its work. Without openssl acme.sh says only that a key could not be made.",
        "Run it by hand (openssl version), and install or mend it.",
    ),
    "process.deadline": Entry(
        ExitCode.UNEXPECTED,
        "acme.sh took longer than it may and was ended with everything it had started. It has no time limit of its own.",
        "Read its last lines: usually the authority or the target does not answer. Only when it is slow and sound: "
        "--timeout SECONDS",
        retry=Retry.LATER,
    ),
    "process.killed": Entry(
        ExitCode.UNEXPECTED,
        "acme.sh was ended from outside by a signal.",
        "Run again: nothing half-done is kept. If it happens often, look for a shortage of memory (dmesg) or another "
        "job's kill.",
        retry=Retry.LATER,
    ),
    "demo.tool_missing": Entry(
        ExitCode.UNEXPECTED,
        "The demo and the tests run against real programs, and one of them is not installed.",
        "Install it: apt-get install {package}",
    ),
    "demo.not_started": Entry(
        ExitCode.UNEXPECTED,
        "A program that the demo or a test starts ended at once, or said nothing for 30 seconds.",
        "Read its last lines above and the whole log in {log}; then run again.",
    ),
    "demo.openssl_failed": Entry(
        ExitCode.UNEXPECTED,
        "The openssl program could not make a certificate for the demo or a test.",
        "Read its last lines above; `openssl version` must say 1.1.1 or later.",
    ),
    "demo.port_taken": Entry(
        ExitCode.UNEXPECTED,
        "A simulator was told which port to use, and another program listens there or this user may not.",
        "End what listens on {port}, name another port, or leave it out: then a free one is taken.",
    ),
}
