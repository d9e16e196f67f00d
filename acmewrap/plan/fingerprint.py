"""What a certificate is asked for, and whether the one on disk was asked for in the same way."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Optional, Tuple

from ..config.challenges import Webroot
from ..config.model import DEFAULT_USAGE, Certificate, Config
from ..driver.homes.home import Stored
from ..pki.names import comparable
from ..reasons import Changed, Plain, Reason

REQUEST_KEY = "Acmewrap_Request"


def request_of(config: Config, certificate: Certificate) -> str:
    """What a certificate is asked for, as a hash; when it changes it is asked for again. acme.sh notices only other names."""
    parts: Any = {
        "server": config.authority_of(certificate).server,
        "domains": certificate.domains,
        # Without what a DNS hook reads and how long its records take: others are no other certificate.
        "challenges": [
            (
                type(challenge).__name__,
                {name: value for name, value in vars(challenge).items() if name not in ("env", "wait")},
            )
            for challenge in certificate.challenges
        ],
        "key": certificate.key,
        # What goes without saying is no reason to reissue what came before it did.
        "options": _without(DEFAULT_USAGE, certificate.options),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _without(part: Tuple[str, ...], words: Tuple[str, ...]) -> Tuple[str, ...]:
    at = next((at for at in range(len(words)) if words[at : at + len(part)] == part), len(words))
    return (*words[:at], *words[at + len(part) :])


def find_change(config: Config, certificate: Certificate, stored: Stored) -> Optional[Reason]:
    """Why *stored* is not the certificate that the file asks for, whatever its age; None when it is."""
    assert stored.leaf is not None
    leaf, configuration = stored.leaf, stored.configuration
    server = config.authority_of(certificate).server
    names, wanted = comparable(leaf.names), comparable(certificate.domains)
    # A template of the authority may add names; one that the file no longer names was asked for.
    if not wanted <= names or (wanted != names and wanted != comparable(stored.domains)):
        return Changed("names", leaf.names, certificate.domains)
    if leaf.key_type != certificate.key:
        return Changed("key type", (leaf.key_type,), (certificate.key,))
    if configuration.get("Le_API", server) != server:
        return Changed("authority", (configuration["Le_API"],), (server,))
    known = configuration.get(REQUEST_KEY)
    if known is not None:
        return None if known == request_of(config, certificate) else Plain.REQUEST_DIFFERS
    # Issued by acme.sh without us: its own record of the webroot is all there is to compare with.
    paths = [str(challenge.path) for challenge in certificate.challenges if isinstance(challenge, Webroot)]
    recorded = configuration.get("Le_Webroot", "").split(",")
    if len(paths) == len(certificate.challenges) and set(paths) != set(recorded):
        return Changed("webroot", tuple(recorded), tuple(dict.fromkeys(paths)))
    return None
