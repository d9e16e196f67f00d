"""What curl's numbers, an authority's problem types and DSM's codes mean in acme.sh's output: (failure, sentence)."""

from __future__ import annotations

import re
from typing import Mapping, Optional, Pattern, Sequence, Tuple, Union

from ...acme.directory import IDS as AUTHORITY_IDS
from ...config.arguments import SYNOLOGY_HOOK
from ...failures import dsm_codes
from ...net.http import Reason
from .events import ChallengeInvalid, Problem

CURL: Mapping[int, Tuple[Union[Reason, str], str]] = {  # libcurl-errors(3); an id where it is not the way to a server
    1: (Reason.MALFORMED, "the URL does not begin with https://"),
    3: (Reason.MALFORMED, "the URL is malformed"),
    5: (Reason.PROXY, "the proxy's name has no address"),
    6: (Reason.NAME, "the host's name has no address"),
    7: (Reason.UNREACHABLE, "the connection was refused"),
    22: (Reason.MALFORMED, "the server answered with an error"),
    23: ("home.not_writable", "curl could not write what it received"),
    27: ("tool.failed", "curl had no memory"),
    28: (Reason.TIMEOUT, "no answer came in time"),
    35: (Reason.UNTRUSTED, "there was no TLS handshake; is that an https port?"),
    47: (Reason.MALFORMED, "the server redirects without end"),
    51: (Reason.UNTRUSTED, "the server's certificate is for another name"),
    52: (Reason.UNREACHABLE, "the connection was closed without an answer"),
    53: (Reason.UNTRUSTED, "curl has no TLS here"),
    56: (Reason.UNREACHABLE, "the connection broke"),
    58: (Reason.UNTRUSTED, "the client's certificate is not usable"),
    59: (Reason.UNTRUSTED, "no cipher in common"),
    60: (Reason.UNTRUSTED, "the server's certificate is not trusted"),
    77: (Reason.UNTRUSTED, "the ca_bundle file cannot be read, or holds no certificate"),
    83: (Reason.UNTRUSTED, "the server's certificate has the wrong issuer"),
    90: (Reason.UNTRUSTED, "the server's key is not the pinned one"),
}
_WGET: Mapping[int, int] = {2: 3, 3: 23, 4: 7, 5: 60}  # wget(1), Exit Status, as the nearest number of curl

PROBLEMS: Mapping[str, str] = {  # RFC 8555 section 6.7, RFC 9773 section 7.4, draft-ietf-acme-profiles section 6
    "accountDoesNotExist": "account.unknown",
    "alreadyReplaced": "acme.order_invalid",
    "alreadyRevoked": "acme.already_revoked",
    "badCSR": "acme.bad_csr",
    "badNonce": "ca.nonce",
    "badPublicKey": "acme.bad_csr",
    "badSignatureAlgorithm": "account.key",
    "caa": "acme.caa",
    "connection": "challenge.not_reachable",
    "dns": "challenge.name_unresolved",
    "externalAccountRequired": "acme.eab_required",
    "incorrectResponse": "challenge.wrong_content",
    "invalidContact": "account.contact",
    "invalidProfile": "acme.profile",
    "orderNotReady": "acme.order_invalid",
    "rateLimited": "acme.rate_limited",
    "rejectedIdentifier": "acme.rejected_identifier",
    "serverInternal": "ca.server_error",
    "tls": "challenge.not_reachable",
    "unsupportedContact": "account.contact",
    "unsupportedIdentifier": "acme.rejected_identifier",
    "userActionRequired": "acme.terms",
}
# Types that authorities use for many things; the sentence tells which. Boulder begins with the step, Go's HTTP client with
# `Get`, where acme.sh cuts at the quotation mark that follows.
_STEP = re.compile(r"^Error (?:creating new|finalizing) order :: ")
_NO_ADDRESS = re.compile(r"no such host|resolv|NXDOMAIN|SERVFAIL|no valid (?:A|IP)|lookup ", re.IGNORECASE)
_ACCOUNT = re.compile(r"account|key id|\bkid\b|\bjws verif|verif\w+ (?:the )?jws", re.IGNORECASE)
_CONTENT = re.compile(
    r"non-200|invalid response|key ?authorization|returned \d\d\d|does not match|did not match", re.IGNORECASE
)
_OF_CHALLENGES = (
    (_NO_ADDRESS, "challenge.name_unresolved"),
    (_CONTENT, "challenge.wrong_content"),
    (
        re.compile(r"^Get$|connection|connect|timeout|timed out|no route|unreachable|handshake|EOF", re.IGNORECASE),
        "challenge.not_reachable",
    ),
)
_OF_REQUESTS = tuple(
    (re.compile(pattern, re.IGNORECASE), key)
    for pattern, key in (
        (
            r"\bcontact (?:information|address|is\b|e-?mail)|(?:no|missing|requires? an?) (?:contact|e-?mail)",
            "account.contact",
        ),
        (r"external ?account|\bEAB\b|'?kid'? references|key identifier|HMAC", "acme.eab_wrong"),
        (r"\bprofile\b", "acme.profile"),
        (r"\bnot ?(?:before|after)\b|\bvalidity\b|\bduration\b|\blifetime\b", "acme.lifetime"),
        (r"\bCSR\b|certificate request|public key", "acme.bad_csr"),
        (
            r"(?:dns|ip) identifier|(?:invalid|illegal) (?:domain|host ?name|identifier|dns name)",
            "acme.rejected_identifier",
        ),
        (r"\border\b|\b(?<!sufficient )authorization|expired", "acme.order_invalid"),
        (_ACCOUNT.pattern, "account.unknown"),
        (r"identifier|domain|hostname|dns name|invalid character|policy", "acme.rejected_identifier"),
    )
)


