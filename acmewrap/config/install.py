"""Files for a server on this machine: where they go, whose they are, and what makes the server load them."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import Dict, Literal, Mapping, Optional, Tuple, Union

from ..frozen import frozen, replace

FilePart = Literal["key_file", "ca_file", "cert_file", "fullchain_file", "combined_file"]

FOLDER_NAMES: Mapping[FilePart, str] = {
    "key_file": "privkey.pem",
    "ca_file": "chain.pem",
    "cert_file": "cert.pem",
    "fullchain_file": "fullchain.pem",
    "combined_file": "combined.pem",
}
"""The files of ``install.folder``; single files change in this order, too."""
KEY_PARTS: Tuple[FilePart, ...] = ("key_file", "combined_file")


@frozen
class InstallFile:
    """Where a file goes. ``owner`` and ``group`` are names or numbers. What is None stays as it is where a file is there already;
    else it is this user's, 0600 with a key in it (0640 with a ``group``) and 0644 without.
    """

    path: Path
    owner: Optional[str] = None
    group: Optional[str] = None
    mode: Optional[int] = None

    @property
    def is_particular(self) -> bool:
        """Whether anything is asked of it beside its place."""
        return (self.owner, self.group, self.mode) != (None, None, None)


Place = Union[Path, InstallFile]


@frozen
class Install:
    """Copies for a server on this machine, and what makes it load them: ``test`` before, then ``reload`` (for the shell, or
    a program with its arguments) and a reload or restart of ``reload_services`` (units of systemd).

    ``folder`` is a symbolic link to a folder with all files, which changes in one step; it excludes single files.
    """

    key_file: Optional[Place] = None
    fullchain_file: Optional[Place] = None
    cert_file: Optional[Place] = None
    ca_file: Optional[Place] = None
    reload: Union[str, Tuple[str, ...], None] = None
    combined_file: Optional[Place] = None
    folder: Optional[Place] = None
    test: Tuple[str, ...] = ()
    reload_services: Tuple[str, ...] = ()

    @property
    def files(self) -> Dict[FilePart, InstallFile]:
        """What goes where, in the order in which it changes."""
        if self.folder is None:
            given = {part: getattr(self, part) for part in FOLDER_NAMES}
            return {part: _file(place) for part, place in given.items() if place is not None}
        whole = _file(self.folder)
        return {
            part: replace(whole, path=whole.path / name, mode=whole.mode if part in KEY_PARTS else None)
            for part, name in FOLDER_NAMES.items()
        }

    @property
    def paths(self) -> Tuple[Path, ...]:
        return tuple(file.path for file in self.files.values())

    @property
    def places(self) -> Tuple[Path, ...]:
        """What changes in one step each: the files, or the link of the folder."""
        return self.paths if self.folder is None else (_file(self.folder).path,)

    @property
    def commands(self) -> Tuple[Tuple[str, ...], ...]:
        """What makes the server load the files: programs with their arguments."""
        services = tuple(("systemctl", "try-reload-or-restart", service) for service in self.reload_services)
        if self.reload is None:
            return services
        return (("/bin/sh", "-c", self.reload) if isinstance(self.reload, str) else self.reload, *services)

    @property
    def script(self) -> str:
        """The same with ``test`` for acme.sh, which runs one shell command; empty for none."""
        commands = [shlex.join(words) for words in (self.test, *self.commands) if words]
        if isinstance(self.reload, str):
            commands[1 if self.test else 0] = f"({self.reload})" if len(commands) > 1 else self.reload
        return " && ".join(commands)

    def mark(self, leaf: str) -> Optional[str]:
        """What tells that the commands succeeded for *leaf* (SHA-256): another one for other commands; None without any."""
        return hashlib.sha256(repr((leaf, self.commands)).encode()).hexdigest() if self.commands else None


def _file(place: Place) -> InstallFile:
    return place if isinstance(place, InstallFile) else InstallFile(place)
