"""acme.sh's configuration files as data: ``Key='value'`` lines, some values in its own base64 wrapping, anything else is broken.

To acme.sh they are shell code that it runs. So nothing is written here that a shell would take for more than a value.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Dict, List, Mapping, Tuple

from ...config.arguments import VARIABLE_PATTERN, is_safe_url
from ...config.install import FilePart, Install
from ...system import files, reading

_ASSIGNMENT = re.compile(rf"({VARIABLE_PATTERN})='([^'\n]*)'")
_BEGIN = rf"({VARIABLE_PATTERN})='"
# What an authority has a say in; the same as in templates/guard.sh, which keeps acme.sh from running anything else.
_NUMBER = re.compile(r"-?[0-9]*")
_URLS = ("ACCOUNT_URL", "Le_OrderFinalize", "Le_LinkOrder", "Le_LinkCert")
_NUMBERS = ("Le_CertCreateTime", "Le_NextRenewTime", "Le_RenewalDays")
_ACCOUNT = ("ACCOUNT_EMAIL", "ACCOUNT_URL", "DEFAULT_PREFERRED_CHAIN", "NO_ARI")
# What no setting needs, and what would put code in the place of the pinned.
_NEVER = re.compile(r"PATH|LD_.*|BASH.*|ENV|IFS|SHELLOPTS|_SCRIPT_HOME|AUTO_UPGRADE")
_RECORDS: Mapping[str, FilePart] = {
    "Le_RealCertPath": "cert_file",
    "Le_RealCACertPath": "ca_file",
    "Le_RealKeyPath": "key_file",
    "Le_RealFullChainPath": "fullchain_file",
}
_WRAPPED = "__ACME_BASE64__START_", "__ACME_BASE64__END_"


def parse_configuration(text: str) -> Dict[str, str]:
    """The values of a configuration. Raises ValueError naming the line that acme.sh's shell would choke on."""
    values: Dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        match = _ASSIGNMENT.fullmatch(line)
        if match is None:
            if not line.strip() or line.startswith("#"):
                continue
            raise ValueError(f"line {number} is not Key='value'")
        key, value = match.groups()
        if not key.startswith("Le_") and _NEVER.fullmatch(key) and not (key == "AUTO_UPGRADE" and value in ("", "0")):
            raise ValueError(f"line {number} sets {key}")
        if (key in _URLS and value and not is_safe_url(value)) or (key in _NUMBERS and not _NUMBER.fullmatch(value)):
            raise ValueError(f"line {number} holds a value of {key} that cannot be")
        values[key] = _unwrap(value, number)
    return values


def parse_account(text: str) -> Dict[str, str]:
    """The values of ``ca.conf``, where acme.sh writes what the authority calls the account. Raises ValueError as above."""
    values = parse_configuration(text)
    for key in values:
        if not key.startswith("CA_") and key not in _ACCOUNT:
            raise ValueError(f"{key} is nothing that acme.sh keeps of an account")
    return values


def _unwrap(value: str, number: int) -> str:
    start, end = _WRAPPED
    if not (value.startswith(start) and value.endswith(end)):
        return value
    try:
        return base64.b64decode(value[len(start) : -len(end)], validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise ValueError(f"line {number} holds a value that is not base64") from None


def edit_configuration(text: str, values: Mapping[str, str], drop: Tuple[str, ...] = ()) -> str:
    """*text* with *values* set and the keys that begin with one of *drop* gone; other lines stay as acme.sh wrote them.

    Raises ValueError for a value that would not come back as it is: one with an apostrophe or a control character in it.
    """
    for key, value in values.items():
        if not re.fullmatch(VARIABLE_PATTERN, key) or "'" in value or any(ord(character) < 0x20 for character in value):
            kept = "acme.sh cannot keep a value with an apostrophe, a line break or a control character"
            raise ValueError(f"{key}: {kept}")
    lines: List[str] = []
    dropping = False
    for line in text.split("\n"):
        begin = re.match(_BEGIN, line)
        # A line without a key of its own belongs to the value before it, such as a password in two lines.
        if begin is not None:
            dropping = begin.group(1) in values or begin.group(1).startswith(drop)
        if line and not dropping:
            lines.append(line)
    return "".join(f"{line}\n" for line in (*lines, *(f"{key}='{value}'" for key, value in values.items())))


def drop_keys(path: Path, prefixes: Tuple[str, ...]) -> None:
    """Take what begins with one of *prefixes* out of the file, which is not written if there is none. Raises OSError."""
    text = read_text(path)
    if any(line.startswith(prefixes) for line in text.split("\n")):
        replace_text(path, edit_configuration(text, {}, prefixes))


def raw_values(text: str, prefixes: Tuple[str, ...]) -> Dict[str, str]:
    """The values whose keys begin with one of *prefixes*, in the form in which they stand in the file."""
    found = filter(None, map(_ASSIGNMENT.fullmatch, text.split("\n")))
    return {match[1]: match[2] for match in found if match[1].startswith(prefixes)}


def read_text(path: Path) -> str:
    """The text of *path*, from which :func:`encode` makes the same bytes again, whatever they are. Raises OSError."""
    return reading.read_text(path, "surrogateescape")


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def write_text(path: Path, text: str) -> None:
    """Write the file in place. Raises OSError."""
    path.write_bytes(encode(text))


def replace_text(path: Path, text: str) -> None:
    """Write the file in one step, readable by its owner alone. Raises what :func:`files.write_atomic` raises."""
    files.write_atomic(path, encode(text))


def set_renewal(path: Path, when: datetime) -> None:
    """Bring acme.sh's own calendar into line: it counts whole days from the day of the issue, whatever the certificate says."""
    _set_time(path, "Le_NextRenewTime", when)


def set_deployed(path: Path, when: datetime) -> None:
    """Tell acme.sh that the certificate is where its hooks bring it: from 3.1.4 on it deploys again what it has not deployed."""
    _set_time(path, "Le_DeploySuccessTime", when)


def _set_time(path: Path, key: str, when: datetime) -> None:
    text = f"{when.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    before = read_text(path)
    after = edit_configuration(before, {key: str(int(when.timestamp())), f"{key}Str": text})
    if after != before:
        replace_text(path, after)


def set_installation(path: Path, install: Install) -> None:
    """Keep acme.sh's own records of installed files true: ``--cron`` installs by them (``_installcert``, 3.0.2 to 3.1.4)."""
    values = {key: str(install.files[part].path) if part in install.files else "" for key, part in _RECORDS.items()}
    script = base64.b64encode(install.script.encode("utf-8")).decode("ascii")
    values["Le_ReloadCmd"] = script.join(_WRAPPED) if script else ""
    before = read_text(path)
    after = edit_configuration(before, values)
    if parse_configuration(after) != parse_configuration(before):
        replace_text(path, after)
