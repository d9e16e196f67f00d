"""Files for a server on this machine: put in place by acme.sh, read back, and only then looked for on the wire.

acme.sh writes them in place, so a server that loads them at the wrong moment could see half of one; the reload comes after.
"""

from __future__ import annotations

from typing import Optional

from ..config.model import Install, Target
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
    """The leaf in the installed files; with a key that is not its own, an error."""
    path = install.fullchain_file or install.cert_file
    assert path is not None  # the configuration sees to that
    try:
        leaf = x509.parse_pem(read_bytes(path))[0]
        if install.key_file is not None and not x509.key_matches(read_bytes(install.key_file), leaf):
            return Observation(error=f"{install.key_file} is not the key of {path}")
    except (OSError, ValueError) as error:
        return Observation(error=f"{path}: {getattr(error, 'strerror', None) or error}")
    return Observation(leaf.sha256, leaf.not_after)
