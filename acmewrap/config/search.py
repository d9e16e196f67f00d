"""Where the file is looked for."""

from __future__ import annotations

from pathlib import Path
from typing import List, Mapping, Optional

from ..errors import ConfigurationError, Problem
from ..failures import failure
from ..system.privileges import home_of

NAME = "acmewrap.yaml"
_VARIABLE = "ACMEWRAP_CONFIG"


class MissingConfigurationError(ConfigurationError):
    """There is no file: nothing to correct, so the remedy is another one."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__(failure("config.missing", f"{file}: {message}"), (Problem(file, 0, 0, "", message),))


def find(explicit: Optional[Path], environ: Mapping[str, str]) -> Path:
    """The file to load: *explicit* (``--config``), else ``$ACMEWRAP_CONFIG``, else the first of :func:`places` that exists.

    Raises :class:`MissingConfigurationError` (``config.missing``) when none does. A file that was named is never replaced
    by another one.
    """
    named = explicit or environ.get(_VARIABLE)
    if named:
        if _is_there(Path(named)):
            return Path(named)
        source = "--config" if explicit else f"${_VARIABLE}"
        raise MissingConfigurationError(str(named), f"named by {source}, does not exist")
    searched = places(environ)
    for place in searched:
        if _is_there(place):
            return place
    listed = ", ".join(map(str, searched))
    message = f"no such file; neither --config nor ${_VARIABLE} names one, and there is none of {listed}"
    raise MissingConfigurationError(NAME, message)


def places(environ: Mapping[str, str]) -> List[Path]:
    """Where a file is looked for that nobody named, in order."""
    home = environ.get("XDG_CONFIG_HOME")
    folders = [Path(home) if home else home_of(environ) / ".config", Path("/usr/local/etc"), Path("/etc")]
    return [Path(NAME), *(folder / "acmewrap" / "config.yaml" for folder in folders)]


def _is_there(file: Path) -> bool:
    """A file in a folder that is closed to this user counts: reading it says so, while passing it over would hide it."""
    try:
        return file.exists()
    except PermissionError:
        return True
