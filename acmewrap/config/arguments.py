"""What acme.sh can be given, and what it would take wrongly: one set of rules for the YAML file and for the driver.

acme.sh checks almost nothing. It makes folders and lines of shell code of names, URLs and addresses, splits paths at blanks and
commas, and evaluates what stands in double quotes; a mistake breaks the renewals of later years. Each ``check_`` function returns
its text, or raises ValueError with the message for the user.
"""

from __future__ import annotations

import re
from typing import Mapping

# --- patterns: the syntax that Python and ECMA 262 share, without anchors ------------------------------------------------

HOOK_PATTERN = r"[A-Za-z0-9_]+"
DNS_HOOK_PATTERN = r"dns_[A-Za-z0-9_]+"
VARIABLE_PATTERN = r"[A-Za-z_][A-Za-z0-9_]*"
_MAIL = r"[A-Za-z0-9_+-]"
_HOST_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
EMAIL_PATTERN = rf"[A-Za-z0-9_]{_MAIL}*(?:\.{_MAIL}+)*@{_HOST_LABEL}(?:\.{_HOST_LABEL})*"
"""acme.sh puts it into a URL (mailto:) and into JSON as it is, and cron sends no mail to others (safe_p in its do_command.c)."""
HOST_PATTERN = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
ORIGIN_PATTERN = rf"(https?)://({HOST_PATTERN})(?::([0-9]{{1,5}}))?"
URL_PATTERN = rf"{ORIGIN_PATTERN}(/[A-Za-z0-9._~/%+=?&@-]*)?"
"""Scheme, host, port and path are its groups."""

_SAFE_URL = r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?(/[A-Za-z0-9._~:/?=%+@&-]*)?"
_UPWARDS = r"/\.\.?([/?]|$)"
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"  # an underscore is no letter of a host name, and certified by some
_PLAIN_DOMAIN = rf"(?:{_LABEL}\.)*{_LABEL}"
DOMAIN_PATTERN = rf"(?:\*\.)?{_PLAIN_DOMAIN}"
ADDRESS_PATTERN = r"[0-9a-f]*:[0-9a-f:.]*"

_NOT_IN_A_PATH = r"[^A-Za-z0-9._/+@-]"
_LONGEST = 80
LONGEST_COMMON_NAME = 64

CHALLENGE_FOLDER = ".well-known/acme-challenge"
"""Below a webroot (RFC 8555 section 8.3)."""

WEB_GROUP = "http"
"""That of DSM's own web server."""

# --- the hook of DSM -----------------------------------------------------------------------------------------------------

SYNOLOGY_HOOK = "synology_dsm"
SYNOLOGY_RENAMED = (3, 0, 8)
"""The release in which the hook's variables got other names."""

SYNOLOGY_VARIABLES: Mapping[str, str] = {  # newest name: the name before it was renamed, where it had another one
    "SYNO_USERNAME": "SYNO_Username",
    "SYNO_PASSWORD": "SYNO_Password",
    "SYNO_CERTIFICATE": "SYNO_Certificate",
    "SYNO_CREATE": "SYNO_Create",
    "SYNO_SCHEME": "SYNO_Scheme",
    "SYNO_HOSTNAME": "SYNO_Hostname",
    "SYNO_PORT": "SYNO_Port",
    "SYNO_DEVICE_NAME": "SYNO_Device_Name",
    "SYNO_DEVICE_ID": "SYNO_Device_ID",
    "SYNO_LOCAL_HOSTNAME": "",
    "SYNO_USE_TEMP_ADMIN": "",
    "SYNO_OTP_CODE": "",
    "SYNO_TOTP_SECRET": "",
    "SYNO_DID": "",
}


