"""What is pinned: releases of acme.sh by version, and of each the SHA-256 of every file that is kept.

Content is pinned, not archives: upstream signs neither tags nor archives, and GitHub keeps the bytes of its archives only by habit.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from pathlib import Path
from typing import Iterable, Iterator, Mapping, Optional, Tuple

from ...config.arguments import HOOK_PATTERN
from ...config.manifest import OwnHooks, Pin, parse_manifest
from ...config.model import DEFAULT_RELEASE, AcmeShSettings
from ...errors import AccessError, ReleaseError
from ...failures import failure
from ...frozen import frozen
from ...system import resources
from ...system.reading import read_bytes

# What lies there is no file, and nobody's rights are in the way.
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.ELOOP, errno.EFBIG)

# Of a hook NAME, acme.sh sources the first that exists of NAME and NAME.sh: in `dnsapi/`, `deploy/` or `notify/`, in the folder
# named as the domain, and beside acme.sh itself (`_findHook`, the same since 3.0.2).
_SOURCED = re.compile(rf"{HOOK_PATTERN}(\.sh)?")
HOOKS = ("deploy", "dnsapi", "notify")  # and there by whatever name it is asked for
_URL = "https://github.com/acmesh-official/acme.sh/archive/refs/tags/{}.tar.gz"
UPSTREAM = ("Dockerfile", *(f"{folder}/README.md" for folder in HOOKS))  # what a checkout has besides


@frozen
class Release:
    """One pinned release. ``sha256`` is that of the archive at ``url``; ``debian`` the suite whose package holds the same files;
    ``witnesses`` are who says independently of each other that this is its content (see ``vendor/releases.yaml``). The file's
    own pin has no ``sha256``, and the user for its witness.
    """

    version: str
    url: str
    sha256: Optional[str] = None
    cve: Optional[str] = None
    debian: Optional[str] = None
    witnesses: Tuple[str, ...] = ("user",)


def releases(own: Optional[Pin] = None) -> Mapping[str, Release]:
    """Every pinned release by version, oldest first, and last the file's *own*."""
    import yaml

    entries = yaml.safe_load(resources.read_text("vendor/releases.yaml"))
    known = {
        version: Release(version=version, **{**entry, "witnesses": tuple(entry["witnesses"])})
        for version, entry in entries.items()
    }
    return known if own is None else {**known, own.version: Release(own.version, _URL.format(own.version))}


def newest() -> str:
    """The newest release that two witnesses agree on."""
    return [version for version, release in releases().items() if len(release.witnesses) > 1][-1]


def pinned(version: str, own: Optional[Pin] = None, *, allow_vulnerable: bool = False) -> Release:
    """The pinned release *version*. Raises :class:`ReleaseError`: ``release.unpinned``; ``release.vulnerable`` for one with a known
    hole, unless *allow_vulnerable*.
    """
    release = releases(own).get(version)
    if release is None:
        raise _unpinned(version)
    if release.cve is not None and not allow_vulnerable:
        hole = f"runs commands that the authority's answers contain ({release.cve}, fixed in 3.0.6)"
        raise ReleaseError(failure("release.vulnerable", f"acme.sh {version} {hole}", default=DEFAULT_RELEASE))
    return release


def manifest(version: str, own: Optional[Pin] = None, hooks: Optional[OwnHooks] = None) -> Mapping[str, str]:
    """Path -> SHA-256 of each file of acme.sh *version* that is kept, and of *hooks*. Raises :class:`ReleaseError`:
    ``release.unpinned``; ``release.hook_taken`` when the release has a hook of the same name, of which one would be run.

    Read before every run of acme.sh, so without YAML.
    """
    if own is not None and own.version == version:
        files = own.files
    else:
        try:
            files = parse_manifest(resources.read_text(f"vendor/manifests/{version}.sha256"))
        except OSError:
            raise _unpinned(version) from None
    if hooks is None:
        return files
    taken = [path for path in hooks.files if path in files or path[: -len(".sh")] in files]
    if taken:
        message = f"acme.sh {version} has {', '.join(taken)} itself, and so has {hooks.folder}"
        raise ReleaseError(failure("release.hook_taken", message))
    return {**files, **hooks.files}


def additions(settings: AcmeShSettings) -> Optional[Mapping[str, str]]:
    """:func:`manifest` of *settings* where it is not that of a built-in release alone, else None."""
    pin = settings.pin if settings.pin is not None and settings.pin.version == settings.release else None
    return manifest(settings.release, pin, settings.hooks) if pin or settings.hooks else None


def read_folder(folder: Path, paths: Iterable[str]) -> Mapping[str, bytes]:
    """The content of those *paths* that are files in *folder*. Raises :class:`AccessError` (``release.unreadable``)."""
    contents = {}
    for path in paths:
        with _unless_missing(folder):
            contents[path] = read_bytes(f"{folder}/{path}")
    return contents


def compare(contents: Mapping[str, bytes], files: Mapping[str, str]) -> Tuple[str, ...]:
    """What in *contents* (path -> bytes) is not as *files* (path -> SHA-256) pins it; empty when all is."""
    return tuple(
        f"{path} has other content" if path in contents else f"{path} is missing"
        for path, digest in files.items()
        if path not in contents or hashlib.sha256(contents[path]).hexdigest() != digest
    )


def differences(folder: Path, files: Mapping[str, str]) -> Tuple[str, ...]:
    """What of the acme.sh in *folder* is not as *files* (path -> SHA-256) pins it: what :func:`compare` finds, links in the place
    of files, and more files that acme.sh could take for a hook. Raises :class:`AccessError` (``release.unreadable``).
    """
    changed = compare(read_folder(folder, files), files)
    with _unless_missing(folder):
        changed += tuple(sorted(_more(str(folder), files)))
    return changed


@contextlib.contextmanager
def _unless_missing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_FILE:
            message = f"{error.filename}: {error.strerror}"
            raise AccessError(failure("release.unreadable", message, folder=folder)) from error


def _more(folder: str, files: Mapping[str, str], below: str = "") -> Iterator[str]:
    pinned = {*files, *(path.split("/")[0] for path in files)}
    with os.scandir(f"{folder}/{below}") as entries:
        for entry in entries:
            path = below + entry.name
            if path in pinned:
                if entry.is_symlink():
                    yield f"{path} is a link"
            elif path not in UPSTREAM and (
                below[:-1] in HOOKS or (not entry.is_dir() and _SOURCED.fullmatch(entry.name))
            ):
                yield f"{os.fsencode(path).decode('utf-8', 'backslashreplace')} is not part of it"
            if not below and entry.is_dir() and not entry.name.startswith("."):
                yield from _more(folder, files, f"{path}/")


def summarize(differences: Tuple[str, ...]) -> str:
    """The first three of *differences*, and how many more there are."""
    more = len(differences) - 3
    return ", ".join(differences[:3]) + (f", and {more} more" if more > 0 else "")


def _unpinned(version: str) -> ReleaseError:
    message = f"acme.sh {version} is not a pinned release"
    return ReleaseError(failure("release.unpinned", message, pinned=", ".join(releases())))
