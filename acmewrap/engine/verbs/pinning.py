"""A release that acmewrap does not know, pinned by the user: a manifest beside the YAML file, which names it and its SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Mapping

from ...config.edit import set_pin
from ...config.manifest import render_pin
from ...config.model import Config
from ...driver.release import pinning
from ...driver.release.pin import manifest
from ...frozen import frozen
from ...system import files
from ...system.privileges import cache_folder
from .upgrade import ReleaseChange, as_author, difference


@frozen
class Pinned:
    """What was pinned: the release, its ``manifest`` and the SHA-256 of that, and how it differs from the release before it."""

    version: str
    manifest: Path
    sha256: str
    change: ReleaseChange


def pin(config: Config, archive: Path, environ: Mapping[str, str], *, pretend: bool = False) -> Pinned:
    """Pin what *archive* holds; *pretend* only shows it. The file then knows the release, and asks for the same one as before.

    Raises what :func:`acmewrap.driver.release.pinning.read` and :func:`acmewrap.config.edit.set_pin` raise.
    """
    own, contents = pinning.read(archive)
    text = render_pin(own)
    digest = hashlib.sha256(text.encode()).hexdigest()
    # With its own name each, one manifest never takes the place of another that the file still names.
    path = config.file.parent / f"acme.sh-{own.version}-{digest[:8]}.sha256"
    nearest = pinning.nearest(own.version)
    change = difference(config, (nearest, manifest(nearest)), (own.version, own.files))
    if not pretend:
        as_author(config, lambda: files.write_atomic(path, text, files.PUBLIC))
        edit = set_pin(config.file, own, path, digest, environ)
        pinning.keep(own, contents, cache_folder(environ))
        as_author(config, edit.write)
    return Pinned(own.version, path, digest, change)
