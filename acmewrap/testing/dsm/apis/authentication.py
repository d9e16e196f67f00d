"""``SYNO.API.Auth``, the confirmation of a password, and the policy on second factors."""

from __future__ import annotations

import secrets
from typing import Any, Dict, Optional, Tuple

from ..call import Api, Call, Method
from ..data.bodies import fill
from ..errors import Refusal
from ..state import Login, PasswordState, Session, State, User

_WRONG_PASSWORD = 400
_DISABLED = 401
_DENIED = 402
_OTP_REQUIRED = 403
_OTP_WRONG = 404
_OTP_NOT_SET_UP = 406
_BLOCKED = 407
_LOCKED = 411
_PASSWORD_CODES: Dict[PasswordState, int] = {"expired_for_good": 408, "expired": 409, "must_change": 410}


def _log_in(call: Call) -> Dict[str, Any]:
    state = call.state
    account, password, otp_code = call.raw("account"), call.raw("passwd"), call.raw("otp_code")
    device = (call.raw("device_name"), call.raw("device_id"))

    def record(code: int) -> None:
        state.logins.append(Login(account, password, otp_code, *device, code))

    user = state.users.get(account)
    code = _judge_login(state, user, password, otp_code, device)
    record(code)
    if code or user is None:
        state.failed_logins += code in (_WRONG_PASSWORD, _OTP_WRONG)
        challenge = fill("otp_challenge", token=secrets.token_urlsafe(24))
        raise Refusal(code, challenge if code == _OTP_REQUIRED and state.generation >= 7 else None)

    session = Session(
        secrets.token_urlsafe(32),
        account,
        call.version,
        secrets.token_hex(8) if call.raw("enable_syno_token") == "yes" else "",
    )
    state.sessions[session.id] = session
    data = fill("login_7" if call.version >= 7 else "login_6", sid=session.id, synotoken=session.token)
    if not session.token:
        del data["synotoken"]
    device_id = ""
    if otp_code and call.raw("enable_device_token") == "yes":
        device_id = secrets.token_urlsafe(32)
        user.devices.add((device[0], device_id))
    if call.version >= 7:
        data.update(account=account, device_id=device_id or device[1] or secrets.token_urlsafe(32))
    elif device_id:
        data["did"] = device_id
    return data


def _judge_login(state: State, user: Optional[User], password: str, otp_code: str, device: Tuple[str, str]) -> int:
    """The code of the refusal, 0 for a welcome. What comes after the password is only said to whoever knows it."""
    if 0 < state.preset.auto_block_after <= state.failed_logins:
        return _BLOCKED
    if user is None or user.password != password:
        return _WRONG_PASSWORD
    if user.locked:
        return _LOCKED
    if user.expired not in ("normal", "never"):
        return _DISABLED
    if not state.may_use("SYNO.Desktop", user.name):
        return _DENIED
    if user.password_state in _PASSWORD_CODES:
        return _PASSWORD_CODES[user.password_state]
    if user.otp_code is None:
        if state.needs_factor(user.name):
            return _OTP_NOT_SET_UP
        return _OTP_REQUIRED if state.preset.adaptive_mfa and state.is_administrator(user.name) else 0
    if device in user.devices:
        return 0
    if not otp_code:
        return _OTP_REQUIRED
    return 0 if otp_code == user.otp_code else _OTP_WRONG


def _log_out(call: Call) -> None:
    call.state.sessions.pop(call.raw("_sid"), None)


def _confirm_password(call: Call) -> Dict[str, str]:
    if call.session is None or call.text("password") != call.state.users[call.account].password:
        raise Refusal(_WRONG_PASSWORD)
    token = secrets.token_urlsafe(48)
    call.session.confirmations.add(token)
    return {"SynoConfirmPWToken": token}


def _get_policy(call: Call) -> Dict[str, str]:
    return {"otp_enforce_option": call.state.otp_policy}


def _set_policy(call: Call) -> None:
    policy = call.text("otp_enforce_option")
    if policy not in ("none", "admin", "user"):
        raise Refusal(call.invalid)
    call.state.otp_policy = policy  # type: ignore[assignment]  # checked in the line above


APIS: Tuple[Api, ...] = (
    Api(
        "SYNO.API.Auth",
        {
            "login": Method(_log_in, session=False, administrator=False),
            "logout": Method(_log_out, session=False, administrator=False),
        },
        json=False,
    ),
    Api(
        "SYNO.Core.User.PasswordConfirm",
        {"auth": Method(_confirm_password, administrator=False)},
    ),
    Api(
        "SYNO.Core.OTP.EnforcePolicy",
        {"get": Method(_get_policy), "set": Method(_set_policy, mutates=True)},
    ),
)
