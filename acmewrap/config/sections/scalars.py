"""The texts of the file and what each must look like: names, numbers, durations, endpoints, addresses.

Every parser raises ValueError with the message for the user. What acme.sh is given has its rules in
:mod:`acmewrap.config.arguments`.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Match, Optional, Tuple, get_args

from ...frozen import replace
from ..arguments import (
    ADDRESS_PATTERN,
    DNS_HOOK_PATTERN,
    DOMAIN_PATTERN,
    EMAIL_PATTERN,
    HOOK_PATTERN,
    HOST_PATTERN,
    ORIGIN_PATTERN,
    URL_PATTERN,
    VARIABLE_PATTERN,
    check_domain,
    check_value,
    quoted,
    unexpected,
)
from ..binder.types import Scalar, choice, matching
from ..endpoint import STARTTLS_PORTS, Endpoint
from ..manifest import VERSION_PATTERN
from ..model import DEFAULT_RELEASE, KeyType, RenewAt

NAME = matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a name of letters, digits and . _ -")
CHAIN = matching(r"[A-Za-z0-9][A-Za-z0-9 ._()-]*", "the name of a certificate, such as ISRG Root X1")
VARIABLE = matching(VARIABLE_PATTERN, "the name of an environment variable")
HOOK = matching(HOOK_PATTERN, "the name of one of acme.sh's deploy hooks, such as ssh")
DNS_HOOK = matching(DNS_HOOK_PATTERN, "the name of one of acme.sh's DNS hooks, such as dns_nsupdate")
RELEASE = matching(VERSION_PATTERN, f"a version of acme.sh such as {DEFAULT_RELEASE}")
ANY = Scalar("text", str)
FLAG = Scalar(
    "true or false",
    choice({"true": True, "false": False, "yes": True, "no": False}).parse,
    {"enum": [True, False, "true", "false", "yes", "no"]},
)
_DOMAIN_SHAPES = [{"type": "string", "pattern": f"^{one}$"} for one in (f"(?:{DOMAIN_PATTERN})", ADDRESS_PATTERN)]
DOMAIN = Scalar("a domain name or an IP address", check_domain, {"anyOf": _DOMAIN_SHAPES})
KEY_TYPES: Tuple[KeyType, ...] = get_args(KeyType)
KEY = choice({**{name: name for name in KEY_TYPES}, **{f"rsa-{name}": name for name in KEY_TYPES if name.isdigit()}})

_PROXY_URL = rf"http://(?:{HOST_PATTERN}):[0-9]{{1,5}}/?"
_DSM_PORTS = {"http": 5000, "https": 5001}
_DURATION = r"(?=.)(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?"
_TIME = "([01]?[0-9]|2[0-3]):([0-5][0-9])"
_FRACTION = r"[0-9]{1,4}/[0-9]{1,4}|[0-9]{1,2}(?:\.[0-9]{1,6})?%|0?\.[0-9]{1,9}"
_FINGERPRINT = "(?:(?:SHA|sha)256 Fingerprint=)?(?:[0-9A-Fa-f]{2}[: ]?){31}[0-9A-Fa-f]{2}"  # OpenSSL and browsers


def _match(pattern: str, text: str, expects: str) -> Match[str]:
    """Of a text that names a machine."""
    found = re.fullmatch(pattern, text)
    if found is None:
        raise unexpected(expects, text)
    return found


def whole_number(least: int, most: int, expects: str) -> Scalar:
    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"expected {expects}, not {quoted(text)}")
        return int(text)

    number = {"type": "integer", "minimum": least, "maximum": most}
    return Scalar(expects, parse, {"anyOf": [number, {"type": "string", "pattern": "^[0-9]{1,9}$"}]})


PORT = whole_number(1, 65535, "a port from 1 to 65535")
JOBS = whole_number(1, 64, "a number from 1 to 64")


def _duration(text: str) -> int:
    match = re.fullmatch(_DURATION, text)
    seconds = sum(int(n or 0) * unit for n, unit in zip(match.groups(), (86400, 3600, 60, 1))) if match else 0
    if not seconds:
        raise ValueError(f"expected a duration such as 30m, 8h, 30d or 1d12h, not {quoted(text)}")
    return seconds


def _fraction(text: str) -> RenewAt:
    value = 0.0
    if re.fullmatch(_FRACTION, text):
        dividend, _, divisor = text.rstrip("%").partition("/")
        value = float(dividend) / (100 if text.endswith("%") else float(divisor or 1) or float("inf"))
    if not 0 < value < 1:
        expects = "a part of the lifetime between 0 and 1 such as 2/3, 0.66 or 66%"
        raise ValueError(f"expected {expects}, not {quoted(text)}")
    return RenewAt(value)


def _time(text: str) -> Tuple[int, int]:
    match = re.fullmatch(_TIME, text)
    if match is None:
        raise ValueError(f"expected a time of day such as 04:55, not {quoted(text)}")
    return int(match[1]), int(match[2])


def _endpoint(text: str) -> Optional[Endpoint]:
    if text in ("no", "false"):
        return None
    match = _match(
        f"({HOST_PATTERN}):([0-9]+)", text, "host:port of a TLS server, or `no` where none can be reached from here"
    )
    host, port = match[1].strip("[]"), PORT.parse(match[2])
    return Endpoint(host=host, port=port, name=host, starttls=STARTTLS_PORTS.get(port))


def _proxy(text: str) -> str:
    if "@" in text:
        raise ValueError("a proxy with a password is written as {file: path}, in a file that others cannot read")
    return _match(_PROXY_URL, text, "the URL of a proxy such as http://proxy.lan:3128").group()


def _server(text: str) -> str:
    match = _match(URL_PATTERN, text, "the URL of an ACME directory such as https://ca.example.com/acme/directory")
    if match[1] == "http" and not is_loopback(match[2]):
        why = "a directory read in the clear can be replaced by anybody on the way"
        raise ValueError(f"expected https: {why} (http: loopback only)")
    PORT.parse(match[3] or "443")
    return text


def is_loopback(host: str) -> bool:
    """Whether *host*, a name or an address (with brackets or without), is this machine whatever a resolver says."""
    import ipaddress

    host = host.strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _nas(text: str) -> str:
    match = _match(f"{ORIGIN_PATTERN}/?", text, "the address of DSM such as http://localhost:5000")
    port = PORT.parse(match[3] or str(_DSM_PORTS[match[1]]))
    return f"{match[1]}://{match[2]}:{port}"


def _fingerprint(text: str) -> str:
    if not re.fullmatch(_FINGERPRINT, text):
        remedy = "openssl x509 -noout -fingerprint -sha256 prints it; that of SHA-1 is shorter"
        raise ValueError(f"expected 32 pairs of hexadecimal digits, not {quoted(text)}: {remedy}")
    return re.sub("[: ]", "", text.rpartition("=")[2]).lower()


def _description(text: str) -> str:
    if not text or set(text) & set('"\\'):
        why = "acme.sh's hook cannot find such an entry"
        raise ValueError(f"expected a description without double quotes and backslashes: {why}")
    if text != text.strip():
        raise ValueError("expected a description without blanks at its ends: DSM does not keep them")
    return check_value(text)


def for_hooks(kind: Scalar) -> Scalar:
    """*kind*, of what becomes a variable of a hook."""
    return replace(kind, parse=lambda text: check_value(kind.parse(text)))


def _shape(pattern: str) -> Dict[str, Any]:
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def _machine(pattern: str, expects: str) -> Scalar:
    return Scalar(expects, lambda text: _match(pattern, text, expects).group(), _shape(pattern))


COMMAND = matching(r"[^\s].*", "a shell command")
DURATION = Scalar("a duration such as 8h", _duration, _shape(_DURATION))
WAIT = Scalar(
    "a duration such as 10s, or public",
    lambda text: text if text == "public" else _duration(text),
    {"anyOf": [{"enum": ["public"]}, _shape(_DURATION)]},
)
FRACTION = Scalar(
    "a part of the lifetime such as 2/3",
    _fraction,
    {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, _shape(_FRACTION)]},
)
TIME = Scalar("a time of day such as 04:55", _time, _shape(_TIME))
HOST = _machine(HOST_PATTERN, "the name or address of a host")
EMAIL = _machine(EMAIL_PATTERN, "an e-mail address")
ENDPOINT_TEXT = Scalar(
    "host:port, or no", _endpoint, {"anyOf": [{"enum": ["no", False]}, _shape(f"false|(?:{HOST_PATTERN}):[0-9]+")]}
)
PROXY = Scalar("the URL of a proxy such as http://proxy.lan:3128", _proxy, _shape("http://[^@/]+:[0-9]{1,5}/?"))
SERVER = Scalar("the URL of an ACME directory", _server, _shape("https?://.*"))
NAS = Scalar("the address of DSM such as http://localhost:5000", _nas, _shape("https?://[^/]+/?"))
FINGERPRINT = Scalar("the SHA-256 fingerprint of a certificate", _fingerprint, _shape(_FINGERPRINT))
DESCRIPTION = Scalar("the description of a certificate in DSM", _description, _shape(r'[^"\\]+'))