def quoted(text: str) -> str:
    """*text* as a message shows it: on one line and not for pages."""
    return repr(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


def unexpected(expects: str, text: str) -> ValueError:
    """That *text* is not what was expected. The machine that it names, in a URL, an address or before a port, may only have to be
    written in ASCII.
    """
    host = re.sub("^[a-z]+://", "", text, flags=re.IGNORECASE).partition("/")[0].rpartition("@")[2].partition(":")[0]
    written = "" if host.isascii() else f": {quoted(host)} is not ASCII, write it {_punycode(host.lower())}"
    return ValueError(f"expected {expects}, not {quoted(text)}{written}")


def check_domain(text: str) -> str:
    """A domain name in lower case, with a wildcard or without, or an IP address; ``../x`` would write a key outside the home."""
    if ":" in text or re.fullmatch(r"[0-9.]+", text):
        return _check_address(text)
    lower = text.lower().rstrip(".")
    if not lower.isascii():
        raise ValueError(f"{quoted(text)} is not ASCII: write it {_punycode(lower)}")
    for label in lower.split("."):
        if label.startswith("xn--") and not _is_punycode(label):
            raise ValueError(f"{quoted(text)}: {label} is no encoded name (RFC 3492)")
    if lower == "no":
        remedy = "choose a longer one, such as no.internal.example.com"
        raise ValueError(f"acme.sh takes the name `no` for none at all: {remedy}")
    host = lower[2:] if lower.startswith("*.") else lower
    if host.endswith("_ecc"):
        why = "it would take one for the other"
        raise ValueError(f"{quoted(text)} ends as acme.sh's folder of another name does: {why}")
    if "*" in host:
        raise ValueError(f"{quoted(text)}: a wildcard is the whole first label, such as *.example.com")
    if not re.fullmatch(_PLAIN_DOMAIN, host) or len(host) > 253:
        raise ValueError(f"{quoted(text)} is not a domain name: labels of letters, digits and hyphens, joined by dots")
    if text.endswith("."):
        raise ValueError(f"leave out the dot at the end: {lower}")
    if lower != text:
        raise ValueError(f"write it in lower case: {lower} (acme.sh keeps one folder a spelling)")
    if lower != host and "." not in host:
        raise ValueError(f"{quoted(text)} would be a wildcard for a whole top-level domain")
    return text


def check_first_domain(text: str) -> str:
    """The domain that names a certificate: acme.sh makes it the common name of its request, which holds 64 characters (RFC 5280
    appendix A, ub-common-name).
    """
    if len(check_domain(text)) > LONGEST_COMMON_NAME:
        why = f"acme.sh can ask for no more than {LONGEST_COMMON_NAME} in the first name: put a shorter one before it"
        raise ValueError(f"{quoted(text)} has {len(text)} characters, and {why}")
    return text


def is_safe_url(text: str) -> bool:
    """Whether *text*, which an authority named, is a URL that acme.sh can keep, split and pass on without running any of it;
    the same rule as in ``templates/guard.sh``.
    """
    return re.fullmatch(_SAFE_URL, text) is not None and re.search(_UPWARDS, text) is None


def check_path(path: str) -> str:
    """A path. A blank ends it for curl and openssl, a comma separates webroots, an apostrophe breaks the saved configuration."""
    found = re.search(_NOT_IN_A_PATH, path)
    if found:
        why = f"holds {found.group()!r}, which acme.sh cannot take in a path: use another folder or a symbolic link"
        raise ValueError(f"{quoted(path)} {why}")
    return path


def check_value(value: str) -> str:
    """A value in the environment of a hook. acme.sh looks at what ``echo $value`` prints, where an option of echo is gone, and
    blanks at both ends (``_getdeployconf``, 3.0.2 to 3.1.5). The message does not repeat it.
    """
    if "\0" in value:
        raise ValueError("a NUL byte cannot be in an environment")
    if re.match(r"\s*-[neE]+(?:\s|$)", value):
        raise ValueError("acme.sh takes the begin of a value such as -n or -e for an option: choose another")
    shown = value.strip()
    if value and not shown:
        raise ValueError("acme.sh takes a value of blanks for none at all: choose another")
    if len(shown) > 1 and shown[0] == shown[-1] == '"':
        raise ValueError("acme.sh evaluates a value between double quotes as shell code: choose another")
    return value


def _check_address(text: str) -> str:
    import ipaddress

    try:
        proper = str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{quoted(text)} is neither a domain name nor an IP address") from None
    if proper != text:
        raise ValueError(f"write the address as {proper}")
    return text


def _is_punycode(label: str) -> bool:
    try:
        return not label[4:].encode("ascii").decode("punycode").isascii()
    except (UnicodeError, ValueError, OverflowError):
        return False


_KEPT = "\u00df\u03c2\u200c\u200d"  # what IDNA 2003 maps away and IDNA 2008 keeps (RFC 5894 section 7.2)


def _punycode(name: str) -> str:
    """How a name with other letters is written, where IDNA 2003, which Python has, and IDNA 2008 agree, or the later one alone
    keeps the name apart from another.
    """
    try:
        written = [_encode(label) for label in name.split(".")]
    except UnicodeError:
        return "in its ASCII form (xn--…)"
    return "as " + ".".join(written)


def _encode(label: str) -> str:
    import unicodedata

    if label.isascii():
        return label
    if not all(unicodedata.category(letter)[0] in "LMN" or letter in f"-{_KEPT}" for letter in label):
        raise UnicodeError
    if set(label) & set(_KEPT):
        return "xn--" + label.encode("punycode").decode("ascii")
    written = label.encode("idna").decode("ascii")
    if written.encode("ascii").decode("idna") != label:
        raise UnicodeError
    return written
