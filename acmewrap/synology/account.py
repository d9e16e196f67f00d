"""The service account: an administrator that reaches no shared folder but its home and no application but DSM itself.

Deny beats allow in DSM, so what is denied to the user holds although the group administrators may do everything. There is no
such denial for SSH: an administrator may use it while it is switched on.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ..errors import DeployError, UnreachableError
from ..failures import failure
from ..reasons import Deviation
from ..secrets import Secret
from . import reply
from .channel import ADMINISTRATORS, EVERYWHERE, Channel, Provisioner, set_shares
from .web import ApiError

logger = logging.getLogger(__name__)

HOMES = "homes"
DESKTOP = "SYNO.Desktop"

_ALL = -1
_TRIES = 3
_NO_SUCH_USER = 3106
SHARE_TYPES = ["dec", "local", "usb", "sata", "cluster", "c2", "cold_storage", "worm"]


def find_uid(channel: Channel, name: str) -> Optional[int]:
    """The number of the account *name*, None when there is none."""
    found = _find(channel, name)
    return None if found is None else reply.number(found, "uid")


def read(channel: Channel, name: str) -> Optional[Tuple[Deviation, ...]]:
    """What is not as it should be about the account *name*; None when there is none. Reads only."""
    found = _find(channel, name)
    return None if found is None else tuple(_deviations(channel, name, found))


def ensure(provisioner: Provisioner, name: str, password: Secret) -> None:
    """Make the account, or change what is not as it should be and nothing else; then read it back. After an answer that was lost
    only what then is still missing is sent.

    The password of an account that exists stays; see :func:`~acmewrap.synology.channel.Provisioner.set_password`. Raises
    :class:`DeployError` (``dsm.account_not_set``) when DSM does not show what it was asked to do.
    """
    for _ in range(_TRIES):
        found = read(provisioner, name)
        if found == ():
            return
        try:
            if found is None:
                provisioner.create_user(name, password)
                found = read(provisioner, name)
            for deviation in found or ():
                _fix(provisioner, name, deviation)
        except UnreachableError as error:
            logger.debug("no answer to a change of the account %s: %s", name, error)
        else:
            break
    found = read(provisioner, name)
    if found != ():
        shown = ", ".join(map(str, found or (Deviation("missing"),)))
        message = f"DSM accepted the settings of the account {name}, and still shows: {shown}"
        raise DeployError(failure("dsm.account_not_set", message, account=name))


def _find(channel: Channel, name: str) -> Optional[Dict[str, Any]]:
    fields = ["expired", "uid"]
    listed = channel.call("SYNO.Core.User", "list", 1, type="local", offset=0, limit=_ALL, additional=fields)
    # `get` may say of an account that exists that it does not (3106).
    return next((user for user in reply.records(listed, "users") if user.get("name") == name), None)


def _deviations(channel: Channel, name: str, found: Mapping[str, Any]) -> Iterator[Deviation]:
    members = channel.call("SYNO.Core.Group.Member", "list", 1, group=ADMINISTRATORS, offset=0, limit=_ALL)
    who = {"name": name, "user_group_type": "local_user", "share_type": SHARE_TYPES, "additional": []}
    shared = channel.call("SYNO.Core.Share.Permission", "list_by_user", 1, **who)
    shares = [{**share, "name": reply.text(share, "name")} for share in reply.records(shared, "shares")]
    offered = reply.records(channel.call("SYNO.Core.AppPriv.App", "list", 2, offset=0, limit=_ALL), "applications")
    denied = {
        application: _is_denied(channel, application, name)
        for application in (reply.text(app, "app_id") for app in offered)
    }
    if not any(user.get("name") == name for user in reply.records(members, "users")):
        yield Deviation("not_administrator")
    if denied.get(DESKTOP, False):
        yield Deviation("locked_out")
    if any(share["name"] == HOMES and share.get("is_deny") for share in shares):
        yield Deviation("homes_denied", (HOMES,))
    open_shares = tuple(share["name"] for share in shares if share["name"] != HOMES and not share.get("is_deny"))
    if open_shares:
        yield Deviation("open_shares", open_shares)
    open_applications = tuple(one for one, closed in denied.items() if one != DESKTOP and not closed)
    if open_applications:
        yield Deviation("open_applications", open_applications)
    # Last, for it is only then that an account may be opened again.
    if found.get("expired", "normal") not in ("normal", "never"):
        yield Deviation("disabled")
    if _may_change_password(channel, name):
        yield Deviation("may_change_password")


def _may_change_password(channel: Channel, name: str) -> bool:
    """Only `get` shows it, and `get` may say of an account that exists that it does not (3106): then nothing is known."""
    try:
        found = channel.call("SYNO.Core.User", "get", 1, name=name, additional=["cannot_chg_passwd"])
    except ApiError as error:
        if error.code != _NO_SUCH_USER:
            raise
        return False
    users = reply.records(found, "users")
    return any(user.get("cannot_chg_passwd") is False for user in users if user.get("name") == name)


def _fix(provisioner: Provisioner, name: str, deviation: Deviation) -> None:
    if deviation.kind == "not_administrator":
        provisioner.add_administrator(name)
    elif deviation.kind == "locked_out":
        _rule(provisioner, name, DESKTOP, allowed=True)
    elif deviation.kind == "open_applications":
        for application in deviation.names:
            _rule(provisioner, name, application, allowed=False)
    elif deviation.kind == "open_shares":
        provisioner.deny_shares(name, deviation.names)
    elif deviation.kind == "homes_denied":
        set_shares(provisioner, name, [HOMES], denied=False)
    else:
        settings = {"expired": "normal", "cannot_chg_passwd": True}
        provisioner.call("SYNO.Core.User", "set", 1, name=name, new_name=name, **settings)


def _is_denied(channel: Channel, application: str, name: str) -> bool:
    rules = reply.records(channel.call("SYNO.Core.AppPriv.Rule", "list", 1, app_id=application), "rules")
    own = (rule for rule in rules if rule.get("entity_type") == "user" and rule.get("entity_name") == name)
    return any(EVERYWHERE in reply.texts(rule, "deny_ip") for rule in own)


def _rule(channel: Channel, name: str, application: str, *, allowed: bool) -> None:
    everywhere: Tuple[List[str], List[str]] = ([EVERYWHERE], [])
    allow, deny = everywhere if allowed else everywhere[::-1]
    rule = {"entity_type": "user", "entity_name": name, "app_id": application, "allow_ip": allow, "deny_ip": deny}
    channel.call("SYNO.Core.AppPriv.Rule", "set", 1, app_id=application, rules=[rule])
