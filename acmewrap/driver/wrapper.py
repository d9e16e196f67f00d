"""The wrapper script: acme.sh as a person runs it by hand, with the homes, the authority and the hooks' variables filled in.

It does what a hand-written one does, from any folder and with no HOME, and holds no secret: it reads the references.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple, Union

from .. import templates
from ..catalogue import failure
from ..errors import AccessError
from ..secrets import Literal, Reference
from .command import hook_variables
from .home import Home

IDENTITY = "acmewrap wrapper script, version 1"


@dataclass(frozen=True)
class Wrapper:
    """What the script is made of. ``variables`` are those of all hooks it may run, in their newest spelling."""

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

    def render(self) -> str:
        """The text of the script. A variable that two hooks want with different values keeps the first one's."""
        known: Dict[str, Union[str, Reference]] = {}
        for hook, variables in self.variables:
            for name, value in hook_variables(hook, variables, self.version).items():
                known.setdefault(name, value)
        return templates.render(
            "wrapper.sh.j2",
            identity=IDENTITY,
            source=str(self.source).replace("\n", " "),
            directory=self.directory,
            account_home=Home(self.home).account_home(self.server),
            program=str(self.program),
            version=self.version,
            home=self.home,
            server=self.server,
            ca_bundle=self.ca_bundle,
            email=self.email,
            variables=tuple((name, value) for name, value in known.items() if not isinstance(value, Literal)),
            unread=tuple(name for name, value in known.items() if isinstance(value, Literal)),
        )


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
