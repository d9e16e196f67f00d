"""The pinned acme.sh on disk: installed whole and in one step, and checked file by file before every run."""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Mapping, Optional, Sequence, Tuple

from ...catalogue import failure
from ...config.manifest import Pin
from ...errors import AccessError, ReleaseError
from ...system.files import FOLDER, PUBLIC, SCRIPT, lock, make_folder, sync_folder
from ...system.privileges import home_of
from ...system.trust import StrPath
from .pin import Release, differences, manifest, newest, pinned, releases, summarize

if TYPE_CHECKING:
    from .sources import Source

__all__ = [
    "Installed",
    "Release",
    "cache_folder",
    "install_acme_sh",
    "manifest",
    "newest",
    "pinned",
    "place",
    "releases",
    "verify",
]

WAIT = 60.0
"""Seconds to wait for another install in the same place."""

_MOST_LINKS = 40  # as the kernel has it


@dataclass(frozen=True)
class Installed:
    """An acme.sh whose every file is as pinned. ``changed`` tells whether this call put it there, ``source`` where it came from."""

    version: str
    path: Path
    source: str
    changed: bool


def verify(folder: Path, version: str, files: Optional[Mapping[str, str]] = None) -> Path:
    """Hold every file of the acme.sh in *folder* against the manifest of *version* (or *files*: path -> SHA-256), and every other
    file there that acme.sh could run. Returns the folder that was looked at, which *folder* may be a link to: run that one.

    Raises :class:`ReleaseError`: ``release.missing`` when nothing is there, ``release.other`` when another release is,
    ``release.drift`` with the first files that differ or do not belong there, ``release.unpinned``; :class:`AccessError`
    (``release.unreadable``).
    """
    pins = manifest(version) if files is None else files
    real = _follow(folder)
    found = differences(real, pins)
    if found and not folder.exists():
        raise ReleaseError(failure("release.missing", f"acme.sh {version} is not installed: {folder} does not exist"))
    if found and _links_to(folder) and not _links_to(folder, version):
        message = f"{folder} leads to {os.readlink(str(folder))}, and acme.sh {version} is asked for"
        raise ReleaseError(failure("release.other", message))
    if found:
        message = f"{folder} is not acme.sh {version} as pinned: {summarize(found)}"
        raise ReleaseError(failure("release.drift", message))
    return real


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where downloaded archives are kept: ``$XDG_CACHE_HOME/acmewrap``."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else home_of(environ) / ".cache") / "acmewrap"


def install_acme_sh(
    version: str,
    folder: StrPath,
    *,
    cache: Optional[StrPath] = None,
    archive: Optional[StrPath] = None,
    allow_vulnerable: bool = False,
    force: bool = False,
    own: Optional[Pin] = None,
) -> Installed:
    """Make *folder* the pinned acme.sh *version*; nothing happens when it already is.

    It comes from *archive* (a tar archive or an unpacked folder) when that is given, and from nowhere else; otherwise from the
    first of these that has it: the download cache (the folder *cache*, by default
    that of :func:`cache_folder`), the release URL, the machine's Debian archive.
    *own* is a release that the user pinned. Raises what :func:`pinned` and :func:`place` raise.
    """
    from .debian import Debian
    from .sources import Download, Local

    release = pinned(version, own, allow_vulnerable=allow_vulnerable)
    kept = cached(Path(cache_folder(os.environ) if cache is None else cache), version)
    sources: Sequence[Source] = (Local(kept, "the download cache"), Download(kept), Debian())
    if archive is not None:
        sources = (Local(Path(archive)),)
    return place(release, manifest(version, own), Path(os.path.abspath(folder)), sources, force=force)


def cached(cache: Path, version: str) -> Path:
    """Where the archive of *version* lies in the download cache."""
    return cache / f"acme.sh-{version}.tar.gz"


