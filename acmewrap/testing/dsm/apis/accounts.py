"""Users and groups: ``SYNO.Core.User`` and ``SYNO.Core.Group.Member``."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Tuple

from ..call import Api, Call, Method
from ..errors import Refusal
from ..state import User

_BAD_LIST = 3101
INVALID = 3103
NO_SUCH_USER = 3106
_NAME_TAKEN = 3107
_WEAK_PASSWORD = 3121


def _create(call: Call) -> Dict[str, Any]:
    state = call.state
    name = call.text("name")
    if name in state.users:
        raise Refusal(_NAME_TAKEN)
    password = _read_password(call)
    for flag in ("passwd_never_expire", "notify_by_email", "send_password"):
        call.flag(flag)
    fixed = call.flag("cannot_chg_passwd")
    expired = _read_expiry(call, "normal")
    user = state.add_user(name, password)
    user.description, user.email, user.expired = call.text("description", ""), call.text("email", ""), expired
    user.cannot_change_password = fixed
    if state.preset.reset_must_change:
        user.password_state = "must_change"  # noqa: S105  no password
    return {"name": name, "uid": user.uid}


def _set(call: Call) -> Dict[str, Any]:
    """Whatever is given is changed; a new name takes the memberships along."""
    state = call.state
    user = _find(call, call.text("name"))
    name = call.text("new_name", user.name)
    if name != user.name and name in state.users:
        raise Refusal(_NAME_TAKEN)
    expired = _read_expiry(call, user.expired)
    user.cannot_change_password = call.flag("cannot_chg_passwd", user.cannot_change_password)
    if "password" in call.parameters:
        user.password = _read_password(call)
        foreign = state.preset.reset_must_change and call.account != user.name
        user.password_state = "must_change" if foreign else "valid"
    user.description, user.email, user.expired = (
        call.text("description", user.description),
        call.text("email", user.email),
        expired,
    )
    if name != user.name:
        for members in state.groups.values():
            members[:] = [name if member == user.name else member for member in members]
        state.users[name] = state.users.pop(user.name)
        user.name = name
    return {"name": name, "password_last_change": 0, "uid": user.uid}


def _delete(call: Call) -> Dict[str, Any]:
    names = call.value("name")
    if not isinstance(names, list):
        raise Refusal(_BAD_LIST)
    for name in names:
        call.state.users.pop(_find(call, name).name)
        for members in call.state.groups.values():
            if name in members:
                members.remove(name)
    return {"errors": [3102]}  # inside a success; seen on DSM 7.2.1


def _list(call: Call) -> Dict[str, Any]:
    users = [_describe(call, user) for user in call.state.users.values()]
    for user in users:
        user.pop("cannot_chg_passwd", None)  # only `get` has it (CPUT)
    return {"offset": call.value("offset", 0), "total": len(users), "users": call.page(users)}


def _get(call: Call) -> Dict[str, Any]:
    return {"users": [_describe(call, _find(call, call.text("name")))]}


def _describe(call: Call, user: User) -> Dict[str, Any]:
    state = call.state
    known: Dict[str, Any] = {
        "2fa_status": user.otp_code is not None,
        "cannot_chg_passwd": user.cannot_change_password,
        "description": user.description,
        "email": user.email,
        "expired": user.expired,
        "uid": user.uid,
        "groups": [group for group, members in state.groups.items() if user.name in members],
    }
    return {
        "name": user.name,
        **{key: known[key] for key in call.value("additional", []) if key in known},
    }


def _add_members(call: Call) -> None:
    """Reads ``name``. Who sends ``members`` is answered with success, and nobody is added."""
    members = _members(call)
    for name in call.value("name", []):
        if _find(call, name).name not in members:
            members.append(name)


def _change_members(call: Call) -> None:
    members = _members(call)
    for name in call.value("add_member", []):
        if _find(call, name).name not in members:
            members.append(name)
    for name in call.value("remove_member", []):
        if name in members:
            members.remove(name)


def _list_members(call: Call) -> Dict[str, Any]:
    users = [_describe(call, call.state.users[name]) for name in _members(call)]
    return {"offset": call.value("offset", 0), "total": len(users), "users": call.page(users)}


def _list_groups(call: Call) -> Dict[str, Any]:
    user = _find(call, call.text("name"))
    return {"groups": [group for group, members in call.state.groups.items() if user.name in members]}


def _members(call: Call) -> List[str]:
    members = call.state.groups.get(call.text("group"))
    if members is None:
        raise Refusal(call.invalid)
    return members


def _find(call: Call, name: Any) -> User:
    user = call.state.users.get(name) if isinstance(name, str) else None
    if user is None:
        raise Refusal(NO_SUCH_USER)
    return user


def _read_password(call: Call) -> str:
    password = call.text("password")
    if len(password) < call.state.minimum_password_length:
        raise Refusal(_WEAK_PASSWORD)
    return password


def _read_expiry(call: Call, default: str) -> str:
    expired = call.text("expired", default)
    if not re.fullmatch(r"normal|now|never|\d{4}/\d{1,2}/\d{1,2}", expired):
        raise Refusal(INVALID)
    return expired


APIS: Tuple[Api, ...] = (
    Api(
        "SYNO.Core.User",
        {
            "create": Method(_create, mutates=True),
            "set": Method(_set, mutates=True),
            "delete": Method(_delete, mutates=True),
            "list": Method(_list),
            "get": Method(_get),
        },
        invalid=INVALID,
    ),
    Api("SYNO.Core.User.Group", {"get": Method(_list_groups)}, invalid=INVALID),
    Api(
        "SYNO.Core.Group.Member",
        {
            "add": Method(_add_members, mutates=True),
            "change": Method(_change_members, mutates=True),
            "list": Method(_list_members),
        },
        invalid=INVALID,
    ),
)
