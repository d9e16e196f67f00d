"""What the numbers of curl, the problem types of an authority and the codes of DSM mean: (id of the catalogue, sentence)."""

from __future__ import annotations

import re
from typing import Mapping, Optional, Tuple

from .events import ChallengeInvalid, Problem

_TLS = "ca.tls_untrusted"
CURL: Mapping[int, Tuple[str, str]] = {  # libcurl-errors(3)
    1: ("ca.not_acme", "the URL does not begin with https://"),
    3: ("ca.not_acme", "the URL is malformed"),
    5: ("ca.name_unresolved", "the proxy's name has no address"),
    6: ("ca.name_unresolved", "the host's name has no address"),
    7: ("ca.unreachable", "the connection was refused"),
    22: ("ca.not_acme", "the server answered with an error"),
    23: ("home.not_writable", "curl could not write what it received"),
    27: ("tool.failed", "curl had no memory"),
    28: ("ca.timeout", "no answer came in time"),
    35: (_TLS, "there was no TLS handshake; is that an https port?"),
    47: ("ca.not_acme", "the server redirects without end"),
    51: (_TLS, "the server's certificate is for another name"),
    52: ("ca.unreachable", "the connection was closed without an answer"),
    53: (_TLS, "curl has no TLS here"),
    56: ("ca.unreachable", "the connection broke"),
    58: (_TLS, "the client's certificate is not usable"),
    59: (_TLS, "no cipher in common"),
    60: (_TLS, "the server's certificate is not trusted"),
    77: (_TLS, "the ca_bundle file cannot be read, or holds no certificate"),
    83: (_TLS, "the server's certificate has the wrong issuer"),
    90: (_TLS, "the server's key is not the pinned one"),
}
_WGET: Mapping[int, int] = {2: 3, 3: 23, 4: 7, 5: 60}  # wget(1), Exit Status, as the nearest number of curl

PROBLEMS: Mapping[str, str] = {  # RFC 8555 section 6.7
    "accountDoesNotExist": "account.unknown",
    "alreadyRevoked": "acme.already_revoked",
    "badCSR": "acme.bad_csr",
    "badNonce": "ca.nonce",
    "badPublicKey": "acme.bad_csr",
    "badSignatureAlgorithm": "acme.bad_csr",
    "caa": "acme.caa",
    "connection": "challenge.not_reachable",
    "dns": "challenge.name_unresolved",
    "externalAccountRequired": "acme.eab_required",
    "incorrectResponse": "challenge.wrong_content",
    "invalidContact": "account.contact",
    "orderNotReady": "acme.order_invalid",
    "rateLimited": "acme.rate_limited",
    "rejectedIdentifier": "acme.rejected_identifier",
    "serverInternal": "ca.server_error",
    "tls": "challenge.not_reachable",
    "unsupportedContact": "account.contact",
    "unsupportedIdentifier": "acme.rejected_identifier",
    "userActionRequired": "acme.terms",
}
# Types that authorities use for many things; the sentence tells which.
_NO_ADDRESS = re.compile(r"no such host|resolv|NXDOMAIN|SERVFAIL|no valid (?:A|IP)|lookup ", re.IGNORECASE)
_BINDING = re.compile(r"external ?account|\bEAB\b|'?kid'? references|key identifier|HMAC", re.IGNORECASE)
_ACCOUNT = re.compile(r"account|key id|\bkid\b", re.IGNORECASE)
# Go's HTTP client begins so, and acme.sh cuts at the quotation mark that follows.
_NO_CONNECTION = re.compile(
    r"^Get$|connection|connect|timeout|timed out|no route|unreachable|handshake|EOF", re.IGNORECASE
)
_CONTENT = re.compile(
    r"non-200|invalid response|key ?authorization|returned \d\d\d|does not match|did not match", re.IGNORECASE
)
_IDENTIFIER = re.compile(r"identifier|domain|hostname|dns name|invalid character|policy", re.IGNORECASE)
_ORDER = re.compile(r"\border\b|authorization|expired", re.IGNORECASE)


