"""Whether those who are to hear of runs can: what of the section `monitoring` could not be sent, or would be read by nobody."""

from __future__ import annotations

import os
import re
import shutil
import stat
from pathlib import Path
from typing import Iterator, Mapping, Tuple

from ..config.locate import Found
from ..config.model import Config
from ..config.monitoring import Monitoring
from ..errors import AcmewrapError
from ..secrets import FileReference, InlineSecret, Reference, resolve

_OTHERS = (stat.S_IRGRP | stat.S_IXGRP, stat.S_IROTH | stat.S_IXOTH)


def find_problems(config: Config, environ: Mapping[str, str]) -> Iterator[Found]:
    """What this user could not send. Of a variable, a credential or a command only the scheduled run knows."""
    for key, message in () if config.monitoring is None else _find(config.monitoring, environ):
        yield Found(("monitoring", *key.split(".")), message)


def _find(settings: Monitoring, environ: Mapping[str, str]) -> Iterator[Tuple[str, str]]:
    if settings.metrics is not None:
        message = _of_folder(settings.metrics.textfile.parent)
        if message:
            yield "metrics.textfile", message
    for name, service in settings.services.items():
        if shutil.which("curl", path=environ.get("PATH")) is None:
            yield name, "there is no curl in PATH, which sends it"
        if service.ca_bundle is not None and not os.access(str(service.ca_bundle), os.R_OK):
            yield f"{name}.ca_bundle", f"{service.ca_bundle} is not there, or this user may not read it"
    for key, reference in settings.secrets.items():
        message = _of_secret(key, reference, environ)
        if message:
            yield key, message


def _of_secret(key: str, reference: Reference, environ: Mapping[str, str]) -> str:
    if not isinstance(reference, (FileReference, InlineSecret)):
        return ""
    try:
        text = resolve(reference, environ).reveal().strip()
    except AcmewrapError as error:
        return str(error.failure.message)
    if not text or not text.isprintable():
        return "it is empty, or has several lines"
    if key.endswith("url") and re.fullmatch(r"https?://[^\s/]\S*", text) is None:
        return "it is no address that begins with https:// or http://"
    return ""


def _of_folder(folder: Path) -> str:
    """Why node_exporter, which runs as another user, would read nothing there."""
    if not folder.is_dir() or folder.is_symlink():
        return f"{folder} is no folder; name the one that node_exporter is given, and no link to it"
    if not os.access(str(folder), os.W_OK | os.X_OK):
        return f"this user may not write to {folder}"
    for path in (folder, *folder.parents):
        mode = os.stat(str(path)).st_mode
        needed = _OTHERS if path == folder else (stat.S_IXGRP, stat.S_IXOTH)
        if not any(mode & bits == bits for bits in needed):
            return f"nobody but its owner gets into {path}, so node_exporter cannot read the file"
    return ""