def curl_failed(program: str, code: int, where: str, hook: Optional[str]) -> Tuple[str, str]:
    """*hook* is None while the authority is talked to, otherwise the deploy hook (which may be unknown: empty)."""
    number = code if program == "curl" else _WGET.get(code, 7)
    cause, sentence = CURL.get(number, (Reason.UNREACHABLE, "the transfer failed"))
    if isinstance(cause, str):
        key = cause
    elif hook is None:
        key = AUTHORITY_IDS[cause]
    elif hook in ("", SYNOLOGY_HOOK):
        key = "dsm.tls_untrusted" if cause is Reason.UNTRUSTED else "dsm.unreachable"
    else:
        key = "deploy.unreachable"
    return key, f"{where}: {sentence} ({program} error {code})" if where else f"{sentence} ({program} error {code})"


def authority_refused(problem: Problem, challenged: bool) -> Tuple[str, str]:
    """*challenged* tells whether it was the answer to a challenge."""
    detail = problem.detail or "no reason given"
    return _id_of(problem, challenged), f"the authority says: {detail} ({problem.name or 'no type'})"


def challenge_refused(invalid: ChallengeInvalid) -> Tuple[str, str]:
    """From the sentence alone, as far as acme.sh lets it through."""
    detail = invalid.detail
    said = {"": "gave no reason", "Get": "could not fetch the challenge"}.get(detail, f"says: {detail}")
    return _named(_OF_CHALLENGES, detail, "challenge.failed"), f"{invalid.domain}: the authority {said}"


def _named(table: Sequence[Tuple[Pattern[str], str]], detail: str, otherwise: str) -> str:
    return next((key for pattern, key in table if pattern.search(detail)), otherwise)


def _id_of(problem: Problem, challenged: bool) -> str:
    name, detail = problem.name, _STEP.sub("", problem.detail)
    if name in {"connection", "dns", "tls", "unauthorized", "incorrectResponse"} and _NO_ADDRESS.search(detail):
        return "challenge.name_unresolved"
    if name == "badPublicKey" and _ACCOUNT.search(detail):
        return "account.key"
    if name in PROBLEMS:
        return PROBLEMS[name]
    if name == "unauthorized" and (challenged or _CONTENT.search(detail)):
        return "challenge.wrong_content"
    generic = "challenge.failed" if challenged else "acme.refused"
    if problem.status is not None and problem.status >= 500:
        generic = "ca.server_error"
    return _named((*(_OF_CHALLENGES if challenged else ()), *_OF_REQUESTS), detail, generic)


_STATUS = re.compile(r"^(?:\[[^\]]*\] )?code='(\d{3})'$", re.MULTILINE)


def server_failed(log: str) -> Optional[Tuple[str, str]]:
    """Whether the last answer in *log* was an error of the server, which may have had no words of the authority's."""
    for status in _STATUS.findall(log)[-1:]:
        if status.startswith("5"):
            return "ca.server_error", f"the authority answered with HTTP status {status}"
    return None


_NOT_OFFERED = re.compile(r"(?:Error, c|C)an ?not get domain token entry (?P<domain>\S+) for (?P<type>[a-z-]+-\d\d)")
_CHALLENGE = re.compile(r'"type" ?: ?"([a-z-]+-\d\d)"')


def not_offered(texts: Sequence[str], log: str) -> Optional[Tuple[str, str]]:
    """What the authority offers instead of the challenge that was wanted stands in *log*; acme.sh may list other words."""
    missing = next(filter(None, map(_NOT_OFFERED.search, texts)), None)
    if missing is None:
        return None
    offered = ", ".join(dict.fromkeys(_CHALLENGE.findall(log))) or "nothing that is known here"
    return "challenge.not_offered", f"{missing['domain']}: the authority offers {offered}, and no {missing['type']}"


_OF_DSM = (
    (re.compile(r"Failed to authenticate with error: (\d{1,6})\b"), dsm_codes.LOGIN),
    (re.compile(r"Failed to fetch certificate info: (\d{1,6})\b"), dsm_codes.CALL),
    (re.compile(r"Unable to update certificate, .*\"code\" ?: ?(\d{1,6})\b"), dsm_codes.IMPORT),
)


def dsm_refused(text: str) -> Optional[Tuple[str, str]]:
    """What a sentence of the ``synology_dsm`` hook says when it gives DSM's code."""
    for pattern, table in _OF_DSM:
        match = pattern.search(text)
        code = int(match[1]) if match else 0
        if code in table or code in dsm_codes.CALL or (match and table is dsm_codes.IMPORT):
            key, meaning = dsm_codes.explain(code, table)
            what = " the certificate" if table is dsm_codes.IMPORT else ""
            return key, f"DSM refused{what} with code {code}: {meaning}"
    return None
