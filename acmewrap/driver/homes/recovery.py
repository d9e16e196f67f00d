"""What a failed disk, a copy or a hand left of a home, made fit to be worked with again; for as long as the home is held.

Nothing is deleted: what cannot be what it should be moves to ``.damaged`` in the home. The account, which cannot be made again
without loss, is kept twice. A folder of a certificate that is a folder no more comes back from its newest whole version; what is
wrong inside of one is made anew by the run that follows, never taken from a former version: a server may have the later one.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
from pathlib import Path
from typing import Iterable, Iterator, List, Literal, Sequence, Tuple

from ...errors import AccessError
from ...failures import failure
from ...formats import jsontext
from ...pki import x509
from ...system import files, reading
from . import generations
from .configuration import parse_account, read_text, replace_text
from .home import CertificateFiles, Home, name_of, read_folder

logger = logging.getLogger(__name__)

_DAMAGED = ".damaged"
_OF_HOME = ("account.conf", "http.header")
_OF_CERTIFICATE = ("{}.conf", "{}.key", "{}.cer", "{}.csr", "{}.csr.conf", "ca.cer", "fullchain.cer")
Kind = Literal["file", "folder", "certificate"]
_KEY, _JSON, _CONFIGURATION = ACCOUNT = ("account.key", "account.json", "ca.conf")


def recover(home: Home, server: str, others: Sequence[Path] = ()) -> None:
    """Have everything in *home* be of its kind, *others* files too and none of them half written, and the account at *server* be
    whole. Raises OSError, and :class:`AccessError` (``home.not_writable``) for what is another user's: it may be as good as ever.
    """
    try:
        _recover(home, server, others)
        for path in others:
            files.discard_unfinished(path)
    except PermissionError as error:
        raise AccessError(failure("home.not_writable", str(error), folder=home.path, user='"$(id -un)"')) from error


def restore_configurations(home: Home) -> None:
    """Have each configuration that does not parse be the newest kept one that does; key, certificate and chain stay as they are."""
    for stored in home.stored():
        broken = stored.files.configuration
        for version in generations.versions(home.path, broken.parent.name) if stored.configuration_error else ():
            former = read_folder(CertificateFiles(version, stored.files.domain), stored.ecc)
            if former is not None and former.configuration_error is None:
                text = read_text(former.files.configuration)
                set_aside(home, broken, f"does not parse ({stored.configuration_error})")
                replace_text(broken, text)
                break


def set_aside(home: Home, path: Path, why: str) -> None:
    """Move *path*, which *why*, to where damaged parts of *home* are kept. Raises OSError."""
    damaged = home.path / _DAMAGED
    if os.path.lexists(str(damaged)) and not damaged.is_dir():
        damaged.unlink()
    files.make_folder(damaged)
    place = damaged / str(path.relative_to(home.path)).replace("/", "%")
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(str(place))
    elif os.path.lexists(str(place)):
        place.unlink()
    os.rename(str(path), str(place))
    logger.warning("%s %s; it was moved to %s", path, why, place)


def find_account_fault(folder: Path) -> Tuple[str, ...]:
    """The files in an account's *folder* that are missing, or not what acme.sh keeps there. Raises PermissionError."""
    return tuple(name for name in ACCOUNT if not _is_sound(folder / name))


def drop_broken_key(copy: CertificateFiles) -> None:
    """Have acme.sh make another key, for it would go on with one that openssl cannot read."""
    if not _is_key(copy.key):
        drop_key(copy)


def drop_key(copy: CertificateFiles) -> None:
    """Have acme.sh make another key; it would go on with one that lies there, or that it made ahead (``.next``)."""
    for path in (copy.key, copy.folder / f"{copy.key.name}.next", copy.request):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def special(folder: str, names: List[str]) -> List[str]:
    """Which of *names* in *folder* are neither files nor folders, for :func:`shutil.copytree` to leave out."""
    paths = {name: os.path.join(folder, name) for name in names}
    return [name for name, path in paths.items() if not (os.path.isfile(path) or os.path.isdir(path))]


