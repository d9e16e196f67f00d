"""The pinned acme.sh: not there, not from there, or not what was pinned."""

from __future__ import annotations

from typing import Mapping

from ..errors import Retry
from .entry import Entry, denied, drift, misused

ENTRIES: Mapping[str, Entry] = {
    "release.unpinned": drift(
        "The content of this release of acme.sh is not known here, so nothing could be held against it.",
        "Name a pinned release as `release` under `acme_sh`: {pinned}. Or pin this one yourself, from an archive that you trust: "
        "acmewrap pin ARCHIVE",
    ),
    "release.lacks_hook": misused(
        "The release of acme.sh does not have a hook that the file names.",
        "Stay with a release that has it (`acmewrap releases`), or use another hook.",
    ),
    "release.hook_taken": drift(
        "A hook of your own is called like one of acme.sh, which would run only one of them.",
        "Call yours something else, also in the file. Its functions begin with the name.",
    ),
    "release.pinned": misused(
        "acmewrap pins this release itself, so nobody needs to.",
        "Name it as `release` under `acme_sh`; if your archive holds other files, find out who changed them before you use it.",
    ),
    "release.vulnerable": drift(
        "Releases of acme.sh before 3.0.6 run commands that the authority's answers contain (CVE-2023-38198).",
        'Set `release: "{default}"` under `acme_sh`. Only where the authority is your own: `allow_vulnerable: true` beside it.',
    ),
    "release.missing": drift(
        "acme.sh was not installed yet, or its folder was removed.", "Run: acmewrap install", fixable=True
    ),
    "release.other": drift(
        "The YAML file was edited, or a hook added, and not applied yet, or a switch between two releases was ended halfway.",
        "Run: acmewrap apply",
        fixable=True,
    ),
    "release.drift": drift(
        "A file of the installed acme.sh was changed or removed, or one was added that acme.sh could run, by somebody or by "
        "acme.sh's own upgrade; or a hook of `acme_sh: {hooks: …}` is another one than was installed. It is not run.",
        "Find out who did it, then run: acmewrap install --force. The folder is kept beside the new one, with all that is in it.",
        alarming=True,
    ),
    "release.occupied": drift(
        "Something that acmewrap did not make lies where acme.sh belongs. It is never deleted.",
        "Move it away and run again: mv {folder} {old} && acmewrap install",
    ),
    "release.unreadable": denied(
        "The user that runs acmewrap may not read the files of acme.sh.",
        "Run as the user that owns {folder}, or give that user the right to read it.",
    ),
    "release.not_written": drift(
        "acme.sh could not be written to its folder: the disk is full or read-only, or a file lies where a folder belongs.",
        "Make room or way in {folder}, then run: acmewrap install. What was installed before has been kept.",
    ),
    "release.source": drift(
        "A place that acme.sh could come from cannot be reached or read.",
        "Let `archive` under `acme_sh` name the archive of the release (.tar.gz) or its unpacked folder, readable for this user.",
        retry=Retry.LATER,
    ),
    "release.mismatch": drift(
        "The files are not those of the pinned release: another version, a changed copy, a damaged download. They were not "
        "installed.",
        "Bring the archive of that very release; `acmewrap releases` lists the URLs and their SHA-256.",
        alarming=True,
    ),
    "release.unsafe": drift(
        "The archive holds what no release of acme.sh does: a link, a device, a path that leads out of it, a file twice, far too "
        "much.",
        "Do not use it, and ask where it came from; `acmewrap releases` lists the URLs of the releases and their SHA-256.",
        alarming=True,
    ),
    "release.unavailable": drift(
        "This machine reaches none of the places that acme.sh can come from.",
        "Fetch {url} (SHA-256 {sha256}) elsewhere. Then name the file as `archive` under `acme_sh`, or put it where the message "
        "shows the download cache.",
        retry=Retry.LATER,
    ),
}
