"""Files out of a tar archive, into memory: what an archive says about paths, links and modes never reaches the disk."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from typing import BinaryIO, Collection, Dict, List, Mapping, Optional, Set, Union, cast

from ...config.manifest import SCRIPT
from ...errors import ReleaseError
from ...failures import failure

LIMIT = 64 * 2**20
"""Bytes that an archive may have when unpacked; a release has two million."""


def read_archive(
    stream: BinaryIO, paths: Optional[Collection[str]] = None, top: Optional[str] = None
) -> Mapping[str, bytes]:
    """The content of those *paths* (None: of all) that are files in a tar archive, compressed with gzip or plain, by path. *stream*
    can be rewound.

    They are looked for below the folder *top*, and the rest of the archive is left alone. Without *top*, every member is judged,
    and the top is the archive itself or the one folder around everything, such as GitHub's ``acme.sh-3.1.1``.
    Raises :class:`ReleaseError`: ``release.unsafe`` when a member that counts leads out of the archive, is there twice, or is no
    file or folder, and when there is more than ``LIMIT``; ``release.source`` when it is not an archive, or half of one.
    """
    try:
        contents = _read_members(_Limited(_unpack(stream)), [] if top is None else top.split("/"))
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise ReleaseError(failure("release.source", f"not a whole tar archive ({error})")) from error
    if top is None and SCRIPT not in contents and len({path.split("/")[0] for path in contents}) == 1:
        contents = {path.partition("/")[2]: content for path, content in contents.items()}
    return contents if paths is None else {path: contents[path] for path in paths if path in contents}


def _read_members(stream: _Limited, top: List[str]) -> Dict[str, bytes]:
    contents: Dict[str, bytes] = {}
    folders: Set[str] = set()
    # Read once, front to back: the limit then holds for headers as well, and no header can point back into the archive.
    # In this mode tarfile calls nothing but read().
    with tarfile.open(fileobj=cast("BinaryIO", stream), mode="r|") as archive:
        for member in archive:
            parts = [part for part in member.name.split("/") if part not in ("", ".")]
            if parts[: len(top)] != top:
                continue
            _judge(member, parts)
            path = "/".join(parts[len(top) :])
            if path in contents or (path in folders and not member.isdir()):
                raise _unsafe(f"{member.name!r} is there twice")
            extracted = archive.extractfile(member)
            if extracted is None:
                folders.add(path)
            else:
                contents[path] = extracted.read()
    return contents


def _judge(member: tarfile.TarInfo, parts: List[str]) -> None:
    if member.name.startswith("/") or ".." in parts:
        raise _unsafe(f"{member.name!r} leads out of it")
    if member.issym() or member.islnk():
        raise _unsafe(f"{member.name!r} is a link to {member.linkname!r}")
    if member.issparse() or not (member.isdir() or member.isfile()):
        raise _unsafe(f"{member.name!r} is neither a file nor a folder")


def _unpack(stream: BinaryIO) -> Union[BinaryIO, gzip.GzipFile]:
    magic = stream.read(2)
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if magic == b"\x1f\x8b" else stream


class _Limited:
    """A stream that gives no more than ``LIMIT`` bytes, whatever the headers of the archive promise."""

    def __init__(self, stream: Union[BinaryIO, gzip.GzipFile]) -> None:
        self._stream = stream
        self._left = LIMIT

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise _unsafe(f"it holds more than {LIMIT} bytes")
        return data


def _unsafe(what: str) -> ReleaseError:
    return ReleaseError(failure("release.unsafe", f"the archive is refused: {what}"))
