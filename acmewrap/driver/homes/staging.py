"""The workspace of one acme.sh call, made for it and thrown away after it.

acme.sh rewrites its files in place, before it knows whether the new ones are good: a garbled download lands on the live
certificate, a failed renewal leaves a new key beside an old certificate, a full disk empties the configuration, a deploy
hook stores the password it was given. It also keeps options of one call for all later ones, and two calls in one
configuration home overwrite each other's ``http.header``. So a call never sees the real home: it works on copies of the
certificate folders it needs, with a configuration home of its own, and only what was found good is moved back.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Dict, Iterable, Iterator, Optional, Tuple

from ...errors import AccessError
from ...failures import failure
from ...pki.x509 import X509
from ...system import files, reading, trust
from . import generations
from .configuration import (
    drop_keys,
    edit_configuration,
    encode,
    parse_account,
    parse_configuration,
    raw_values,
    read_text,
    write_text,
)
from .home import CertificateFiles, Home
from .recovery import ACCOUNT, drop_broken_key, special

_LOCK = "lock"

# Hooks that a renewal would run by itself: a call does not see them, and what it leaves is given them back.
_HOOKS = ("Le_DeployHook", "Le_ReloadCmd", "Le_Real")
_CREDENTIALS = ("SAVED_",)
ACCOUNT_CREDENTIALS = ("CA_EAB_",)

# curl is started without any limit by acme.sh; these reach every call of it (acme.sh has no option for it).
_CURL_LIMITS = "connect-timeout = 10\nmax-time = 120\n"
# The key counts and not who signed it: curl compares it (error 90) before it sends anything, `insecure` or not.
_CURL_PIN = 'insecure\npinnedpubkey = "sha256//{}"\n'


class Staging:
    """Folders of one call, on the file system of the home. ``pinned``: curl talks only to a server with that certificate's key."""

    def __init__(self, folder: Path, pinned: Optional[X509] = None) -> None:
        self.folder = folder
        self.configuration = folder / "config"
        self.certificates = folder / "certificates"
        self.temporary = folder / "tmp"
        self.curl = folder / "curl"
        self.protocol = folder / "protocol.log"
        for path in (self.configuration, self.certificates, self.temporary, self.curl):
            path.mkdir()
        pin = "" if pinned is None else _CURL_PIN.format(pinned.key_pin)
        (self.curl / ".curlrc").write_text(_CURL_LIMITS + pin, encoding="ascii")

    def files_of(self, domain: str, ecc: bool) -> CertificateFiles:
        return Home(self.certificates).files_of(domain, ecc)

    def copy_in(self, home: Home, domain: str, ecc: bool, *, anew: bool = False) -> None:
        """Bring a copy of a certificate's folder, without what a call must not inherit. Nothing there: nothing is done.

        A configuration that acme.sh would run as anything but values stays behind when the certificate is made *anew*.
        Otherwise raises :class:`AccessError` (``home.unsafe``).
        """
        source, copy = home.files_of(domain, ecc), self.files_of(domain, ecc)
        if not source.folder.is_dir():
            return
        files.copy_folder(source.folder, copy.folder, special)
        if anew:
            drop_broken_key(copy)
        with contextlib.suppress(FileNotFoundError):
            text = edit_configuration(read_text(copy.configuration), {}, _HOOKS + _CREDENTIALS)
            copy.configuration.unlink()
            try:
                parse_configuration(text)
            except ValueError as error:
                if not anew:
                    raise _unsafe(source.configuration, error) from None
            else:
                write_text(copy.configuration, text)

    def copy_account(self, home: Home, server: str) -> Dict[str, bytes]:
        """Bring a copy of the account at *server*, and return its files. Raises :class:`AccessError` (``home.unsafe``) when acme.sh
        would run its configuration as anything but values.
        """
        source, copy = home.account_folder(server), Home(self.folder).account_folder(server)
        found = _read_account(source)
        try:
            parse_account(found.get("ca.conf", b"").decode("utf-8", "replace"))
        except ValueError as error:
            raise _unsafe(source / "ca.conf", error) from None
        copy.mkdir(parents=True, exist_ok=True)
        for name, data in found.items():
            _write_private(copy / name, data)
        return found

    def bind_account(self, server: str, lines: str) -> None:
        """Add *lines* to the configuration of the account, for this call alone."""
        path = Home(self.folder).account_folder(server) / "ca.conf"
        with contextlib.suppress(FileNotFoundError):
            lines = edit_configuration(read_text(path), {}, ACCOUNT_CREDENTIALS) + lines
        _write_private(path, encode(lines))

    def keep_account(self, home: Home, server: str, before: Dict[str, bytes]) -> None:
        """Take over an account that the call registered, when nothing in it could do harm and nobody else was faster."""
        present = home.account_folder(server)
        after = _read_account(Home(self.folder).account_folder(server))
        try:
            text = after.get("ca.conf", b"").decode("utf-8")
            parse_account(text)
        except ValueError:
            return
        if text:
            after["ca.conf"] = edit_configuration(text, {}, ACCOUNT_CREDENTIALS).encode("utf-8")
        with explained(home):
            for name, data in after.items():
                if data != before.get(name):
                    files.make_folder(present)
                    files.write_atomic(present / name, data)

    def keep(self, home: Home, domain: str, ecc: bool) -> None:
        """Put the staged folder of a certificate in the place of the home's, without credentials, with the hooks it had. Raises
        :class:`AccessError` when the home cannot be written to, or when acme.sh would run the new configuration as anything but
        values (``home.unsafe``); what was there before then stays.
        """
        staged, present = self.files_of(domain, ecc), home.files_of(domain, ecc)
        with explained(home):
            text, hooks = edit_configuration(read_text(staged.configuration), {}, _CREDENTIALS), {}
            try:
                parse_configuration(text)
            except ValueError as error:
                raise _unsafe(staged.configuration, error) from None
            # Of a file that was meddled with nothing is taken over.
            with contextlib.suppress(FileNotFoundError, ValueError):
                former = edit_configuration(read_text(present.configuration), {}, _CREDENTIALS)
                parse_configuration(former)
                hooks = raw_values(former, _HOOKS)
            hooks = {key: value for key, value in hooks.items() if key not in raw_values(text, _HOOKS)}
            write_text(staged.configuration, edit_configuration(text, hooks))
            home.replace(domain, ecc, staged.folder)

    def read_protocol(self) -> str:
        """acme.sh's own record of requests and replies; empty when there is none."""
        try:
            return reading.read_text(self.protocol, "replace")
        except FileNotFoundError:
            return ""


