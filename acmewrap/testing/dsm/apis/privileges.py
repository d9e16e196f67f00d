"""What a user may reach: shared folders and applications."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from ..call import Api, Call, Method
from ..data.bodies import fill
from ..errors import Refusal
from ..state import Permission, Share
from .accounts import INVALID, NO_SUCH_USER

_UNCONFIRMED = 403
_BAD_RULE = 3400
_NO_SUCH_ENTITY = 3403


def _list_shares(call: Call) -> Dict[str, Any]:
    shares = [
        {"desc": share.description, "name": share.name, "vol_path": share.volume}
        for share in call.state.shares.values()
    ]
    return {"offset": call.value("offset", 0), "shares": call.page(shares), "total": len(shares)}


def _list_by_user(call: Call) -> Dict[str, Any]:
    name = _read_user(call)
    inherited = "rw" if call.state.is_administrator(name) else "-"
    shares = [
        fill(
            "share_of_user",
            inherit=inherited,
            is_deny=share.permissions.get(name) == "NA",
            is_readonly=share.permissions.get(name) == "RO",
            is_writable=share.permissions.get(name) == "RW",
            name=share.name,
            share_path=f"{share.volume}/{share.name}",
        )
        for share in call.state.shares.values()
    ]
    return {"shares": shares, "total": len(shares)}


def _set_by_user(call: Call) -> None:
    """One user, many shares; shares that are not named stay as they are."""
    _require_confirmation(call)
    name = _read_user(call)
    entries = [(_find_share(call, entry.get("name")), _read_permission(entry)) for entry in call.array("permissions")]
    for share, permission in entries:
        share.permissions[name] = permission


def _set_by_share(call: Call) -> None:
    """One share, many users. Users that are not named stay as they are; no source settles that, so clients read back."""
    _require_confirmation(call)
    share = _find_share(call, call.text("name"))
    for entry in call.array("permissions"):
        if entry.get("name") not in call.state.users:
            raise Refusal(NO_SUCH_USER)
        share.permissions[entry["name"]] = _read_permission(entry)


def _require_confirmation(call: Call) -> None:
    if call.state.preset.share_writes_confirmed:
        call.require_confirmation(_UNCONFIRMED)


def _find_share(call: Call, name: Any) -> Share:
    share = call.state.shares.get(name)
    if share is None:
        raise Refusal(call.invalid)
    return share


def _read_permission(entry: Dict[str, Any]) -> Permission:
    """No access beats read and write, which beats read only."""
    if entry.get("is_deny"):
        return "NA"
    if entry.get("is_writable"):
        return "RW"
    return "RO" if entry.get("is_readonly") else ""


def _read_user(call: Call) -> str:
    name = call.text("name")
    if name not in call.state.users or call.text("user_group_type") != "local_user":
        raise Refusal(NO_SUCH_USER)
    return name


def _list_applications(call: Call) -> Dict[str, Any]:
    applications = [
        fill("application", app_id=application, name=application.split(".")[-1])
        for application in call.state.applications
    ]
    return {"applications": call.page(applications)}


def _preview(call: Call) -> Dict[str, Any]:
    """What holds for a user in the end; the misspelt key is DSM's."""
    name = call.text("username")
    if name not in call.state.users:
        raise Refusal(_NO_SUCH_ENTITY)
    return {
        "applications": [
            {"app_id": application, "privilelge": "allow" if call.state.may_use(application, name) else "deny"}
            for application in call.state.applications
        ]
    }


def _list_rules(call: Call) -> Dict[str, Any]:
    application = call.text("app_id")
    everyone = fill("rule_for_everyone", app_id=application)
    return {"rules": [everyone, *[rule for (app_id, _), rule in call.state.rules.items() if app_id == application]]}


def _get_rules(call: Call) -> Dict[str, Any]:
    if call.text("entity_type") != "user":
        raise Refusal(_BAD_RULE)
    name = call.text("entity_name")
    return {"rules": [rule for (_, user), rule in call.state.rules.items() if user == name]}


def _set_rules(call: Call) -> None:
    rules = call.array("rules")
    if not all(isinstance(rule, dict) and {"allow_ip", "deny_ip"} <= rule.keys() for rule in rules):
        raise Refusal(_BAD_RULE)
    for application, user, rule in [(*_read_rule(call, rule), rule) for rule in rules]:
        call.state.set_rule(application, user, allow_ip=rule["allow_ip"], deny_ip=rule["deny_ip"])


def _delete_rules(call: Call) -> None:
    for application, user in [_read_rule(call, rule) for rule in call.array("rules")]:
        call.state.rules.pop((application, user), None)


def _read_rule(call: Call, rule: Dict[str, Any]) -> Tuple[str, str]:
    if rule.get("entity_type") != "user" or rule.get("app_id") not in call.state.applications:
        raise Refusal(_BAD_RULE)
    if rule.get("entity_name") not in call.state.users:
        raise Refusal(_NO_SUCH_ENTITY)
    return rule["app_id"], rule["entity_name"]


APIS: Tuple[Api, ...] = (
    Api("SYNO.Core.Share", {"list": Method(_list_shares)}, invalid=INVALID),
    Api(
        "SYNO.Core.Share.Permission",
        {
            "list_by_user": Method(_list_by_user),
            "set_by_user_group": Method(_set_by_user, mutates=True),
            "set": Method(_set_by_share, mutates=True),
        },
        invalid=INVALID,
    ),
    Api(
        "SYNO.Core.AppPriv.App",
        {"list": Method(_list_applications, minimum=2), "preview": Method(_preview, minimum=2)},
        invalid=_BAD_RULE,
    ),
    Api(
        "SYNO.Core.AppPriv.Rule",
        {
            "list": Method(_list_rules),
            "get": Method(_get_rules),
            "set": Method(_set_rules, mutates=True),
            "delete": Method(_delete_rules, mutates=True),
        },
        invalid=_BAD_RULE,
    ),
)
