"""Files for a server on this machine: read back, and only then looked for on the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping, Optional

from ..config.install import KEY_PARTS, FilePart, Install
from ..config.model import Target
from ..pki import x509
from ..system.reading import read_bytes
from . import tls_probe
from .tls_probe import Observation


def can_look(target: Target) -> bool:
    """Whether there is anything to look at: a server, or files."""
    return target.verify is not None or target.install is not None


def look(target: Target, leaf: Optional[str]) -> Observation:
    """What a target shows; of files and server that which is not *leaf* (SHA-256), if one of them is not."""
    if target.install is not None:
        observed = read(target.install)
        if observed.served != leaf or target.verify is None:
            return observed
    return Observation(error="could not be verified") if target.verify is None else tls_probe.look(target.verify)


def read(install: Install) -> Observation:
    """The leaf in the installed files; where they do not belong together, an error."""
    return read_files({part: file.path for part, file in install.files.items()})


def read_files(paths: Mapping[FilePart, Path]) -> Observation:
    """The same of files that lie anywhere."""
    leaf: Optional[x509.X509] = None
    path: Optional[Path] = None
    try:
        for part in ("combined_file", "fullchain_file", "cert_file"):
            if part in paths:
                former, path = path, paths[part]
                found = x509.parse_pem(read_bytes(path))[0]
                if leaf is not None and found != leaf:
                    return Observation(error=f"{path} holds another certificate than {former}")
                leaf = found
        if leaf is None:
            return Observation(error="no certificate was installed")
        for part in KEY_PARTS:
            if part in paths:
                path = paths[part]
                if not x509.key_matches(read_bytes(path), leaf):
                    return Observation(error=f"{path} is not the key of the certificate beside it")
    except (OSError, ValueError) as error:
        return Observation(error=f"{path}: {getattr(error, 'strerror', None) or error}")
    return Observation(leaf.sha256, leaf.not_after)
