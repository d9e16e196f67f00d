"""What an owner of a real NAS can send to the project: the shapes of DSM's answers, without their values.

Text is replaced by its type, except for the few values that differ between versions of DSM (:data:`_SHOWN`). Nothing is changed
in DSM, and no name, address, password or serial number gets into the file.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ..config.model import Config
from ..errors import AccessError
from ..failures import failure
from ..schedule import dsm
from ..synology import sessions, tasks
from ..synology.account import SHARE_TYPES
from ..synology.channel import ADMINISTRATORS
from ..synology.web import ApiError, Client

_NAMES = (
    "cannot_chg_passwd date_type exit_type firmware_ver is_deny isPkg key_types last_work_hour maxVersion minVersion monthly_week "
    "multiple_cert otp_enforce_option repeat_date repeat_hour repeat_min service subscriber type user_deletable user_setable "
    "version week_day"
)
_SHOWN = frozenset(_NAMES.split())
_EACH = 3  # of a list, its first items show the shape

Call = Tuple[str, str, int, Dict[str, Any]]


def collect(config: Config, environ: sessions.Environ) -> Dict[str, Any]:
    """The document: ``apis`` as DSM offers them, and ``calls`` with the shape of each answer or the code of its refusal.

    Raises :class:`AccessError` (``doctor.no_nas``), another :class:`AcmewrapError` when the account cannot log in.
    """
    if config.synology is None:
        raise AccessError(failure("doctor.no_nas", f"{config.file} has no section `synology`"))
    with sessions.open_account(config, environ) as client:
        calls = [_ask(client, *call) for call in _calls(sessions.nas_of(config).account.name)]
        calls += _ask_about_task(config, client)
        return {"acmewrap_support": 1, "generation": client.generation, "apis": redact(client.offered), "calls": calls}


def redact(value: Any, key: str = "") -> Any:
    """*value* with the type of each text in its place, unless *key* is one of those that are shown."""
    if isinstance(value, Mapping):
        return {str(name): redact(item, str(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [redact(item, key) for item in value[:_EACH]]
    return value if isinstance(value, bool) or value is None or key in _SHOWN else type(value).__name__


def _calls(account: str) -> Iterator[Call]:
    yield "SYNO.Core.System", "info", 1, {}
    yield "SYNO.Core.Certificate.CRT", "list", 1, {}
    yield "SYNO.Core.User", "list", 1, {"type": "local", "additional": ["expired", "uid", "cannot_chg_passwd"]}
    yield "SYNO.Core.User", "get", 1, {"name": account, "additional": ["expired", "uid", "cannot_chg_passwd"]}
    yield "SYNO.Core.Group.Member", "list", 1, {"group": ADMINISTRATORS, "offset": 0, "limit": -1}
    who = {"name": account, "user_group_type": "local_user"}
    yield "SYNO.Core.Share.Permission", "list_by_user", 1, {**who, "share_type": SHARE_TYPES, "additional": []}
    yield "SYNO.Core.AppPriv.App", "list", 2, {"offset": 0, "limit": -1}
    yield "SYNO.Core.OTP.EnforcePolicy", "get", 1, {}
    for version in (1, 3, 4):
        yield "SYNO.Core.TaskScheduler", "list", version, {"offset": 0, "limit": -1}


def _ask(client: Client, api: str, method: str, version: int, parameters: Mapping[str, Any]) -> Dict[str, Any]:
    asked = {"api": api, "method": method, "version": min(version, client.maximum(api) or version)}
    try:
        return {**asked, "answer": redact(client.call(api, method, version, **parameters))}
    except ApiError as error:
        return {**asked, "error": error.code}


def _ask_about_task(config: Config, client: Client) -> List[Dict[str, Any]]:
    """The task of this file, if DSM runs one, with its schedule and its history."""
    if not dsm.is_wanted(config):
        return []
    found = tasks.TaskScheduler(client).find(dsm.describe(config).name)
    if found is None:
        return []
    history = "SYNO.Core.TaskScheduler", "get_history_status_list", 1, {"id": found.id}
    return [{"task": redact(dict(found.details))}, _ask(client, *history)]
