"""A release of acme.sh that the file pins itself, by its manifest and the SHA-256 of that; and hooks of one's own.

Nobody can change the manifest without changing the YAML file, so it is trusted as that is, wherever it lies and whoever owns it.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Tuple

from ...system import reading
from ..arguments import DNS_HOOK_PATTERN, HOOK_PATTERN
from ..binder.reader import Reader
from ..binder.record import Key, Record, Section
from ..binder.types import matching
from ..manifest import OwnHooks, Pin, parse_pin
from ..model import AcmeShSettings
from .paths import PathKind
from .scalars import FLAG, RELEASE


class ManifestFile(PathKind):
    """The pin in the file, and the SHA-256 of the file."""

    def value(self, text: str, reader: Reader) -> Any:
        file = super().value(text, reader)
        try:
            data = reading.read_bytes(file)
            return parse_pin(data.decode("ascii")), hashlib.sha256(data).hexdigest()
        except OSError as error:
            raise ValueError(f"{file}: {error.strerror or error}") from error
        except ValueError as error:
            raise ValueError(f"{file} is not a manifest that `acmewrap pin` wrote: {error}") from error


# By folder: what a hook is called there, and the functions that acme.sh calls (its wiki: DNS API Dev Guide; 3.0.2 to 3.1.5).
_HOOKS: Mapping[str, Tuple[str, Tuple[str, ...]]] = {
    "deploy": (HOOK_PATTERN, ("deploy",)),
    "dnsapi": (DNS_HOOK_PATTERN, ("add", "rm")),
}


class HookFolder(PathKind):
    """The hooks in a folder, each with its SHA-256. Other files there are left alone."""

    def value(self, text: str, reader: Reader) -> Any:
        folder = super().value(text, reader)
        try:
            files = dict(_read_hooks(folder))
        except OSError as error:
            raise ValueError(f"{error.filename}: {error.strerror or error}") from error
        if not files:
            raise ValueError(f"{folder} holds neither deploy/NAME.sh nor dnsapi/dns_NAME.sh")
        return OwnHooks(folder, files)


def _read_hooks(folder: Path) -> Iterator[Tuple[str, str]]:
    for kind, (pattern, functions) in _HOOKS.items():
        for file in sorted((folder / kind).glob("*")):
            if not re.fullmatch(rf"{pattern}(\.sh)?", file.name):
                continue
            if file.suffix != ".sh":
                raise ValueError(f"{file}: call it {file.name}.sh, as the hooks of acme.sh are called")
            data = reading.read_bytes(file)
            for name in (f"{file.stem}_{function}" for function in functions):
                if re.search(rf"^\s*{name}\s*\(\)".encode(), data, re.MULTILINE) is None:
                    raise ValueError(f"{file} has no function {name}, which acme.sh would call")
            yield f"{kind}/{file.name}", hashlib.sha256(data).hexdigest()


def _check(section: Section) -> None:
    manifest: Optional[Tuple[Pin, str]] = section.get("manifest")
    if manifest is not None and manifest[1] != section.get("sha256"):
        remedy = "find out who changed it; `acmewrap pin ARCHIVE` makes it anew"
        section.refuse("manifest", f"has the SHA-256 {manifest[1]}, and `sha256` names another one: {remedy}")


def _settings(manifest: Optional[Tuple[Pin, str]] = None, sha256: str = "", **others: Any) -> AcmeShSettings:
    del sha256  # _check has seen that it is that of the manifest
    return AcmeShSettings(pin=None if manifest is None else manifest[0], **others)


ACME_SH = Record(
    {
        "release": Key(RELEASE, "The version of acme.sh to install and to hold.", default=AcmeShSettings.release),
        "archive": Key(PathKind("a path", handed=False), "Its archive or unpacked folder, brought by hand."),
        "allow_vulnerable": Key(FLAG, "Accept a version in which the authority can run commands (CVE-2023-38198)."),
        "hooks": Key(
            HookFolder("a folder", handed=False),
            "Hooks of your own, `deploy/NAME.sh` and `dnsapi/dns_NAME.sh` in this folder. They are installed beside those of the "
            "release, with their content as it is then; a change is used after `acmewrap install --force`.",
        ),
        "manifest": Key(
            ManifestFile("a manifest", handed=False),
            "The files of one more release that `release` may name, as `acmewrap pin` wrote them down.",
            needs="sha256",
        ),
        "sha256": Key(
            matching("[0-9a-f]{64}", "64 hexadecimal digits"), "The SHA-256 of `manifest`.", needs="manifest"
        ),
    },
    _settings,
    _check,
)
