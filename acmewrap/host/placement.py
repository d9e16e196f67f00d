"""Files for a server, each changed in one step: written beside its place with owner and mode, and then renamed.

Beside each place there may lie ``.NAME.acmewrap-new`` until all new files are written, and ``.NAME.acmewrap-old`` until the server
has shown that it takes the new ones. The place of a folder is a symbolic link to one of the folders ``.NAME.acmewrap-SERIAL``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Callable, Dict, Iterator, Mapping, Optional, Tuple

from ..config.install import FOLDER_NAMES, FilePart, Install, InstallFile
from ..errors import AccessError, DeployError
from ..failures import failure
from ..system import files, reading, trust
from .file_access import FileAccess, find_drift, find_ids, wanted_access, write_new

FOLDER = 0o750


def lay(install: Install, contents: Mapping[FilePart, bytes], *, keep: bool) -> None:
    """Write all new files beside their places, which change nothing yet; *keep*: hold what lies there for :func:`restore`, and
    let go of what was held before. Raises :class:`AccessError`, and :class:`DeployError`
    (``file.foreign``) for a place with something else in it.
    """
    for place, file in zip(install.places, install.files.values()):
        trust.refuse_planted(place)
        whole = install.folder is not None
        if os.path.lexists(str(place)) and not (place.is_symlink() if whole else place.is_file()):
            what = "symbolic link" if whole else "file"
            raise DeployError(failure("file.foreign", f"{place} is no {what}, and is not written to", path=place))
        if not place.parent.is_dir():
            make_folder(place.parent, file)
    with _explained(install):
        if keep:
            _keep(install)
        if install.folder is not None:
            _lay_folder(_real(install, install.places[0]), install, contents)
            return
        for part, file in install.files.items():
            place = _real(install, file.path)
            write_new(_new(place), contents[part], wanted_access(file, part, _status(place)), place)


def differs(install: Install, contents: Mapping[FilePart, bytes]) -> bool:
    """Whether any of the files is another, belongs to somebody else, or is not there."""
    try:
        return any(
            reading.read_bytes(file.path) != contents[part] or find_drift(file, part) is not None
            for part, file in install.files.items()
        )
    except OSError:
        return True


def make_folder(path: Path, file: InstallFile) -> None:
    """Make the folder that *file* is to lie in, for the same group."""
    trust.refuse_planted(path)
    files.make_folder(path, FOLDER)
    _, gid = find_ids(file)
    if gid >= 0:
        with contextlib.suppress(PermissionError):  # of a group that this user is not in the files will tell
            os.chown(str(path), -1, gid)


def put(install: Install) -> None:
    """Let the new files take their places, in order. Killed at any point, it is completed by the same again."""
    _rename(install, _new)


def former(install: Install) -> Dict[FilePart, Path]:
    """Where the files lie that :func:`restore` would bring back; empty without any."""
    if install.folder is not None:
        old = _old(_real(install, install.places[0]))
        return {part: old / name for part, name in FOLDER_NAMES.items()} if old.is_dir() else {}
    kept = {part: _old(_real(install, file.path)) for part, file in install.files.items()}
    return {part: old for part, old in kept.items() if old.exists()}


def restore(install: Install) -> None:
    """Bring back what :func:`lay` kept."""
    _rename(install, _old)


def _rename(install: Install, source: Callable[[Path], Path]) -> None:
    places = _places(install)
    with _explained(install):
        for place in places:
            trust.refuse_planted(place)
            with contextlib.suppress(FileNotFoundError):
                os.rename(str(source(place)), str(place))
        for folder in {place.parent for place in places}:
            files.sync_folder(folder)


def discard(install: Install) -> None:
    """Let go of what :func:`lay` kept."""
    for place in _places(install):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(str(_old(place)))


def _keep(install: Install) -> None:
    discard(install)
    for place in _places(install):
        if os.path.lexists(str(place)):
            try:
                _copy(place, _old(place))  # a hard link would look like one that another user has planted
            except PermissionError:  # its group is one that this user is not in
                os.unlink(str(_old(place)))
                os.link(str(place), str(_old(place)))


def clear(place: Path) -> None:
    """Remove what lies beside a *place* that is no longer one; the place itself stays as it is."""
    trust.refuse_planted(place)
    for left in (_new(place), _old(place)):
        with contextlib.suppress(OSError):
            os.unlink(str(left))
    _sweep(place)


def _sweep(link: Path) -> None:
    """Remove folders of before that neither *link* nor what is held of it leads to."""
    used = {os.path.realpath(str(one)) for one in (link, _old(link))}
    for left in link.parent.glob(f".{link.name}.acmewrap-*"):
        if left.is_dir() and not left.is_symlink() and os.path.realpath(str(left)) not in used:
            shutil.rmtree(str(left), ignore_errors=True)


def _lay_folder(link: Path, install: Install, contents: Mapping[FilePart, bytes]) -> None:
    _sweep(link)
    folder = Path(tempfile.mkdtemp(prefix=f".{link.name}.acmewrap-", dir=str(link.parent)))
    first = next(iter(install.files.values()))
    uid, gid = find_ids(first)
    os.chown(str(folder), uid, gid)
    for part, file in install.files.items():
        write_new(folder / file.path.name, contents[part], wanted_access(file, part, _status(file.path)), file.path)
    os.chmod(str(folder), FOLDER)
    files.sync_folder(folder)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(str(_new(link)))
    os.symlink(folder.name, str(_new(link)))


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink():
        os.symlink(os.readlink(str(source)), str(target))
        return
    found = source.stat()
    access = FileAccess(found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode))
    write_new(target, reading.read_bytes(source), access, source)


def _places(install: Install) -> Tuple[Path, ...]:
    return tuple(_real(install, place) for place in install.places)


def _real(install: Install, place: Path) -> Path:
    """Where a link of one's own leads to; the link of a folder is itself what changes."""
    if install.folder is None:
        return Path(os.path.realpath(str(place)))
    return Path(os.path.realpath(str(place.parent)), place.name)


def _new(place: Path) -> Path:
    return place.with_name(f".{place.name}.acmewrap-new")


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.acmewrap-old")


def _status(path: Path) -> Optional[os.stat_result]:
    try:
        return os.stat(str(path))
    except OSError:
        return None


@contextlib.contextmanager
def _explained(install: Install) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AccessError(files.describe(error, install.places[0])) from error
