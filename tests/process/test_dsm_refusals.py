"""Each refusal of each version of DSM has an id of its own, and nothing is written on the way there."""

from __future__ import annotations

from typing import Callable, Dict, Tuple

import pytest

from acmewrap.errors import AcmewrapError
from acmewrap.secrets import Secret
from acmewrap.synology import certificates
from acmewrap.synology.web import Client
from acmewrap.testing.dsm import NAMES, DsmSimulator

Change = Callable[[DsmSimulator], object]

REFUSALS: Dict[str, Tuple[str, Change]] = {
    "400 wrong password": ("dsm.login_refused", lambda nas: setattr(nas.user, "password", "another")),
    "401 disabled": ("dsm.account_disabled", lambda nas: setattr(nas.user, "expired", "2020/1/1")),
    "402 DSM denied": (
        "dsm.permission",
        lambda nas: nas.state.set_rule("SYNO.Desktop", nas.account, allow_ip=[], deny_ip=["0.0.0.0"]),
    ),
    "403 second factor": ("dsm.otp_required", lambda nas: setattr(nas.user, "otp_code", "123456")),
    "403 adaptive MFA": ("dsm.otp_required", lambda nas: nas.change(adaptive_mfa=True)),
    "406 enforced for administrators": ("dsm.otp_enforced", lambda nas: setattr(nas.state, "otp_policy", "admin")),
    "406 enforced for this user": ("dsm.otp_enforced", lambda nas: nas.state.otp_users.add(nas.account)),
    "407 auto block": ("dsm.blocked", lambda nas: setattr(nas.state, "failed_logins", 10)),
    "408 expired for good": (
        "dsm.password_expired",
        lambda nas: setattr(nas.user, "password_state", "expired_for_good"),
    ),
    "409 expired": ("dsm.password_expired", lambda nas: setattr(nas.user, "password_state", "expired")),
    "410 must be changed": ("dsm.password_expired", lambda nas: setattr(nas.user, "password_state", "must_change")),
    "411 locked": ("dsm.account_locked", lambda nas: setattr(nas.user, "locked", True)),
    "105 no administrator": ("dsm.not_administrator", lambda nas: nas.state.groups["administrators"].clear()),
    "119 after login, once": ("", lambda nas: nas.change(first_call_refusal=119)),
    "109 after login, once": ("", lambda nas: nas.change(first_call_refusal=109)),
    "109 for ever": ("dsm.busy", lambda nas: nas.fail(LIST, 109, None)),
    "111 for ever": ("dsm.busy", lambda nas: nas.fail(LIST, 111, None)),
    "117 for ever": ("dsm.busy", lambda nas: nas.fail(LIST, 117, None)),
    "119 for ever": ("dsm.session", lambda nas: nas.fail(LIST, 119, None)),
    "302 to HTTPS": ("dsm.redirected", lambda nas: nas.change(redirects=True)),
}
LIST = "SYNO.Core.Certificate.CRT.list"


@pytest.mark.parametrize(
    "version", ["7.2.1", *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES if name != "7.2.1")]
)
def test_each_refusal_has_its_id(version: str) -> None:
    found: Dict[str, str] = {}
    for name, (_, change) in REFUSALS.items():
        with DsmSimulator(version) as nas:
            change(nas)
            found[name] = ask(nas)
            assert nas.writes == []
    assert found == {name: id for name, (id, _) in REFUSALS.items()}


def ask(nas: DsmSimulator) -> str:
    """The id of the failure of a login and a list; empty without one."""
    try:
        with Client(nas.url, nas.account, Secret(nas.password)) as client:
            certificates.read(client)
    except AcmewrapError as error:
        return error.id
    return ""
