"""What a TLS server shows: the first of all proofs. The leaf is compared by its SHA-256, so no trust is needed to look.

A server may have several certificates and shows each client one that its offer fits. So the offer is that of a client which
takes only the kind of key that the leaf has: up to TLS 1.2 by its cipher suites, else by its signature algorithms, which is what
openssl is called for, as Python has no way to say so before 3.15.
"""

from __future__ import annotations

import errno
import hashlib
import time
from datetime import datetime
from typing import TYPE_CHECKING, Callable, Iterator, Literal, Optional, Sequence, Tuple

from ..config.endpoint import Endpoint
from ..frozen import frozen, replace
from ..pki import x509
from ..pki.chain import chain_end, sort_chain
from ..pki.x509 import X509

if TYPE_CHECKING:
    import socket

    from ..net.connection import Deadline, Place
    from ..net.handshake import Family, Shown

ChainFlaw = Literal["incomplete", "out_of_order", "expired"]

_LOOK_TIMEOUT = 5.0  # seconds, for each connection
_MOST_ADDRESSES = 16
LOOKS = 2  # after a reload
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 3.0
_SIGNATURES = {
    "RSA": "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512",
    "ECDSA": "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
}
_FAR = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


@frozen
class Observation:
    """One look. ``served`` is the leaf's SHA-256 in hex, or None and then ``error`` says why nothing was seen. ``obstacle``: what
    kept the server from being asked, itself or the network; a name that does not resolve tells nothing about the server.
    ``flaws``: what is wrong with the certificates that are shown beside it.
    """

    served: Optional[str] = None
    not_after: Optional[datetime] = None
    error: Optional[str] = None
    obstacle: Optional[Literal["server", "network"]] = None
    flaws: Tuple[ChainFlaw, ...] = ()


def look(
    endpoint: Endpoint,
    leaf: Optional[X509] = None,
    issuers: Sequence[X509] = (),
    clock: Callable[[], float] = time.time,
) -> Observation:
    """What *endpoint* serves right now to a client that takes keys as *leaf* has one, which came with *issuers*; of several
    addresses that which is not *leaf*, if one of them is not. Never raises for what a network can do.
    """
    from ..net import connection

    shown: Optional[Shown] = None
    error: Exception = OSError("no address")
    where = str(endpoint)
    try:
        addresses = connection.resolve((endpoint.host, endpoint.port), connection.Deadline(_LOOK_TIMEOUT))
    except (OSError, ValueError) as why:
        return replace(_unseen(where, why), obstacle="network")
    for address in list(dict.fromkeys(addresses))[:_MOST_ADDRESSES]:
        try:
            shown = _look_at(address, endpoint, leaf)
        except (OSError, ValueError) as why:
            error = why
            if not endpoint.all_addresses:
                continue
            return _unseen(f"{where} at {address[0]}", why)
        if not endpoint.all_addresses or (leaf is not None and shown.certificates[0] != leaf.der):
            break
    if shown is None:
        return _unseen(where, error)
    own = shown.certificates[0]
    if not own:
        return Observation(error=f"{where}: no certificate shown")
    seen = x509.find_der(own)  # what cannot be read can be compared all the same
    flaws = tuple(_flaws(shown, issuers, clock())) if leaf is not None and own == leaf.der else ()
    return Observation(hashlib.sha256(own).hexdigest(), None if seen is None else seen.not_after, flaws=flaws)


