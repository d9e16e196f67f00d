"""The pinned acme.sh on disk: installed whole and in one step, and checked file by file before every run."""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Mapping, Optional, Sequence, Tuple

from ...config.manifest import OwnHooks, Pin
from ...errors import AccessError, ReleaseError
from ...failures import failure
from ...frozen import frozen
from ...system import trust
from ...system.files import FOLDER, PUBLIC, SCRIPT, lock, make_folder, sync_folder
from ...system.privileges import cache_folder
from ...system.trust import StrPath
from .pin import Release, compare, differences, manifest, pinned, read_folder, summarize
from .verification import is_new, links_to, verify

if TYPE_CHECKING:
    from .sources import Source

WAIT = 60.0
"""Seconds to wait for another install in the same place."""


@frozen
class Installed:
    """An acme.sh whose every file is as pinned. ``changed`` tells whether this call put it there, ``source`` where it came from."""

    version: str
    path: Path
    source: str
    changed: bool


def install_acme_sh(
    version: str,
    folder: StrPath,
    *,
    cache: Optional[StrPath] = None,
    environ: Optional[Mapping[str, str]] = None,
    archive: Optional[StrPath] = None,
    allow_vulnerable: bool = False,
    force: bool = False,
    own: Optional[Pin] = None,
    hooks: Optional[OwnHooks] = None,
) -> Installed:
    """Make *folder* the pinned acme.sh *version*; nothing happens when it already is.

    It comes from *archive* (a tar archive or an unpacked folder) when that is given, and from nowhere else; otherwise from the
    download cache (the folder *cache*, by default that of :func:`cache_folder`), the release URL, or the machine's Debian archive,
    by way of the proxies of *environ* (None: the process's own).
    *own* is a release that the user pinned; *hooks* are installed beside those of the release.
    Raises what :func:`pinned` and :func:`place` raise.
    """
    from .debian import Debian
    from .sources import Download, Local

    release = pinned(version, own, allow_vulnerable=allow_vulnerable)
    sources: Sequence[Source]
    if archive is not None:
        sources = (Local(Path(archive)),)
    else:
        environ = os.environ if environ is None else environ
        kept = cached(Path(cache_folder(environ) if cache is None else cache), version)
        sources = (Local(kept, "the download cache"), Download(kept, environ), Debian(environ))
    files = manifest(version, own, hooks)
    return place(release, files, Path(os.path.abspath(folder)), sources, force=force, hooks=hooks)


def cached(cache: Path, version: str) -> Path:
    """Where the archive of *version* lies in the download cache."""
    return cache / f"acme.sh-{version}.tar.gz"


def place(
    release: Release,
    files: Mapping[str, str],
    folder: Path,
    sources: Sequence[Source],
    *,
    force: bool = False,
    hooks: Optional[OwnHooks] = None,
) -> Installed:
    """Make *folder* hold *files* (path -> SHA-256): those of *release* from the first of *sources* that has them, and *hooks*.

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
            if folder.exists() and links_to(folder, release.version) and not force:
                there = {path: files[path] for path in files if not is_new(folder, path, hooks)}
                verify(folder, release.version, there)
            target, source = _provide(release, files, folder, sources, hooks)
            _swap(folder, target)
    return Installed(release.version, folder, source, changed=True)


def _refuse_foreign(folder: Path, reason: str) -> None:
    """An empty folder is nobody's loss; anything else that was not made here is."""
    if links_to(folder) or not os.path.lexists(str(folder)):
        return
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        return
    quoted = shlex.quote(str(folder))
    message = f"{folder} was not made by acmewrap, and is {reason}"
    raise ReleaseError(failure("release.occupied", message, folder=quoted, old=shlex.quote(f"{folder}.old")))


def _provide(
    release: Release, files: Mapping[str, str], folder: Path, sources: Sequence[Source], hooks: Optional[OwnHooks]
) -> Tuple[Path, str]:
    """A folder beside *folder* that holds *files*: one that is there, or a new one under the first free name."""
    from .sources import Local, obtain

    base = folder.parent / f"{folder.name}-{release.version}"
    for target in itertools.chain([base], (Path(f"{base}-{number}") for number in itertools.count(2))):
        if not differences(target, files):
            return target, str(target)
        if not os.path.lexists(str(target)):
            break
    own = {} if hooks is None else hooks.files
    needed = {path: files[path] for path in files if path not in own}
    if own and not compare(read_folder(folder, needed), needed):
        sources = (Local(folder),)
    contents, source = obtain(release, needed, sources)
    if hooks is not None:
        for path in own:
            trust.refuse_weak(hooks.folder / path)
        contents = {**contents, **read_folder(hooks.folder, own)}
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
