"""A release of acme.sh that the file pins itself: its manifest, and the SHA-256 of that.

Nobody can change the manifest without changing the YAML file, so it is trusted as that is, wherever it lies and whoever owns it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Optional, Tuple

from yaml.nodes import Node

from ...system import reading
from ..binder.reader import INVALID, Reader
from ..binder.record import Section
from ..manifest import Pin, parse_pin
from ..model import AcmeShSettings
from .paths import PathKind


@dataclass(frozen=True)
class ManifestFile(PathKind):
    """The pin in the file, and the SHA-256 of the file."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        file = super().read(node, path, reader)
        if file is INVALID:
            return INVALID
        try:
            data = reading.read_bytes(file)
            return parse_pin(data.decode("ascii")), hashlib.sha256(data).hexdigest()
        except OSError as error:
            return reader.refuse(node, path, f"{file}: {error.strerror or error}")
        except ValueError as error:
            return reader.refuse(node, path, f"{file} is not a manifest that `acmewrap pin` wrote: {error}")


def check(section: Section) -> None:
    manifest: Optional[Tuple[Pin, str]] = section.get("manifest")
    if manifest is not None and manifest[1] != section.get("sha256"):
        remedy = "find out who changed it; `acmewrap pin ARCHIVE` makes it anew"
        section.refuse("manifest", f"has the SHA-256 {manifest[1]}, and `sha256` names another one: {remedy}")


def settings(manifest: Optional[Tuple[Pin, str]] = None, sha256: str = "", **others: Any) -> AcmeShSettings:
    """The section as a value."""
    del sha256
    return AcmeShSettings(pin=None if manifest is None else manifest[0], **others)
