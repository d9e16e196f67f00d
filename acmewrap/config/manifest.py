"""Manifests: the SHA-256 of every file of a release of acme.sh, one a line as sha256sum(1) prints them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Mapping, Tuple

from ..frozen import frozen

VERSION_PATTERN = r"[0-9][0-9A-Za-z.+~-]*"
SCRIPT = "acme.sh"

_NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_LINE = rf"([0-9a-f]{{64}})  ((?:{_NAME}/)?{_NAME})"
_HEAD = rf"# acme\.sh ({VERSION_PATTERN})"


def version_tuple(version: str) -> Tuple[int, ...]:
    """``3.1.1`` as numbers that can be compared."""
    return tuple(map(int, re.findall("[0-9]+", version)))


@frozen
class Pin:
    """A release of acme.sh that the file pins itself: the SHA-256 of each of its files by path."""

    version: str
    files: Mapping[str, str]


@frozen
class OwnHooks:
    """Hooks of the user's own: the folder that they lie in, and the SHA-256 of each by its path there."""

    folder: Path
    files: Mapping[str, str]


def parse_manifest(text: str) -> Mapping[str, str]:
    """Path -> SHA-256. Raises ValueError for what is no manifest of an acme.sh."""
    files: Dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        found = re.fullmatch(_LINE, line)
        if found is None or found[2] in files:
            raise ValueError(f"line {number} is not a SHA-256, two blanks and the path of another file")
        files[found[2]] = found[1]
    if SCRIPT not in files:
        raise ValueError(f"{SCRIPT} is not among the files")
    return files


def parse_pin(text: str) -> Pin:
    """A manifest of one's own, whose first line names the release. Raises ValueError."""
    head, _, rest = text.partition("\n")
    found = re.fullmatch(_HEAD, head)
    if found is None:
        raise ValueError("the first line is not `# acme.sh VERSION`")
    return Pin(found[1], parse_manifest(rest))


def render_pin(pin: Pin) -> str:
    """What :func:`parse_pin` reads."""
    return f"# acme.sh {pin.version}\n" + "".join(f"{pin.files[path]}  {path}\n" for path in sorted(pin.files))
