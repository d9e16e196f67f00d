"""Certificates whose private key others know, kept until they are revoked: ``<home>/.compromised/<sha256>/<domain>[_ecc]``.

A certificate counts from when its configuration lies there, which is written last. What follows from it, other runs do as well.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Iterator, Tuple

from ...system import files, reading
from . import generations
from .configuration import edit_configuration
from .home import CertificateFiles, Home, Stored, read_folder

_NAME = "Acmewrap_Name"


def place(home: Home) -> Path:
    return home.path / ".compromised"


def mark(home: Home, name: str, stored: Stored) -> None:
    """Note that others know the key of *stored*, which the file calls *name*: it, and what is kept of former ones with this key."""
    assert stored.leaf is not None
    domain, ecc = stored.files.domain, stored.ecc
    for folder in (*generations.versions(home.path, stored.files.folder.name), stored.files.folder):
        one = read_folder(CertificateFiles(folder, domain), ecc)
        if one is not None and one.leaf is not None and one.leaf.public_key == stored.leaf.public_key:
            kept = Home(place(home) / one.leaf.sha256).files_of(domain, ecc)
            files.make_folder(kept.folder)
            for path, copy in ((one.files.key, kept.key), (one.files.certificate, kept.certificate)):
                with contextlib.suppress(FileNotFoundError):  # the account's key will do
                    files.write_atomic(copy, reading.read_bytes(path))
            files.write_atomic(kept.configuration, edit_configuration("", {"Le_Domain": domain, _NAME: name}))


def find(home: Home) -> Iterator[Tuple[str, Stored]]:
    """What is still to be revoked, each with the name that the file has for it."""
    with contextlib.suppress(FileNotFoundError):
        for folder in sorted(os.listdir(place(home))):
            for stored in Home(place(home) / folder).stored():
                if stored.leaf is not None:
                    yield stored.configuration.get(_NAME, stored.files.domain), stored


def forget(stored: Stored) -> None:
    """*stored*, which :func:`find` gave, is revoked."""
    import shutil

    shutil.rmtree(str(stored.files.folder.parent))
