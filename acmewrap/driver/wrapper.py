"""The wrapper script: acme.sh as a person runs it by hand, with the homes, the authority and the hooks' variables filled in.

It does what a hand-written one does, from any folder and with no HOME, and holds no secret: it reads the references.
"""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple, Union

from .. import resources
from ..catalogue import failure
from ..errors import AccessError, ReleaseError
from ..secrets import CommandReference, CredentialReference, EnvironmentReference, FileReference, Literal, Reference
from .command import hook_variables
from .home import Home
from .release.pin import manifest

IDENTITY = "acmewrap wrapper script, version 1"


@dataclass(frozen=True)
class Wrapper:
    """What the script is made of. ``variables`` are those of all hooks it may run, in their newest spelling; ``files`` (path ->
    SHA-256) what the program must be made of, the manifest of ``version`` by default.
    """

    path: Path
    source: Path
    directory: Path
    program: Path
    version: str
    home: Path
    server: str
    ca_bundle: Optional[Path] = None
    email: Optional[str] = None
    variables: Tuple[Tuple[str, Mapping[str, Union[str, Reference]]], ...] = ()
    files: Optional[Mapping[str, str]] = None

    def render(self) -> str:
        """The text of the script. A variable that two hooks want with different values keeps the first one's."""
        import jinja2

        known: Dict[str, Union[str, Reference]] = {}
        for hook, variables in self.variables:
            for name, value in hook_variables(hook, variables, self.version).items():
                known.setdefault(name, value)
        environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701 - a shell script; every value goes through the quote filter
        )
        environment.filters.update(
            quote=lambda value: shlex.quote(str(value)),
            shell_value=_shell_value,
            is_read=lambda value: not isinstance(value, str),
        )
        template = environment.from_string(resources.read_text("templates/wrapper.sh.j2"))
        return template.render(
            identity=IDENTITY,
            source=str(self.source).replace("\n", " "),
            directory=self.directory,
            account_home=Home(self.home).account_home(self.server),
            program=str(self.program),
            version=self.version,
            digest=_digest(self._pins()),
            home=self.home,
            server=self.server,
            ca_bundle=self.ca_bundle,
            email=self.email,
            variables=tuple((name, value) for name, value in known.items() if not isinstance(value, Literal)),
            unread=tuple(name for name, value in known.items() if isinstance(value, Literal)),
        )

    def _pins(self) -> Mapping[str, str]:
        if self.files is not None:
            return self.files
        try:
            return manifest(self.version)
        except ReleaseError:  # not pinned, which installing it says: nothing is that release
            return {}


def read_own(path: Path) -> Optional[str]:
    """The text of the wrapper at *path*, None when there is nothing. Raises :class:`AccessError` (``file.foreign``) when
    something lies there that acmewrap did not write; it is never overwritten.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        text = ""
    if IDENTITY.rpartition(" ")[0] not in text[:400]:
        raise AccessError(failure("file.foreign", f"{path} was not written by acmewrap", path=path))
    return text


def _digest(files: Mapping[str, str]) -> str:
    """The SHA-256 of what ``sha256sum`` prints of *files* in the order in which a shell matches ``* */*``."""
    ordered = sorted(files, key=lambda path: ("/" in path, path))
    return hashlib.sha256("".join(f"{files[path]}  {path}\n" for path in ordered).encode()).hexdigest()


def _shell_value(value: Union[str, Reference]) -> str:
    """A shell word that becomes the value when the script runs."""
    if isinstance(value, str):
        return shlex.quote(value)
    if isinstance(value, FileReference):
        return f'"$(cat -- {shlex.quote(str(value.path))})"'
    if isinstance(value, EnvironmentReference):
        return f'"$(printenv {shlex.quote(value.name)})"'  # unlike a parameter, it fails where there is none
    if isinstance(value, CommandReference):
        return f'"$({" ".join(map(shlex.quote, value.argv))})"'
    assert isinstance(value, CredentialReference)
    return f'"$(cat -- "${{CREDENTIALS_DIRECTORY-}}"/{shlex.quote(value.name)})"'