def _recover(home: Home, server: str, others: Iterable[Path]) -> None:
    account = home.account_folder(server)
    for path, kind in _places(home, server, others):
        needed = os.R_OK | os.W_OK | os.X_OK if path.is_dir() else os.R_OK
        if path.exists() and not os.access(str(path), needed):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        if os.path.lexists(str(path)) and not (os.path.isfile if kind == "file" else os.path.isdir)(str(path)):
            set_aside(home, path, f"is no {'file' if kind == 'file' else 'folder'}")
            if kind == "certificate":
                generations.restore(home.path, path.name, _is_whole)
            elif kind == "folder":
                files.make_folder(account if path in account.parents else path)
    generations.recover(home.path)
    _recover_account(home, server)


def _places(home: Home, server: str, others: Iterable[Path]) -> Iterator[Tuple[Path, Kind]]:
    """What may be there, each after the folder that it lies in."""
    staging, versions = generations.places(home.path)
    account = home.account_folder(server)
    for folder in (staging, versions, *reversed((account, *account.parents))):
        if home.path in folder.parents:
            yield folder, "folder"
    of_home = (home.path / name for name in _OF_HOME)
    for path in (staging / "lock", *of_home, *(account / name for name in ACCOUNT), *others):
        yield path, "file"
    for name in _names(versions):
        yield versions / name, "folder"
    linked = (name for name in _names(home.path) if (home.path / name).is_symlink())
    for name in {*_names(versions), *linked} - {"ca", _DAMAGED}:
        yield home.path / name, "certificate"
    yield from ((home.path / name, "folder") for name in _names(home.path) if (home.path / name).is_dir())
    for name in _names(home.path):
        for form in () if name.startswith(".") or name == "ca" else _OF_CERTIFICATE:
            yield home.path / name / form.format(name_of(name)[0]), "file"


def _names(folder: Path) -> Tuple[str, ...]:
    with contextlib.suppress(OSError):
        return tuple(sorted(os.listdir(str(folder))))
    return ()


def _is_whole(name: str, version: Path) -> bool:
    domain, ecc = name_of(name)
    found = read_folder(CertificateFiles(version, domain), ecc)
    return found is not None and found.find_fault() is None


def _recover_account(home: Home, server: str) -> None:
    """Keep a copy of an account that is whole. Of one that is not, put the copy in its place, or leave what can be used.

    Without its folder, an account is left alone: that is how somebody asks for another one.
    """
    folder = home.account_folder(server)
    copy = generations.places(home.path)[1] / folder.relative_to(home.path)
    if not folder.is_dir():
        return
    faulty = find_account_fault(folder)
    source, target = (folder, copy) if not faulty else (copy, folder)
    if faulty and find_account_fault(copy):
        source = folder
        faulty = ACCOUNT if _KEY in faulty else faulty  # nothing of an account is of use without its key
    for name in faulty:
        if os.path.lexists(str(folder / name)):
            set_aside(home, folder / name, "is damaged")
    if source != target and not find_account_fault(source):
        for name in ACCOUNT:
            data = reading.read_bytes(source / name)
            with contextlib.suppress(OSError):
                if reading.read_bytes(target / name) == data:
                    continue
            files.make_folder(target)
            files.write_atomic(target / name, data)


def _is_key(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError, ValueError):
        return bool(x509.public_part(reading.read_bytes(path)))
    return False


def _is_sound(path: Path) -> bool:
    try:
        if path.name == _KEY:
            return _is_key(path)
        data = reading.read_bytes(path)
        if path.name == _JSON:
            return isinstance(jsontext.parse(data), dict)
        return "ACCOUNT_URL" in parse_account(data.decode("utf-8"))
    except PermissionError:
        raise
    except (OSError, ValueError):
        return False
