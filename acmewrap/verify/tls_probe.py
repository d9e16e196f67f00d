"""What a TLS server shows: the first of all proofs. The leaf is compared by its SHA-256, so no trust is needed to look."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Callable, Optional

from ..config.model import Endpoint

_LOOK_TIMEOUT = 5.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 3.0
_FAR = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


@dataclass(frozen=True)
class Observation:
    """One look. ``served`` is the leaf's SHA-256 in hex, or None and then ``error`` says why nothing was seen. ``answered``:
    whether that was for the server to say; a name that does not resolve, or a network that is down, tells nothing about it.
    """

    served: Optional[str] = None
    not_after: Optional[datetime] = None
    error: Optional[str] = None
    answered: bool = True


def look(endpoint: Endpoint) -> Observation:
    """What *endpoint* serves right now. Never raises for what a network can do."""
    import socket

    from ..net import connection, tls
    from ..pki import x509

    deadline, place = connection.Deadline(_LOOK_TIMEOUT), (endpoint.host, endpoint.port)
    try:
        opened = connection.secure(
            lambda: connection.connect(place, deadline), tls.Trust(anybody=True), endpoint.name, deadline
        )
        with contextlib.closing(opened):
            der = opened.sock.getpeercert(binary_form=True)  # type: ignore[union-attr]
    except (OSError, ValueError) as error:
        far = isinstance(error, socket.gaierror) or getattr(error, "errno", None) in _FAR
        return Observation(error=f"{endpoint}: {getattr(error, 'strerror', None) or error}", answered=not far)
    if not der:
        return Observation(error=f"{endpoint}: no certificate shown")
    seen = x509.find_der(der)  # what cannot be read can be compared all the same
    return Observation(hashlib.sha256(der).hexdigest(), None if seen is None else seen.not_after)


def wait_for(
    endpoint: Endpoint,
    leaf: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Observation:
    """Look until *leaf* (SHA-256) is served or the endpoint's timeout is over: web servers restart after an import."""
    deadline, pause = clock() + endpoint.timeout, _FIRST_PAUSE
    while True:
        observed = look(endpoint)
        if observed.served == leaf or clock() + pause > deadline:
            return observed
        sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
