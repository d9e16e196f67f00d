"""The service account of the NAS, made or brought into line, and proven by a login."""

from __future__ import annotations

from ...config.model import Account, Config
from ...errors import AccessError
from ...failures import dsm_codes, failure
from ...secrets import FileReference, Secret, resolve
from ...state.nas import password_is_missing
from ...synology import account, certificates
from ...synology.channel import generate_password
from ...synology.sessions import Environ, nas_of, open_account, open_provisioner
from ...synology.web import ApiError
from ...system import files


def ensure(config: Config, environ: Environ) -> None:
    """Make or change the account as the file has it, and log in with it. Raises :class:`AcmewrapError`."""
    wanted = nas_of(config).account
    with open_provisioner(config, environ) as provisioner:
        if provisioner is None:
            raise AccessError(failure("dsm.no_provisioner", f"nothing here may change the account {wanted.name}"))
        chosen = password_is_missing(wanted)
        password = _choose_password(wanted) if chosen else resolve(wanted.password, environ)
        existed = account.find_uid(provisioner, wanted.name) is not None
        account.ensure(provisioner, wanted.name, password)
        if chosen and existed:
            provisioner.set_password(wanted.name, password)
        try:
            _log_in(config, environ)
        except ApiError as error:
            if error.code not in dsm_codes.PASSWORD:
                raise
            provisioner.set_password(wanted.name, password)
            _log_in(config, environ)


def _log_in(config: Config, environ: Environ) -> None:
    with open_account(config, environ) as client:
        certificates.read(client)  # what only an administrator may


def _choose_password(wanted: Account) -> Secret:
    """A new password, in its file before DSM hears of it: a run that is killed in between leaves no account nobody can open."""
    assert isinstance(wanted.password, FileReference)
    password = generate_password()
    files.make_folder(wanted.password.path.parent)
    files.write_atomic(wanted.password.path, password.reveal() + "\n")
    return password
