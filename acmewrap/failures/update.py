"""self-update of the one-file build: what is not replaced, and by what."""

from __future__ import annotations

from functools import partial
from typing import Mapping

from ..errors import ExitCode, Retry
from .entry import Entry

suspect = partial(Entry, exit_code=ExitCode.DRIFT, alarming=True)

ENTRIES: Mapping[str, Entry] = {
    "update.not_one_file": Entry(
        "Only the one-file build (acmewrap.pyz) replaces itself. This acmewrap was installed by pip, or runs from a checkout.",
        "Update it as it was installed: pip install --upgrade acmewrap, or git pull in the checkout.",
    ),
    "update.source": Entry(
        "The new build, its SHA256SUMS or SHA256SUMS.sig cannot be reached or read. The three must lie beside each other.",
        "Check the address. Or bring the three files by hand into one folder and name the first: --from /path/to/acmewrap.pyz",
        exit_code=ExitCode.UNREACHABLE,
        retry=Retry.LATER,
    ),
    "update.mismatch": suspect(
        "The file is not the one whose SHA-256 was signed: a download that was cut off, another release's file, or a changed copy.",
        "Fetch it again. When it stays so, do not use it, and ask those who publish it.",
    ),
    "update.signature": suspect(
        "Nobody whom this acmewrap trusts has signed these sums, or they were changed since.",
        "Do not use it. If the project has changed its key, compare the new one by another way, then: --signers FILE (its "
        "format: ssh-keygen(1), ALLOWED SIGNERS).",
    ),
    "update.no_signers": Entry(
        "This build carries no public key, so it cannot know whose signature to believe.",
        "Name a file with the public key of those who publish it: --signers FILE (its format: ssh-keygen(1), ALLOWED SIGNERS).",
    ),
    "update.ssh_keygen": Entry(
        "Signatures are verified by ssh-keygen of OpenSSH 8.1 or later, and this machine has none, or an older one.",
        "Install openssh-client. Or verify SHA256SUMS on another machine, as the manual's page about releases shows, and name what "
        "it says of the file: --sha256 HEX",
    ),
    "update.unusable": Entry(
        "The new file is as it was signed, and does not start on this machine: it may need a later Python. It was not installed.",
        "Read its last lines above. Stay with this release, or start acmewrap with a later Python.",
    ),
    "update.older": Entry(
        "An old release is well signed too, and who offers it may count on a hole that was closed since.",
        "Ask for a later one. If going back is what you want: --force, or --rollback for the one before this.",
        exit_code=ExitCode.DRIFT,
    ),
    "update.nothing_kept": Entry(
        "self-update keeps the build that it replaces, as acmewrap.pyz.old beside it, and there is none.",
        "Bring the release that you want by hand: acmewrap self-update --force --from /path/to/acmewrap.pyz",
    ),
}
