"""What this machine lets nobody do: files, other runs, tools, schedulers; and the demo's counterparts."""

from __future__ import annotations

from typing import Mapping

from ..errors import Retry
from .entry import Entry, busy, denied, report_lost

ENTRIES: Mapping[str, Entry] = {
    "file.not_writable": denied(
        "The user that runs acmewrap may not write there.",
        "Run as the user that owns {folder}, or give that user the right to write there.",
    ),
    "run.busy": busy(
        "Another run works in the same folder, by hand or from the schedule.",
        "Try again when it has ended.",
        retry=Retry.LATER,
    ),
    "run.interrupted": Entry(
        "Somebody, or the system while it shut down, ended the run.",
        "Run again: nothing half-done is kept, and what was finished is not done twice. A TXT record or a challenge file that "
        "was left behind does no harm, and can be removed by hand.",
        retry=Retry.LATER,
        interruption=True,
    ),
    "file.foreign": denied(
        "Something that acmewrap did not write lies where it would write. It is never overwritten.",
        "Move it away and run again: mv {path} {path}.before",
    ),
    "file.failed": Entry(
        "The operating system could not do it: a broken disk, a folder in the way, a file system that is read-only.",
        "Fix what the message says and run again; what was there before is untouched.",
    ),
    "file.denied": denied(
        "A file, or a folder above it, belongs to another user and does not let this one in.",
        "Run as its owner, or let this user in: ls -ld {folder}",
    ),
    "file.read_only": denied(
        "The file system is mounted read-only, which Linux does by itself when its disk fails.",
        "Look for the reason (dmesg), then make it writable again: sudo mount -o remount,rw {folder}",
    ),
    "lock.unavailable": Entry(
        "The file system of the folder gives no locks, as NFS without its lock service; without them two runs would collide.",
        "Let `directory` lie on a local file system, or start the lock service (rpc.statd) of the NFS mount.",
    ),
    "internal.unexpected": Entry(
        "Something that nobody has thought of: a fault of acmewrap, or an answer that was never seen before. Only the step or the "
        "thing that is named failed; all others went on.",
        "Report it to the project, with {report}: no secrets are in it, and you can read all of it. The next run tries again.",
        retry=Retry.LATER,
    ),
    "output.lost": report_lost(
        "The disk below the log, or below the file that the output goes to, is full or broken. The work was done all the same.",
        "Make room (df -h) and look at the certificates: acmewrap status",
    ),
    "wrapper.missing": Entry(
        "The wrapper script was not rendered yet, or for something else than the file asks for now.",
        "Run: acmewrap render",
    ),
    "wrapper.newer": Entry(
        "A later version of acmewrap wrote the wrapper script, which may let less happen than the one of this version.",
        "Run that version again, or a later one; to go back on purpose, first move it away: mv {path} {path}.newer",
    ),
    "step.skipped": Entry(
        "A step before it failed.", "Fix what the failed step says and run again.", retry=Retry.LATER
    ),
    "python.too_old": Entry(
        "acmewrap needs Python 3.8 or later. DSM 6 comes with 2.7 alone.",
        "On DSM 6 install Python 3 (3.8 or later) from a package source and start acmewrap with it, or run acmewrap on another "
        "machine, with `synology: {{url: https://NAS:5001}}` and `administrator`.",
    ),
    "schedule.no_crontab": Entry(
        "The machine has no cron; a Synology NAS, for one, has its own Task Scheduler.",
        "On a Synology NAS write `by: dsm` under `schedule`. Elsewhere install cron, or write `by: systemd`.",
    ),
    "schedule.not_startable": Entry(
        "cron has no way to run an entry before its time.", "Run what it would run: `acmewrap cron`."
    ),
    "schedule.no_systemd": Entry(
        "The schedule asks for a systemd timer, and the machine runs no systemd.",
        "Write `by: crontab` (or `by: dsm` on a Synology NAS).",
    ),
    "schedule.refused": Entry(
        "crontab did not take the new table, or this user may not have one (see cron.allow).",
        "Try `crontab -l` as the same user and fix what it says.",
    ),
    "schedule.not_kept": Entry(
        "The scheduler took the entry and does not show it: another program writes there too, or removes the entry again.",
        "Look for who changes it (crontab -l, systemctl cat), then run: acmewrap apply",
        retry=Retry.LATER,
    ),
    "home.newer": Entry(
        "A later version of acmewrap has worked in this folder, and what it keeps there is not known to this one.",
        "Run that version again, or a later one; nothing was changed in {folder}.",
    ),
    "home.not_writable": denied(
        "acme.sh could not write where it keeps its keys, certificates and settings.",
        "Run as the user that owns {folder}, or give it that user: sudo chown -R {user} {folder}",
    ),
    "disk.full": Entry(
        "The disk is full. acme.sh then leaves empty files behind.",
        "Make room (df -h {folder}) and run again; what was there before has been kept.",
    ),
    "tool.missing": Entry(
        "A program that acme.sh needs is not installed, or not in PATH.",
        "Install the program that the message names (curl, openssl; socat for standalone; idn for international names).",
    ),
    "tool.failed": Entry(
        "A program that acme.sh needs did not do its work. Without openssl acme.sh says only that a key could not be made.",
        "Run it by hand (openssl version), and install or repair it.",
    ),
    "process.deadline": Entry(
        "acme.sh took longer than it may and was ended with everything it had started. It has no time limit of its own.",
        "Read its last lines: usually the authority or the target does not answer. Only when it is slow and sound: --timeout "
        "SECONDS",
        retry=Retry.LATER,
    ),
    "process.killed": Entry(
        "acme.sh was ended from outside by a signal.",
        "Run again: nothing half-done is kept. If it happens often, look for a shortage of memory (dmesg) or another job's kill.",
        retry=Retry.LATER,
    ),
    "demo.tool_missing": Entry(
        "The demo and the tests run against real programs, and one of them is not installed.",
        "Install it: apt-get install {package}",
    ),
    "demo.not_started": Entry(
        "A program that the demo or a test starts ended at once, or said nothing for 30 seconds.",
        "Read its last lines above and the whole log in {log}; then run again.",
    ),
    "demo.openssl_failed": Entry(
        "The openssl program could not make a certificate for the demo or a test.",
        "Read its last lines above; `openssl version` must say 1.1.1 or later.",
    ),
    "demo.port_taken": Entry(
        "A simulator was given the port to use, and another program listens there or this user may not.",
        "End what listens on {port}, name another port, or leave it out: then a free one is taken.",
    ),
    "file.open_to_others": denied(
        "More people can reach a private file than should. It is another user's, or a link, and acmewrap does not change it.",
        "Run as its owner: chmod {mode} {file}",
    ),
    "schedule.unreadable": denied(
        "The unattended run belongs to the user who owns the directory, and that user cannot read what it needs.",
        "Let {user} read it: sudo chmod o+r {path} (and o+x for the folders above it), or move it to where everybody can read.",
    ),
    "trust.weak_path": denied(
        "Root would have worked with a file or folder that another user can exchange for anything: for a program that then runs "
        "as root, or a link to a file of root's.",
        "Let {path} and every folder above it belong to root, and take from others the right to write: sudo chown root {path} && "
        "sudo chmod go-w {path}. Or give the whole folder to that user, as whom root then works there.",
    ),
    "trust.planted": denied(
        "A link lies where a file or folder was to be written, and another user may have laid it there.",
        "Look at what it leads to: ls -l {path}. Remove it, or let it belong to root.",
    ),
    "trust.program": denied(
        "Root was about to run a copy of acmewrap that another user can change: it would be that user's way to become root.",
        "Put it where root alone can write, and run that: sudo install -o root -m 755 {program} /usr/local/bin/acmewrap.pyz",
    ),
    "trust.not_dropped": denied(
        "Root works in the folder of another user as that user, and the system did not let it (a container or a service without "
        "the capabilities CAP_SETUID and CAP_SETGID).",
        "Run acmewrap as {user}. For a service that an earlier version installed: sudo acmewrap apply makes it anew.",
    ),
    "trust.not_handed_over": denied(
        "Root was to give the user who runs the schedule a file that has several names: another name may be somewhere else.",
        "Make it a file of its own, then run again: sudo cp -p {path} {path}.new && sudo mv {path}.new {path}",
    ),
    "home.unsafe": denied(
        "acme.sh runs its configuration files as shell commands, and this one holds more than values, or a value that cannot be: "
        "it was changed by hand, or by an authority that attacks this machine. It was not run.",
        "Look at {file} before anything else; if you did not write that line, somebody else did. Then put the line right, or move "
        "the file away: acmewrap makes another one. Next: acmewrap apply",
    ),
    "tool.path_writable": denied(
        "Whoever can write to a folder of PATH decides what acmewrap and acme.sh run as curl, openssl and so on.",
        "Take {folder} out of PATH, or run as its owner: chmod o-w {folder}",
    ),
}
