"""Whether what is installed is what was pinned, looked at before every run of acme.sh."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping, Optional

from ...config.manifest import OwnHooks
from ...config.model import AcmeShSettings
from ...errors import ReleaseError
from ...failures import failure
from .pin import additions, differences, manifest, summarize

_MOST_LINKS = 40  # as the kernel has it


def verify(folder: Path, version: str, files: Optional[Mapping[str, str]] = None) -> Path:
    """Hold every file of the acme.sh in *folder* against the manifest of *version* (or *files*: path -> SHA-256), and every other
    file there that acme.sh could run. Returns the folder that was looked at, which *folder* may be a link to: run that one.

    Raises :class:`ReleaseError`: ``release.missing``, ``release.other`` when another release is there, ``release.unpinned``,
    ``release.drift`` with the first files that differ or do not belong; :class:`AccessError` (``release.unreadable``).
    """
    real = _follow(folder)
    found = differences(real, manifest(version) if files is None else files)
    if not found:
        return real
    if not folder.exists():
        raise ReleaseError(failure("release.missing", f"acme.sh {version} is not installed: {folder} does not exist"))
    if links_to(folder) and not links_to(folder, version):
        message = f"{folder} leads to {os.readlink(str(folder))}, and acme.sh {version} is asked for"
        raise ReleaseError(failure("release.other", message))
    raise ReleaseError(failure("release.drift", f"{folder} is not acme.sh {version} as pinned: {summarize(found)}"))


def verify_settings(folder: Path, settings: AcmeShSettings) -> None:
    """:func:`verify` with the release and the hooks of *settings*; ``release.other`` when only a hook is not installed yet."""
    files = additions(settings)
    if settings.hooks is not None and files is not None:
        new = [path for path in settings.hooks.files if is_new(folder, path, settings.hooks)]
        kept = {path: digest for path, digest in files.items() if path not in new}
        if new and folder.exists() and not differences(_follow(folder), kept):
            message = f"{', '.join(new)} of {settings.hooks.folder} is not installed yet"
            raise ReleaseError(failure("release.other", message))
    verify(folder, settings.release, files)


def is_new(folder: Path, path: str, hooks: Optional[OwnHooks]) -> bool:
    """Whether *path* is one of *hooks* of which *folder* has none yet."""
    return hooks is not None and path in hooks.files and not os.path.lexists(f"{folder}/{path}")


def _follow(folder: Path) -> Path:
    """*folder* without the links that it is itself. Those on the way to it stay: they may lead past a blank in a name."""
    for _ in range(_MOST_LINKS):
        try:
            folder = folder.parent / os.readlink(str(folder))
        except OSError:
            break
    return folder


def links_to(folder: Path, version: str = "") -> bool:
    """Whether *folder* is a link as :func:`place` makes it: to a folder beside it, named after it and *version*."""
    if not folder.is_symlink():
        return False
    target = os.readlink(str(folder))
    prefix = f"{folder.name}-{version}"
    return "/" not in target and (target == prefix or target.startswith(f"{prefix}-" if version else prefix))
