"""The wrapper script: acme.sh as a person runs it by hand, with the homes, the authority and the hooks' variables filled in.

It does what a hand-written one does, from any folder and with no HOME, and holds no secret: it reads the references.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple, Union

from .. import templates
from ..config.model import SCRIPT_HEAD, SCRIPT_MARK, Poll
from ..errors import AccessError, AcmewrapError, ReleaseError
from ..failures import failure
from ..frozen import frozen
from ..secrets import InlineSecret, Reference
from ..system.reading import read_text
from .command import hook_variables
from .concealment import PROXY, guard, poll_places
from .homes.home import Home
from .release.pin import manifest

VERSION = 3
IDENTITY = f"{SCRIPT_MARK}, version {VERSION}"
_IDENTITY = re.compile(rf"{SCRIPT_MARK}, version (\d{{1,9}})\b")


@frozen
class Wrapper:
    """What the script is made of. ``variables`` are those of all hooks it may run, in their newest spelling; ``files`` (path ->
    SHA-256) what the program must be made of, the manifest of ``version`` by default. ``scheduled``: it is what the schedule runs,
    so that acme.sh asks the authority when to renew, which acmewrap does otherwise.
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
    poll: Poll = "early"
    scheduled: bool = False
    proxy: Union[str, Reference, None] = None

    def render(self) -> str:
        """The text of the script. A variable that two hooks want with different values keeps the first one's."""
        known: Dict[str, Union[str, Reference]] = {}
        for hook, variables in self.variables:
            for name, value in hook_variables(hook, variables, self.version).items():
                known.setdefault(name, value)
        if self.proxy is not None:
            known[PROXY] = self.proxy
        values = {
            **vars(self),
            "source": str(self.source).replace("\n", " "),
            "variables": tuple((name, value) for name, value in known.items() if not isinstance(value, InlineSecret)),
            "unread": tuple(name for name, value in known.items() if isinstance(value, InlineSecret)),
            "account_home": Home(self.home).account_home(self.server),
            "account_folder": Home(self.home).account_folder(self.server),
            "digest": _digest(self._pins()),
        }
        polls = poll_places(self._pins().get("acme.sh", "")) if self.poll == "early" else ""
        return templates.render("wrapper.sh.j2", identity=IDENTITY, guard=guard(polls), **values)

    def check(self) -> None:
        """Raise :class:`AcmewrapError` (``wrapper.missing``) unless the script is there, and is the one that this renders."""
        text = read_own(self.path)
        if text is None:
            raise AcmewrapError(failure("wrapper.missing", f"{self.path} does not exist"))
        if text != self.render():  # an older one may let an authority do more
            raise AcmewrapError(failure("wrapper.missing", f"{self.path} is not the one of this configuration"))

    def _pins(self) -> Mapping[str, str]:
        if self.files is not None:
            return self.files
        try:
            return manifest(self.version)
        except ReleaseError:  # not pinned, which installing it says: nothing is that release
            return {}


def read_own(path: Path) -> Optional[str]:
    """The text of the wrapper at *path*, None when there is nothing. Raises :class:`AccessError` (``file.foreign``) for what
    acmewrap did not write, :class:`AcmewrapError` (``wrapper.newer``) for what a later one did; neither is ever overwritten.
    """
    try:
        text = read_text(path, "replace")
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        text = ""
    found = _IDENTITY.search(text[:SCRIPT_HEAD])
    if found is None:
        raise AccessError(failure("file.foreign", f"{path} was not written by acmewrap", path=path))
    if int(found[1]) > VERSION:
        message = f"{path} is of version {found[1]}, and this acmewrap writes version {VERSION}"
        raise AcmewrapError(failure("wrapper.newer", message, path=path))
    return text


def _digest(files: Mapping[str, str]) -> str:
    """The SHA-256 of what ``sha256sum`` prints of *files* in the order in which a shell matches ``* */*``."""
    ordered = sorted(files, key=lambda path: ("/" in path, path))
    return hashlib.sha256("".join(f"{files[path]}  {path}\n" for path in ordered).encode()).hexdigest()
