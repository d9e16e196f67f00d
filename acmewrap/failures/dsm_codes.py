"""The numbers with which DSM refuses, one table for its web API and for what acme.sh's hook prints of it: (failure, meaning).

Sources: DSM Login Web API Guide; SYNO.Core.Certificate as seen on DSM 6.2 to 7.3. The same number means one thing for a login and
another for a call: 105 of a login is an account that may not log in to DSM, 105 of a call a session that is no administrator's.
"""

from __future__ import annotations

from typing import Mapping, Tuple

LOGIN: Mapping[int, Tuple[str, str]] = {  # SYNO.API.Auth login
    105: ("dsm.permission", "the account lacks the permission"),
    400: ("dsm.login_refused", "no such account, or a wrong password"),
    401: ("dsm.account_disabled", "the account is disabled"),
    402: ("dsm.permission", "the account may not log in to DSM"),
    403: ("dsm.otp_required", "a one-time code is needed"),
    404: ("dsm.otp_wrong", "the one-time code is wrong"),
    405: ("dsm.permission", "the application portal is the wrong one"),
    406: ("dsm.otp_enforced", "2FA is enforced and not set up"),
    407: ("dsm.blocked", "this address is blocked"),
    408: ("dsm.password_expired", "the password has expired and cannot be changed"),
    409: ("dsm.password_expired", "the password has expired"),
    410: ("dsm.password_expired", "the password must be changed first"),
    411: ("dsm.account_locked", "the account is locked"),
}
PASSWORD = (400, 408, 409, 410)
"""Refusals of a login that another password ends."""

CALL: Mapping[int, Tuple[str, str]] = {  # every API
    105: ("dsm.not_administrator", "the session is no administrator's"),
    106: ("dsm.session", "the session timed out"),
    107: ("dsm.session", "another login ended the session"),
    109: ("dsm.busy", "the network connection is unstable or the system is busy"),
    111: ("dsm.busy", "the network connection is unstable or the system is busy"),
    117: ("dsm.busy", "the system is busy, or the session is no administrator's"),
    118: ("dsm.busy", "the network connection is unstable or the system is busy"),
    119: ("dsm.session", "the session is not known, or is no administrator's"),
    150: ("dsm.session", "the session belongs to another address"),
    160: ("dsm.not_administrator", "the application is denied to the account"),
}

IMPORT: Mapping[int, Tuple[str, str]] = {  # SYNO.Core.Certificate import
    **{
        code: ("dsm.import_refused", meaning)
        for code, meaning in {
            108: "the upload did not arrive",
            5503: "a parameter is wrong",
            5510: "the certificate or its chain is not readable",
            5511: "the private key is not readable, or a part is missing",
            5512: "the intermediate certificate is not readable",
            5513: "the cipher is not supported",
            5514: "the private key does not belong to the certificate",
            5515: "the intermediate certificate could not be stored",
            5516: "a file is not UTF-8 text",
            5517: "the certificate was not signed by the intermediate certificate",
            5518: "DSA is not supported",
            5534: "the key is too short",
        }.items()
    },
    5529: ("dsm.key_unsupported", "elliptic keys are not supported"),
    5598: ("dsm.key_unsupported", "elliptic keys are not supported"),
}
PASSING = (109, 111, 117, 118, 119)
"""Refusals that are seen right after a login that passed, and then no more (acme.sh #5191)."""


def explain(code: int, table: Mapping[int, Tuple[str, str]] = CALL) -> Tuple[str, str]:
    """What *code* means as the answer to a call of the kind that *table* is for."""
    otherwise = "dsm.import_refused" if table is IMPORT else "dsm.refused"
    return table.get(code) or CALL.get(code) or (otherwise, "not one that is known here")