def wait_for(
    endpoint: Endpoint,
    leaf: X509,
    *,
    looks: int = 1,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Observation:
    """Look until *leaf* is served or the endpoint's timeout is over: web servers restart after an import. So many *looks* in a row
    must show it: when a server has just been reloaded, a former process of it may answer some clients for a while.
    """
    deadline, pause, seen = clock() + endpoint.timeout, _FIRST_PAUSE, 0
    while True:
        observed = look(endpoint, leaf)
        seen = seen + 1 if observed.served == leaf.sha256 else 0
        if seen == looks or clock() + pause > deadline:
            return observed
        sleep(_FIRST_PAUSE if seen else pause)
        pause = pause if seen else min(pause * 1.5, _LONGEST_PAUSE)


def _unseen(where: str, why: Exception) -> Observation:
    error = f"{where}: {getattr(why, 'strerror', None) or why}"
    return Observation(error=error, obstacle="network" if getattr(why, "errno", None) in _FAR else "server")


def _look_at(address: Place, endpoint: Endpoint, leaf: Optional[X509]) -> Shown:
    """What is shown at *address*. Raises OSError, or ValueError for a name that cannot be asked for."""
    import socket

    from ..net import handshake
    from ..net.connection import Deadline

    family = None if leaf is None else _family(leaf)
    least, most = endpoint.min_tls, endpoint.max_tls
    if least != "1.3":
        deadline = Deadline(_LOOK_TIMEOUT)
        with _open(address, endpoint, deadline) as connection:
            try:
                return handshake.shake(connection, handshake.context(family, least, "1.2"), endpoint.name, deadline)
            except OSError as error:
                if most == "1.2" or isinstance(error, socket.timeout):
                    raise
    deadline = Deadline(_LOOK_TIMEOUT)
    with _open(address, endpoint, deadline) as connection:
        shown = handshake.shake(connection, handshake.context(None, least, most), endpoint.name, deadline)
    seen = x509.find_der(shown.certificates[0])
    if family is None or seen is None or _family(seen) in (family, None):
        return shown
    return _ask_openssl(address, endpoint, family) or shown


def _open(address: Place, endpoint: Endpoint, deadline: Deadline) -> socket.socket:
    import socket

    from ..net import starttls

    connection = socket.create_connection(address, timeout=deadline.left())
    try:
        if endpoint.starttls is not None:
            starttls.begin(endpoint.starttls, connection, endpoint.name, deadline)
    except BaseException:
        connection.close()
        raise
    return connection


def _family(certificate: X509) -> Optional[Family]:
    if certificate.key_type.isdigit():
        return "RSA"
    return "ECDSA" if certificate.key_type.startswith("ec") else None


def _ask_openssl(address: Place, endpoint: Endpoint, family: Family) -> Optional[Shown]:
    from pathlib import Path

    from ..driver.command import DEFAULT_PATH
    from ..driver.process import Command, ProcessRunner
    from ..errors import CommandError
    from ..net.handshake import Shown
    from ..pki import pem

    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    words = ["openssl", "s_client", "-connect", f"{host}:{address[1]}", "-servername", endpoint.name, "-showcerts"]
    words += ["-tls1_3", "-sigalgs", _SIGNATURES[family]]
    if endpoint.starttls is not None:
        words += ["-starttls", endpoint.starttls, "-name", endpoint.name]
    command = Command("look", tuple(words), {"PATH": DEFAULT_PATH}, Path("/"), _LOOK_TIMEOUT)
    try:
        said = ProcessRunner(grace=1.0).run(command).lines
        return Shown(pem.certificates("\n".join(said).encode("utf-8")), whole=True)
    except (CommandError, ValueError):  # no openssl, or nothing to show to such a client
        return None


def _flaws(shown: Shown, issuers: Sequence[X509], now: float) -> Iterator[ChainFlaw]:
    """*issuers* are what the authority sent along; clients have its root themselves."""
    if not shown.whole:
        return
    read = [issuer for issuer in map(x509.find_der, shown.certificates) if issuer is not None]
    known = {certificate.sha256 for certificate in read}
    if any(issuer.sha256 not in known and issuer.subject_der != issuer.issuer_der for issuer in issuers):
        yield "incomplete"
    leaf, *above = read
    if sort_chain(leaf, above) != tuple(above):
        yield "out_of_order"
    end = chain_end(leaf, above)
    if end is not None and end.timestamp() <= now:
        yield "expired"
