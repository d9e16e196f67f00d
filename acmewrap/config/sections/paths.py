"""Paths: ``~`` and relative ones made absolute, and nothing in them that acme.sh or curl would trip over."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Dict

from yaml.nodes import Node

from ...frozen import frozen
from ..arguments import check_path, quoted
from ..binder.reader import Reader
from ..binder.types import Text

_BLOCK = re.compile("-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----")


@frozen
class PathKind(Text):
    """A path. ``handed``: acme.sh will see it. ``inside``: acmewrap writes it, so it is relative to ``directory``, joined later."""

    expects: str
    handed: bool = True
    inside: bool = False
    tilde = True

    def value(self, text: str, reader: Reader) -> Any:
        if not text:
            raise ValueError(f"expected {self.expects}, not an empty text")
        if text.startswith("~") and text[1:2] not in ("", "/"):
            raise ValueError(f"write the folder in full; only ~ and ~/ are known, not {quoted(text)}")
        if text.startswith("~"):
            text = os.path.join(reader.home, text[1:].lstrip("/"))
        result = os.path.normpath(text if self.inside else os.path.join(reader.folder, text))
        return Path(check_path(result) if self.handed else result)

    def schema(self) -> Dict[str, Any]:
        return {"type": ["string", "null"], "minLength": 1}


class Bundle(PathKind):
    """A file of certificates or the PEM itself, which stays a text."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        text = node.value if isinstance(node.value, str) else ""
        if "-----" not in text:
            return super().read(node, path, reader)
        if "PRIVATE KEY" in text:
            message = "holds a private key: only certificates belong here; treat that key as disclosed"
            return reader.refuse(node, path, message)
        rest = _BLOCK.sub("", text)
        if rest == text or "-----" in rest:
            message = "not PEM: expected BEGIN CERTIFICATE, base64 and END CERTIFICATE (keep lines with `|`)"
            return reader.refuse(node, path, message)
        return text

    def schema(self) -> Dict[str, Any]:
        return {"type": "string", "minLength": 1}
