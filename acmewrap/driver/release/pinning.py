"""A pin of one's own: what an archive holds of acme.sh, which then is the content of that release on this machine."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from pathlib import Path
from typing import Iterable, Mapping, Tuple

from ...config.manifest import SCRIPT, VERSION_PATTERN, Pin, parse_pin, render_pin, version_tuple
from ...errors import ReleaseError
from ...failures import failure
from ...system import reading
from ...system.files import PUBLIC, make_folder, write_atomic
from .archive import read_archive
from .installation import cached
from .pin import HOOKS, UPSTREAM, read_folder, releases

_VERSION = re.compile(rf"^VER=({VERSION_PATTERN})$", re.MULTILINE)


def read(archive: Path) -> Tuple[Pin, Mapping[str, bytes]]:
    """The release in *archive*, a tar archive or an unpacked folder, and the content of its files by path.

    Raises :class:`ReleaseError`: ``release.source`` when there is no acme.sh in it that names its version, ``release.pinned``
    when acmewrap pins that version, and what :func:`read_archive` raises; :class:`AccessError`.
    """
    try:
        contents = _read(archive)
    except OSError as error:
        raise ReleaseError(failure("release.source", f"{archive}: {error.strerror or error}")) from error
    found = _VERSION.search(contents.get(SCRIPT, b"").decode("utf-8", "replace"))
    if found is None:
        raise ReleaseError(failure("release.source", f"{archive} holds no acme.sh that names its version"))
    if found[1] in releases():
        raise ReleaseError(failure("release.pinned", f"acme.sh {found[1]} is a release that acmewrap pins"))
    pin = Pin(found[1], {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()})
    try:
        parse_pin(render_pin(pin))
    except ValueError as error:
        message = f"{archive} is refused: a file has an odd name ({error})"
        raise ReleaseError(failure("release.unsafe", message)) from error
    return pin, contents


def keep(pin: Pin, contents: Mapping[str, bytes], cache: Path) -> None:
    """Lay the release where :func:`.installation.install_acme_sh` looks first: there is no other place to get it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, content in contents.items():
            member = tarfile.TarInfo(f"acme.sh-{pin.version}/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    make_folder(cache)
    write_atomic(cached(cache, pin.version), packed.getvalue(), PUBLIC)


def nearest(version: str) -> str:
    """The pinned release before *version*; of one that is older than all, the oldest."""
    known = list(releases())
    return [known[0], *(release for release in known if version_tuple(release) < version_tuple(version))][-1]


def _read(archive: Path) -> Mapping[str, bytes]:
    if archive.is_dir():
        names = (path.relative_to(archive).as_posix() for folder in HOOKS for path in (archive / folder).glob("*"))
        return read_folder(archive, _kept((SCRIPT, *names)))
    with reading.open_regular(archive) as stream:
        contents = read_archive(stream)
    return {path: contents[path] for path in _kept(contents)}


def _kept(paths: Iterable[str]) -> Iterable[str]:
    """What acme.sh can run: it and its hooks."""
    return sorted(path for path in paths if path == SCRIPT or (path.split("/")[0] in HOOKS and path not in UPSTREAM))