@contextlib.contextmanager
def stage(
    home: Home,
    certificates: Iterable[Tuple[str, bool]] = (),
    pinned: Optional[X509] = None,
    *,
    anew: bool = False,
    source: Optional[Home] = None,
) -> Iterator[Staging]:
    """A workspace with copies of *certificates* (domain, ecc) from *source* (None: *home*); gone afterwards, whatever happened.

    Raises :class:`AccessError` when it cannot be made (``home.not_writable``, ``disk.full``, ``file.failed``), or when one of
    them has a configuration that does not parse (``home.unsafe``) and is not to be made *anew*.
    """
    trust.refuse_weak(home.path)
    parent = generations.places(home.path)[0]
    with contextlib.ExitStack() as stack:
        with explained(home):
            files.make_folder(parent)
            with _locked(parent / _LOCK, fcntl.LOCK_SH):  # no sweep sees the workspace before it is locked
                folder = Path(tempfile.mkdtemp(prefix="", dir=str(parent)))
                stack.enter_context(_locked(folder / _LOCK, fcntl.LOCK_EX))
            stack.callback(shutil.rmtree, str(folder), ignore_errors=True)
            staging = Staging(folder, pinned)
            for domain, ecc in certificates:
                home.recover((domain, ecc))
                staging.copy_in(source or home, domain, ecc, anew=anew)
        yield staging


def sweep(home: Home) -> None:
    """Remove what killed runs left behind; a workspace in use is locked and stays."""
    parent = generations.places(home.path)[0]
    with contextlib.suppress(FileNotFoundError), _locked(parent / _LOCK, fcntl.LOCK_EX):
        for folder in parent.iterdir():
            with contextlib.suppress(OSError), _locked(folder / _LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(str(folder), ignore_errors=True)


def scrub(home: Home) -> None:
    """Take out the credentials that plain acme.sh saved (``SAVED_*``), also from the kept versions; the home must be held."""
    versions = generations.places(home.path)[1]
    for path in (*home.path.glob("*/*.conf"), *versions.glob("*/*/*.conf"), home.path / "account.conf"):
        with contextlib.suppress(OSError):
            drop_keys(path, _CREDENTIALS)


def _read_account(folder: Path) -> Dict[str, bytes]:
    found: Dict[str, bytes] = {}
    for name in ACCOUNT:
        with contextlib.suppress(FileNotFoundError):
            found[name] = reading.read_bytes(folder / name)
    return found


def _write_private(path: Path, data: bytes) -> None:
    path.touch(files.PRIVATE)
    path.write_bytes(data)


def _unsafe(path: Path, error: ValueError) -> AccessError:
    return AccessError(failure("home.unsafe", f"{path}: {error}", file=path))


@contextlib.contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    handle = os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, files.PRIVATE)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def explained(home: Home) -> Iterator[None]:
    """What the system refuses in *home*, as :class:`AccessError`."""
    try:
        yield
    except OSError as error:
        refused = isinstance(error, (PermissionError, shutil.Error))
        id = "home.not_writable" if refused else files.id_of(error)
        raise AccessError(failure(id, str(error), folder=home.path, user='"$(id -un)"')) from error
