"""The NAS itself: its service account, what it uses the certificate for, and the task in its scheduler.

Without a way to change accounts the account is not looked after; the rest goes through its own session, an administrator's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from .. import files
from ..catalogue import failure
from ..config.model import Account, Config
from ..drift import Drift
from ..errors import AccessError, AcmewrapError, DeployError
from ..schedule import dsm
from ..secrets import FileReference, Secret, resolve
from ..synology import account, certificates
from ..synology.channel import Provisioner, generate_password
from ..synology.sessions import Environ, nas_of, open_account, open_provisioner
from ..synology.web import AUTH, ApiError

# Refusals of a login that another password ends: a wrong one (400), and one that has expired or must be changed (408 to 410).
_PASSWORD_CODES = (400, 408, 409, 410)
_LAST_LOGIN_OF_DSM_6 = 6


@dataclass(frozen=True)
class NasState:
    """The NAS as it was found: what is amiss with the account, why the certificate is not in use as wanted, the task.

    ``note`` is for people: what nobody could look at.
    """

    account: Tuple[str, ...] = ()
    assignment: Optional[str] = None
    task: Drift = "same"
    note: Optional[str] = None


class UnsupportedKeyError(DeployError):
    """A certificate for the NAS has a kind of key that its DSM does not take."""


def look(config: Config, environ: Environ) -> NasState:
    """How the NAS stands. Changes nothing. What keeps it from looking becomes a reason, so that a step comes to fail of it.

    Raises :class:`UnsupportedKeyError` (``dsm.key_unsupported``) before a certificate is issued that could not be imported.
    """
    try:
        with open_provisioner(config, environ) as provisioner:
            return _look(config, environ, provisioner)
    except UnsupportedKeyError:
        raise
    except AcmewrapError as error:
        why = f"nobody could look: {error.failure.message}"
        return NasState((why,), why, "differs" if dsm.is_wanted(config) else "same")


def ensure_account(config: Config, environ: Environ) -> None:
    """Make the account, or bring it into line, and prove it by a login. Raises :class:`AcmewrapError`."""
    wanted = nas_of(config).account
    with open_provisioner(config, environ) as provisioner:
        if provisioner is None:
            raise AccessError(failure("dsm.no_provisioner", f"nothing here may change the account {wanted.name}"))
        chosen = _password_is_missing(wanted)
        password = _choose_password(wanted) if chosen else resolve(wanted.password, environ)
        existed = account.find_uid(provisioner, wanted.name) is not None
        account.ensure(provisioner, wanted.name, password)
        if chosen and existed:
            provisioner.set_password(wanted.name, password)
        try:
            _log_in(config, environ)
        except ApiError as error:
            if error.code not in _PASSWORD_CODES:
                raise
            provisioner.set_password(wanted.name, password)
            _log_in(config, environ)


def _look(config: Config, environ: Environ, provisioner: Optional[Provisioner]) -> NasState:
    wanted = nas_of(config).account
    note: Optional[str] = None
    amiss: list[str] = []
    if provisioner is not None:
        _refuse_keys(config, provisioner.maximum(AUTH))
    if provisioner is None:
        note = f"the account {wanted.name} is not looked after: it takes root on the NAS, or synology.administrator"
    else:
        standing = account.read(provisioner, wanted.name)
        if standing is None:
            lacking: Drift = "missing" if dsm.is_wanted(config) else "same"
            return NasState(("it does not exist",), "nobody could look without an account", lacking)
        amiss.extend(standing.deviations())
        if _password_is_missing(wanted):
            amiss.append("its password is in no file yet")
    try:
        with open_account(config, environ) as client:
            _refuse_keys(config, client.maximum(AUTH))
            assignment = certificates.find_drift(certificates.read(client), nas_of(config).certificate)
            found = dsm.look(config, provisioner or client)
    except UnsupportedKeyError:
        raise
    except AcmewrapError as error:
        if provisioner is not None and isinstance(error, ApiError) and error.code in _PASSWORD_CODES:
            amiss.append("the stored password does not open it")
        assignment = f"nobody could look: {error.failure.message}"
        found = "differs" if dsm.is_wanted(config) else "same"
    return NasState(tuple(amiss), assignment, found, note)


def _refuse_keys(config: Config, login: Optional[int]) -> None:
    """DSM 6, whose *login* ends at version 6, takes no elliptic key."""
    if login is None or login > _LAST_LOGIN_OF_DSM_6:
        return
    for name, certificate in config.certificates.items():
        if certificate.key.startswith("ec-") and any(target.synology for target in certificate.targets):
            told = f"the certificate {name} has the key {certificate.key}, and this NAS runs DSM 6"
            raise UnsupportedKeyError(failure("dsm.key_unsupported", told, name=name, key=certificate.key))


def _log_in(config: Config, environ: Environ) -> None:
    with open_account(config, environ) as client:
        certificates.read(client)  # what only an administrator may


def _password_is_missing(wanted: Account) -> bool:
    return isinstance(wanted.password, FileReference) and not wanted.password.path.exists()


def _choose_password(wanted: Account) -> Secret:
    """A new password, in its file before DSM hears of it: a run that is killed in between leaves no account nobody can open."""
    assert isinstance(wanted.password, FileReference)
    password = generate_password()
    files.make_folder(wanted.password.path.parent)
    files.write_atomic(wanted.password.path, password.reveal() + "\n")
    return password
