"""Files for a server on this machine: put in place by acme.sh, read back, and only then looked for on the wire.

acme.sh writes them in place, so a server that loads them at the wrong moment could see half of one; the reload comes after.
"""

from __future__ import annotations

from typing import Optional, Sequence

from ..config.model import Install, Target
from ..pki import x509
from ..pki.x509 import X509
from ..system.reading import read_bytes
from . import tls_probe
from .tls_probe import Observation


def can_look(target: Target) -> bool:
    """Whether there is anything to look at: a server, or files."""
    return target.verify is not None or target.install is not None


def look(target: Target, leaf: Optional[X509], issuers: Sequence[X509] = ()) -> Observation:
    """What a target shows; of files and server that which is not *leaf*, if one of them is not. It came with *issuers*."""
    if target.install is not None:
        observed = read(target.install)
        if leaf is None or observed.served != leaf.sha256 or target.verify is None:
            return observed
    if target.verify is None:
        return Observation(error="could not be verified")
    return tls_probe.look(target.verify, leaf, issuers)


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
