"""Names that a certificate is for. acme.sh checks none: ``../x`` would write a key outside its home."""

from __future__ import annotations

import re

from ..binder.reader import quoted
from ..binder.types import Scalar

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = rf"(?:\*\.)?(?:{_LABEL}\.)*{_LABEL}"
_PLAIN = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")


def _domain(text: str) -> str:
    if ":" in text or re.fullmatch(r"[0-9.]+", text):
        return _address(text)
    lower = text.lower().rstrip(".")
    if not lower.isascii():
        raise ValueError(f"{quoted(text)} is not ASCII: write it {_punycode(lower)}")
    host = lower[2:] if lower.startswith("*.") else lower
    if "_" in host:
        raise ValueError(
            f"{quoted(text)} holds an underscore, which no host name may and no authority certifies (RFC 1123)"
        )
    if "*" in host:
        raise ValueError(f"{quoted(text)}: a wildcard is the whole first label, such as *.example.com")
    if not _PLAIN.fullmatch(host) or len(host) > 253:
        raise ValueError(f"{quoted(text)} is not a domain name: labels of letters, digits and hyphens, joined by dots")
    if text.endswith("."):
        raise ValueError(f"leave out the dot at the end: {lower}")
    if lower != text:
        raise ValueError(f"write it in lower case: {lower} (acme.sh keeps one folder a spelling)")
    if lower != host and "." not in host:
        raise ValueError(f"{quoted(text)} would be a wildcard for a whole top-level domain")
    return text


def _address(text: str) -> str:
    import ipaddress

    try:
        proper = str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{quoted(text)} is neither a domain name nor an IP address") from None
    if proper != text:
        raise ValueError(f"write the address as {proper}")
    return text


def _punycode(name: str) -> str:
    try:
        return "as " + name.encode("idna").decode("ascii")
    except UnicodeError:
        return "in its ASCII form (xn--…)"


DOMAIN = Scalar(
    "a domain name or an IP address",
    _domain,
    {
        "anyOf": [
            {"type": "string", "pattern": f"^(?:{_NAME})$"},
            {"type": "string", "pattern": "^[0-9a-f]*:[0-9a-f:.]*$"},
        ]
    },
)