def place(
    release: Release, files: Mapping[str, str], folder: Path, sources: Sequence[Source], *, force: bool = False
) -> Installed:
    """Make *folder* hold *files* (path -> SHA-256) of *release*, from the first of *sources* that has them.

    *folder* becomes a symbolic link to a folder beside it (``acme.sh-3.1.1``) and is swapped in one step: a reader sees the old or
    the new. A folder that already holds the files, made by whomever, is left as it is. Nobody's files are ever deleted:
    with *force* a new folder takes the place of one with changed files, which stay where they are.
    Raises :class:`ReleaseError`: ``release.drift`` when files were changed and *force* is not given, ``release.occupied`` when
    something else lies at *folder*, ``release.not_written``, and what :func:`acmewrap.driver.release.sources.obtain` raises;
    :class:`AccessError`; :class:`BusyError` when another install holds the place for longer than ``WAIT``.
    """
    unchanged = Installed(release.version, folder, "already installed", changed=False)
    if not differences(folder, files):
        return unchanged
    with _writing(folder):
        make_folder(folder.parent)
        with lock(folder.parent / f".{folder.name}.lock", timeout=WAIT):
            found = differences(folder, files)
            if not found:
                return unchanged
            _remove_leftovers(folder)
            _refuse_foreign(folder, f"not acme.sh {release.version} as pinned: {summarize(found)}")
            if folder.exists() and _links_to(folder, release.version) and not force:
                verify(folder, release.version, files)
            target, source = _provide(release, files, folder, sources)
            _swap(folder, target)
    return Installed(release.version, folder, source, changed=True)


def _follow(folder: Path) -> Path:
    """*folder* without the links that it is itself. Those on the way to it stay: they may lead past a blank in a name."""
    for _ in range(_MOST_LINKS):
        try:
            folder = folder.parent / os.readlink(str(folder))
        except OSError:
            break
    return folder


def _links_to(folder: Path, version: str = "") -> bool:
    """Whether *folder* is a link as :func:`place` makes it: to a folder beside it, named after it and *version*."""
    if not folder.is_symlink():
        return False
    target = os.readlink(str(folder))
    prefix = f"{folder.name}-{version}"
    return "/" not in target and (target == prefix or target.startswith(f"{prefix}-" if version else prefix))


def _refuse_foreign(folder: Path, reason: str) -> None:
    """An empty folder is nobody's loss; anything else that was not made here is."""
    if _links_to(folder) or not os.path.lexists(str(folder)):
        return
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        return
    quoted = shlex.quote(str(folder))
    message = f"{folder} was not made by acmewrap, and is {reason}"
    raise ReleaseError(failure("release.occupied", message, folder=quoted, old=shlex.quote(f"{folder}.old")))


def _provide(release: Release, files: Mapping[str, str], folder: Path, sources: Sequence[Source]) -> Tuple[Path, str]:
    """A folder beside *folder* that holds *files*: one that is there, or a new one under the first free name."""
    from .sources import obtain

    base = folder.parent / f"{folder.name}-{release.version}"
    for target in itertools.chain([base], (Path(f"{base}-{number}") for number in itertools.count(2))):
        if not differences(target, files):
            return target, str(target)
        if not os.path.lexists(str(target)):
            break
    contents, source = obtain(release, files, sources)
    building = _leftover(folder, release.version)
    _write(building, contents)
    verify(building, release.version, files)
    os.rename(str(building), str(target))
    sync_folder(folder.parent)
    return target, source


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    folder.mkdir(mode=FOLDER)
    for path, content in contents.items():
        make_folder((folder / path).parent)
        with open(f"{folder}/{path}", "wb") as stream:
            os.fchmod(stream.fileno(), SCRIPT if path == "acme.sh" else PUBLIC)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())


def _swap(folder: Path, target: Path) -> None:
    link = _leftover(folder, "link")
    link.symlink_to(target.name)
    if folder.is_dir() and not folder.is_symlink():
        folder.rmdir()
    os.replace(str(link), str(folder))
    sync_folder(folder.parent)


def _leftover(folder: Path, what: str) -> Path:
    return folder.parent / f".{folder.name}-{what}.part"


def _remove_leftovers(folder: Path) -> None:
    """What an interrupted install left; the lock is held, so nobody works on it."""
    import shutil

    for path in folder.parent.iterdir():
        if path.name.startswith(f".{folder.name}-") and path.name.endswith(".part"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(str(path))
            else:
                path.unlink()


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        message = f"{error.filename or folder}: permission denied"
        raise AccessError(failure("file.not_writable", message, folder=folder.parent)) from error
    except OSError as error:
        message = f"{error.filename or folder}: {error.strerror or error}"
        raise ReleaseError(failure("release.not_written", message, folder=folder.parent)) from error
