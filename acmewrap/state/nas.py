"""The NAS itself: its service account, what it uses the certificate for, and the task in its scheduler.

Without a way to change accounts the account is not looked after; the rest goes through its own session, an administrator's.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from .. import paths, unexpected
from ..config.model import Account, Config
from ..errors import DeployError, Failure
from ..failures import dsm_codes, failure
from ..frozen import field, frozen
from ..reasons import AccountDiffers, AccountNotManaged, Deviation, Drift, NotObserved, Plain, Reason
from ..schedule import dsm
from ..schedule.others import OtherEntry
from ..secrets import FileReference
from ..synology import account, certificates
from ..synology.channel import Provisioner
from ..synology.sessions import Environ, entries, nas_of, open_account, open_provisioner
from ..synology.web import AUTH, ApiError

_LAST_LOGIN_OF_DSM_6 = 6


@frozen
class NasState:
    """What differs: account, ``assignments`` by description, task, and ``others``, tasks too many; ``note``: not looked at."""

    account: Optional[Reason] = None
    assignments: Mapping[str, Reason] = field(default_factory=dict)
    task: Drift = "same"
    others: Tuple[OtherEntry, ...] = ()
    note: Optional[Reason] = None


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
    except Exception as error:
        reason = NotObserved(_explain(error, config))
        return NasState(reason, dict.fromkeys(entries(config), reason), "differs" if dsm.is_wanted(config) else "same")


def _explain(error: Exception, config: Config) -> Failure:
    return unexpected.explain(error, paths.reports_folder(config), "the NAS").failure


def _look(config: Config, environ: Environ, provisioner: Optional[Provisioner]) -> NasState:
    wanted = nas_of(config).account
    deviations: List[Deviation] = []
    others: Tuple[OtherEntry, ...] = ()
    if provisioner is not None:
        _refuse_keys(config, provisioner.maximum(AUTH))
        found = account.read(provisioner, wanted.name)
        if found is None:
            unseen = dict.fromkeys(entries(config), Plain.NO_ACCOUNT)
            return NasState(Plain.MISSING, unseen, "missing" if dsm.is_wanted(config) else "same")
        deviations.extend(found)
        if password_is_missing(wanted):
            deviations.append(Deviation("no_password"))
    assignments: Dict[str, Reason]
    try:
        with open_account(config, environ) as client:
            _refuse_keys(config, client.maximum(AUTH))
            assignments = _find_drifts(config, certificates.read(client))
            task = dsm.look(config, provisioner or client)
            others = tuple(dsm.find_others(config, environ, provisioner or client))
    except UnsupportedKeyError:
        raise
    except Exception as error:
        if provisioner is not None and isinstance(error, ApiError) and error.code in dsm_codes.PASSWORD:
            deviations.append(Deviation("wrong_password"))
        assignments = dict.fromkeys(entries(config), NotObserved(_explain(error, config)))
        task = "differs" if dsm.is_wanted(config) else "same"
    differs = AccountDiffers(tuple(deviations)) if deviations else None
    return NasState(differs, assignments, task, others, AccountNotManaged(wanted.name) if provisioner is None else None)


def _find_drifts(config: Config, listed: Tuple[certificates.Listed, ...]) -> Dict[str, Reason]:
    found: Dict[str, Reason] = {}
    for description, entry in entries(config).items():
        try:
            reason = certificates.find_drift(listed, entry)
        except DeployError as error:
            reason = NotObserved(error.failure)
        if reason is not None:
            found[description] = reason
    return found


def _refuse_keys(config: Config, login: Optional[int]) -> None:
    """DSM 6, whose *login* ends at version 6, takes no elliptic key."""
    if login is None or login > _LAST_LOGIN_OF_DSM_6:
        return
    for name, certificate in config.certificates.items():
        if certificate.key.startswith("ec-") and any(target.synology for target in certificate.targets):
            message = f"the certificate {name} has the key {certificate.key}, and this NAS runs DSM 6"
            raise UnsupportedKeyError(failure("dsm.key_unsupported", message, name=name, key=certificate.key))


def password_is_missing(wanted: Account) -> bool:
    """Whether the run that makes the account has to choose its password."""
    return isinstance(wanted.password, FileReference) and not wanted.password.path.exists()
