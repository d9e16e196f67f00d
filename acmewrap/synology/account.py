"""The service account: an administrator that reaches no shared folder but its home and no application but DSM itself.

Deny beats allow in DSM, so what is denied to the user holds although the group administrators may do everything. There is no
such denial for SSH: an administrator may use it while it is switched on.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..catalogue import failure
from ..errors import DeployError, UnreachableError
from ..secrets import Secret
from .channel import ADMINISTRATORS, EVERYWHERE, Channel, Provisioner
from .web import ApiError

logger = logging.getLogger(__name__)

HOMES = "homes"
DESKTOP = "SYNO.Desktop"

_ALL = -1
_TRIES = 3
_NO_SUCH_USER = 3106
_SHARE_TYPES = ["dec", "local", "usb", "sata", "cluster", "c2", "cold_storage", "worm"]


@dataclass(frozen=True)
class Drift:
    """An account as DSM shows it. ``locked_out``: DSM's desktop, which every login needs, is denied to it."""

    disabled: bool
    may_change_password: bool
    administrator: bool
    homes_denied: bool
    open_shares: Tuple[str, ...]
    open_applications: Tuple[str, ...]
    locked_out: bool

    def deviations(self) -> Tuple[str, ...]:
        """What is not as it should be, in words; nothing when all is well."""
        return tuple(self._deviations())

    def _deviations(self) -> Iterator[str]:
        if self.disabled:
            yield "it is disabled"
        if not self.administrator:
            yield "it is no administrator"
        if self.may_change_password:
            yield "it may change its password"
        if self.locked_out:
            yield "DSM itself is denied to it"
        if self.homes_denied:
            yield f"the shared folder {HOMES} is denied to it"
        if self.open_shares:
            yield f"these shared folders are open to it: {', '.join(self.open_shares)}"
        if self.open_applications:
            yield f"these applications are open to it: {', '.join(self.open_applications)}"


def find_uid(channel: Channel, name: str) -> Optional[int]:
    """The number of the account *name*, None when there is none."""
    found = _find(channel, name)
    return None if found is None else int(found["uid"])


def read(channel: Channel, name: str) -> Optional[Drift]:
    """The account *name*, None when there is none. Reads only."""
    found = _find(channel, name)
    if found is None:
        return None
    members = channel.call("SYNO.Core.Group.Member", "list", 1, group=ADMINISTRATORS, offset=0, limit=_ALL)
    shares = _read_shares(channel, name)
    denied = {one: _is_denied(channel, one, name) for one in _read_applications(channel)}
    return Drift(
        disabled=found.get("expired", "normal") not in ("normal", "never"),
        may_change_password=_may_change_password(channel, name),
        administrator=any(one.get("name") == name for one in members.get("users", ())),
        homes_denied=any(share["name"] == HOMES and share.get("is_deny") for share in shares),
        open_shares=tuple(one["name"] for one in shares if one["name"] != HOMES and not one.get("is_deny")),
        open_applications=tuple(one for one, closed in denied.items() if one != DESKTOP and not closed),
        locked_out=denied.get(DESKTOP, False),
    )


def ensure(provisioner: Provisioner, name: str, password: Secret) -> Drift:
    """Make the account, or change what is not as it should be and nothing else; then read it back. After an answer that was lost
    only what then is still missing is sent.

    The password of an account that exists stays; see :func:`~acmewrap.synology.channel.Provisioner.set_password`. Raises
    :class:`DeployError` (``dsm.account_not_set``) when DSM does not show what it was asked to do.
    """
    for _ in range(_TRIES):
        found = read(provisioner, name)
        if found is not None and not found.deviations():
            return found
        try:
            if found is None:
                provisioner.create_user(name, password)
                found = read(provisioner, name)
            if found is None:
                raise _not_set(name, ("it does not exist",))
            _mend(provisioner, name, found)
        except UnreachableError as error:
            logger.debug("no answer to a change of the account %s: %s", name, error)
        else:
            break
    found = read(provisioner, name)
    left = found.deviations() if found is not None else ("it does not exist",)
    if found is None or left:
        raise _not_set(name, left)
    return found


def _find(channel: Channel, name: str) -> Optional[Dict[str, Any]]:
    wanted = ["expired", "uid"]
    listed = channel.call("SYNO.Core.User", "list", 1, type="local", offset=0, limit=_ALL, additional=wanted)
    # `get` may say of an account that exists that it does not (3106).
    return next((one for one in listed.get("users", ()) if one.get("name") == name), None)


def _may_change_password(channel: Channel, name: str) -> bool:
    """Only `get` shows it, and `get` may say of an account that exists that it does not (3106): then nothing is known."""
    try:
        found = channel.call("SYNO.Core.User", "get", 1, name=name, additional=["cannot_chg_passwd"])
    except ApiError as error:
        if error.code != _NO_SUCH_USER:
            raise
        return False
    return any(one.get("cannot_chg_passwd") is False for one in found.get("users", ()) if one.get("name") == name)


def _mend(provisioner: Provisioner, name: str, found: Drift) -> None:
    if not found.administrator:
        provisioner.add_administrator(name)
    if found.locked_out:
        _rule(provisioner, name, DESKTOP, allowed=True)
    for application in found.open_applications:
        _rule(provisioner, name, application, allowed=False)
    if found.open_shares:
        provisioner.deny_shares(name, found.open_shares)
    if found.homes_denied:
        nothing = {"is_readonly": False, "is_writable": False, "is_deny": False, "is_custom": False}
        who = {"name": name, "user_group_type": "local_user"}
        given = [{"name": HOMES, **nothing}]
        provisioner.call("SYNO.Core.Share.Permission", "set_by_user_group", 1, **who, permissions=given)
    if found.disabled or found.may_change_password:
        settings = {"expired": "normal", "cannot_chg_passwd": True}
        provisioner.call("SYNO.Core.User", "set", 1, name=name, new_name=name, **settings)


def _read_shares(channel: Channel, name: str) -> List[Dict[str, Any]]:
    who = {"name": name, "user_group_type": "local_user"}
    data = channel.call("SYNO.Core.Share.Permission", "list_by_user", 1, **who, share_type=_SHARE_TYPES, additional=[])
    return list(data.get("shares", ()))


def _read_applications(channel: Channel) -> List[str]:
    data = channel.call("SYNO.Core.AppPriv.App", "list", 2, offset=0, limit=_ALL)
    return [str(one["app_id"]) for one in data.get("applications", ())]


def _is_denied(channel: Channel, application: str, name: str) -> bool:
    rules = channel.call("SYNO.Core.AppPriv.Rule", "list", 1, app_id=application).get("rules", ())
    own = (one for one in rules if one.get("entity_type") == "user" and one.get("entity_name") == name)
    return any(EVERYWHERE in one.get("deny_ip", ()) for one in own)


def _rule(channel: Channel, name: str, application: str, *, allowed: bool) -> None:
    everywhere: Tuple[List[str], List[str]] = ([EVERYWHERE], [])
    allow, deny = everywhere if allowed else everywhere[::-1]
    rule = {"entity_type": "user", "entity_name": name, "app_id": application, "allow_ip": allow, "deny_ip": deny}
    channel.call("SYNO.Core.AppPriv.Rule", "set", 1, app_id=application, rules=[rule])


def _not_set(name: str, left: Tuple[str, ...]) -> DeployError:
    told = f"DSM was asked to set up the account {name}, and still {'; '.join(left)}"
    return DeployError(failure("dsm.account_not_set", told, account=name))