def curl_failed(program: str, code: int, where: str, hook: Optional[str]) -> Tuple[str, str]:
    """*hook* is None while the authority is talked to, otherwise the deploy hook (which may be unknown: empty)."""
    key, sentence = CURL.get(
        code if program == "curl" else _WGET.get(code, 7), ("ca.unreachable", "the transfer failed")
    )
    if hook is not None and key.startswith("ca."):
        trust = "dsm.tls_untrusted" if key == _TLS else "dsm.unreachable"
        key = trust if hook in {"", "synology_dsm"} else "deploy.unreachable"
    return key, f"{where}: {sentence} ({program} error {code})" if where else f"{sentence} ({program} error {code})"


def authority_refused(problem: Problem, challenged: bool) -> Tuple[str, str]:
    """*challenged* tells whether it was the answer to a challenge."""
    detail = problem.detail or "no reason given"
    return _id_of(problem, challenged), f"the authority says: {detail} ({problem.name or 'no type'})"


def challenge_refused(invalid: ChallengeInvalid) -> Tuple[str, str]:
    """From the sentence alone, as far as acme.sh lets it through."""
    detail = invalid.detail
    by_sentence = (
        (_NO_ADDRESS, "challenge.name_unresolved"),
        (_CONTENT, "challenge.wrong_content"),
        (_NO_CONNECTION, "challenge.not_reachable"),
    )
    key = next((key for pattern, key in by_sentence if pattern.search(detail)), "challenge.failed")
    said = "could not fetch the challenge" if detail == "Get" else f"says: {detail}"
    return key, f"{invalid.domain}: the authority {said}"


def _id_of(problem: Problem, challenged: bool) -> str:
    name, detail = problem.name, problem.detail
    if name in {"connection", "dns", "tls", "unauthorized", "incorrectResponse"} and _NO_ADDRESS.search(detail):
        return "challenge.name_unresolved"
    if name in PROBLEMS:
        return PROBLEMS[name]
    if _BINDING.search(detail):
        return "acme.eab_wrong"
    if name == "unauthorized" and (challenged or _CONTENT.search(detail)):
        return "challenge.wrong_content"
    for pattern, key in (
        (_ORDER, "acme.order_invalid"),
        (_ACCOUNT, "account.unknown"),
        (_IDENTIFIER, "acme.rejected_identifier"),
    ):
        if pattern.search(detail):
            return key
    return "ca.server_error" if problem.status is not None and problem.status >= 500 else "acme.refused"


# DSM's answers to SYNO.API.Auth login, and the codes that any of its APIs may give.
DSM: Mapping[int, Tuple[str, str]] = {
    105: ("dsm.permission", "the account lacks the permission"),
    106: ("dsm.session", "the session timed out"),
    107: ("dsm.session", "another login ended the session"),
    109: ("dsm.busy", "the network is not ready"),
    111: ("dsm.busy", "the network is not ready"),
    117: ("dsm.busy", "the network or the system is not ready"),
    118: ("dsm.busy", "the network is not ready"),
    119: ("dsm.session", "the session is not known"),
    150: ("dsm.session", "the session belongs to another address"),
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
    5529: ("dsm.key_unsupported", "elliptic keys are not supported"),
    5598: ("dsm.key_unsupported", "elliptic keys are not supported"),
}

# DSM's codes for SYNO.Core.Certificate import.
DSM_IMPORT: Mapping[int, str] = {
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
}

_REFUSED = re.compile(r"(?:Failed to authenticate with error|Failed to fetch certificate info): (\d{1,6})\b")
_IMPORTED = re.compile(r"Unable to update certificate, .*\"code\" ?: ?(\d{1,6})\b")


def dsm_refused(text: str) -> Optional[Tuple[str, str]]:
    """What a sentence of the ``synology_dsm`` hook says when it gives DSM's code."""
    refused = _REFUSED.search(text)
    if refused is not None and int(refused.group(1)) in DSM:
        key, meaning = DSM[int(refused.group(1))]
        return key, f"DSM refused with code {refused.group(1)}: {meaning}"
    imported = _IMPORTED.search(text)
    if imported is None:
        return None
    code = int(imported.group(1))
    key, meaning = DSM.get(code, ("dsm.import_refused", DSM_IMPORT.get(code, "not one that is known here")))
    return key, f"DSM refused the certificate with code {code}: {meaning}"
