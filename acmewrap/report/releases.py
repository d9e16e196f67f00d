"""Releases of acme.sh as lines of text: which there are, how two differ, and how a switch ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Iterator, Tuple

from ..formats.text import counted

if TYPE_CHECKING:
    from ..driver.release.pin import Release
    from ..engine.verbs.pinning import Pinned
    from ..engine.verbs.upgrade import ReleaseChange


def release_lines(releases: Iterable[Release], default: str) -> Iterator[str]:
    """Each pinned release, where its archive is, what that must hash to, and who vouches for its content."""
    for release in releases:
        note = "  default" if release.version == default else ""
        note = note if release.cve is None else f"  vulnerable: {release.cve}"
        yield f"{release.version}{note}"
        yield f"  {release.url}"
        yield f"  sha256 {release.sha256 or 'of each file, in the manifest'}"
        yield f"  {counted(len(release.witnesses), 'witness', 'witnesses')}: {', '.join(release.witnesses)}"


def upgrade_lines(change: ReleaseChange) -> Iterator[str]:
    """What differs between two releases, first what this configuration uses."""
    changes = {"added": change.added, "removed": change.removed, "changed": change.changed}
    counts = ", ".join(f"{len(paths)} {what}" for what, paths in changes.items())
    yield f"From acme.sh {change.old} to {change.new}, files: {counts}"
    for what, paths in changes.items():
        yield from (f"  {what}: {path}, in use here" for path in paths if path in change.in_use)
    others = sorted(path for paths in changes.values() for path in paths if path not in change.in_use)
    more = f" and {len(others) - 6} more" if len(others) > 6 else ""
    yield f"  not in use here: {', '.join(others[:6]) or 'no others'}{more}"


def pin_lines(pinned: Pinned, file: str, *, pretend: bool) -> Iterator[str]:
    """What was pinned, and how to use it."""
    if pretend:
        yield f"Nothing was changed. To pin acme.sh {pinned.version}, leave out --dry-run."
        return
    yield f"Pinned: {file} knows acme.sh {pinned.version} by {pinned.manifest}"
    yield f"To switch to it: acmewrap upgrade --to {pinned.version}"


def switch_lines(file: str, versions: Tuple[str, str], *, switched: bool) -> Iterator[str]:
    """How a switch between two releases ended, and the way back."""
    old, new = versions
    if switched:
        yield f"Switched: {file} asks for acme.sh {new}, and that is installed."
        yield f"The way back: acmewrap upgrade --to {old}"
    else:
        yield f"Not switched: {file} asks for acme.sh {old}, as before."
