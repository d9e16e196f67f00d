"""Where the file is looked for, and from it to a :class:`Config` or to all of its problems at once.

What reads YAML is imported when a file is read: most of the package needs the values alone.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ..errors import AccessError, ConfigurationError, Problem
from ..failures import failure, invalid
from ..secrets import is_private
from ..system.privileges import home_of
from ..system.reading import read_bytes
from ..system.trust import StrPath, find_dsm_tools
from .model import Config

NAME = "acmewrap.yaml"
_VARIABLE = "ACMEWRAP_CONFIG"
_SPARE = 100_000  # entries that aliases may repeat before it is called too much


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


def load(path: StrPath, environ: Optional[Mapping[str, str]] = None) -> Config:
    """The configuration in the file *path*; of *environ* (None: the process's own) only HOME and PATH are looked at.

    Raises :class:`ConfigurationError` with every problem, in the order of the file; :class:`MissingConfigurationError`
    (``config.missing``) when it is not there; :class:`AccessError` (``config.not_readable``) when this user may not read it.
    """
    origin = None
    with contextlib.suppress(OSError, ValueError):  # fetch() says what is wrong
        origin = os.stat(path)
    config = parse(*fetch(path), path, environ)
    object.__setattr__(config, "origin", origin)  # not by replace(), which is to drop it
    return config


def fetch(path: StrPath) -> Tuple[bytes, bool]:
    """The bytes of the file *path*, and whether it is private. Raises what :func:`load` raises when it cannot be read."""
    file = Path(os.path.abspath(path))
    try:
        found = read_bytes(file), is_private(file)
    except PermissionError as error:
        raise AccessError(failure("config.not_readable", f"{path}: permission denied", file=path)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise MissingConfigurationError(str(path), str(reason)) from error
    if not str(file).isprintable():  # schedulers keep it in lines, where a line break would begin another entry
        message = "the path of this file holds a control character, or what is no Unicode: rename it"
        raise invalid((Problem(str(path), 1, 1, "", message),))
    return found


def schema() -> Dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file, for editors. :func:`load` checks more: how keys agree, what is private."""
    from .sections.table import ROOT

    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "acmewrap.yaml", **ROOT.schema()}


def parse(data: bytes, private: bool, path: StrPath, environ: Optional[Mapping[str, str]] = None) -> Config:
    """What *data* means as the content of the file *path*. Raises :class:`ConfigurationError` with every problem."""
    from .binder.nodes import compose

    with _uncollected():
        return _bind(compose(data, str(path)), len(data) + _SPARE, private, path, environ)


def from_mapping(values: Mapping[str, Any], path: StrPath, environ: Optional[Mapping[str, str]] = None) -> Config:
    """What *values* mean as the file *path*; see :meth:`Config.from_mapping`."""
    from .binder.nodes import build

    return _bind(build(values, str(path)), _SPARE, True, path, environ)


def _bind(node: Any, budget: int, private: bool, path: StrPath, environ: Optional[Mapping[str, str]]) -> Config:
    from .binder.reader import Reader, TooMuchError
    from .sections.assemble import assemble
    from .sections.table import ROOT

    environ = os.environ if environ is None else environ
    file = Path(os.path.abspath(path))
    reader = Reader(str(path), file.parent, home_of(environ), private=private, budget=budget, on_nas=_is_nas(environ))
    config = None
    try:
        config = assemble(ROOT.read(node, "", reader), file)
    except TooMuchError:
        reader.refuse(node, "", "the aliases of this file repeat far more than it holds: write the values out")
    if config is None:
        raise invalid(reader.problems)
    return config


def _is_nas(environ: Mapping[str, str]) -> bool:
    tools = find_dsm_tools(environ)
    return tools is not None and shutil.which("crontab", path=tools) is None


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the collector: nodes come in tens of thousands, none is garbage, and looking through them doubles the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
