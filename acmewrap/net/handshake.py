"""Which certificates a server shows in a handshake, as bytes: nobody is trusted, and little is kept of what a server may send.

Up to TLS 1.2 they come in the clear, so they are seen also where the handshake fails after them: of a server that demands a
certificate of its clients. In TLS 1.3 such a server says so only after the client's part is over.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Dict, List, Literal, NamedTuple, Optional, Tuple

from .connection import Deadline
from .tls import trust_anybody

if TYPE_CHECKING:
    import ssl

Family = Literal["ECDSA", "RSA"]
Version = Literal["1.2", "1.3"]

_LIMIT = 512 * 1024  # bytes of a handshake; OpenSSL takes 100 KiB of certificates
_CHUNK = 16 * 1024
_CERTIFICATE, _SIGNED_KEY, _CERTIFICATE_REQUEST = 11, 12, 13
_HANDSHAKE, _CHANGE_CIPHER_SPEC = 22, 20


class Shown(NamedTuple):
    """The server's own certificate (DER) and what it shows beside; ``whole``: that is known to be all."""

    certificates: Tuple[bytes, ...]
    whole: bool


def context(family: Optional[Family], least: Optional[Version], most: Optional[Version]) -> ssl.SSLContext:
    """For a look at servers of any age. With a *family*, up to TLS 1.2, no certificate with another kind of key is shown."""
    import ssl

    made = trust_anybody()
    versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
    made.minimum_version = versions[least] if least is not None else ssl.TLSVersion.MINIMUM_SUPPORTED
    made.maximum_version = versions[most] if most is not None else ssl.TLSVersion.MAXIMUM_SUPPORTED
    made.set_ciphers(f"{'ALL' if family is None else f'a{family}'}:!eNULL:!aNULL:@SECLEVEL=0")
    return made


def shake(connection: socket.socket, context: ssl.SSLContext, name: str, deadline: Deadline) -> Shown:
    """What is shown on *connection* by a server that has the key; with TLS 1.3 before Python 3.13 no more than its own certificate.
    Raises OSError.
    """
    import ssl

    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname=name)
    received = bytearray()
    flights = 0
    try:
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                session.do_handshake()
                break
            connection.settimeout(deadline.left())
            sent = outgoing.read()
            connection.sendall(sent)
            flights += bool(sent)
            data = connection.recv(_CHUNK)
            received += data
            if len(received) > _LIMIT:
                raise ConnectionError("its handshake is too long")
            incoming.write(data) if data else incoming.write_eof()
    except OSError:
        messages = _in_clear(bytes(received))
        # It asked for the client's certificate, and what it had signed was right: the client answered.
        if flights > 1 and {_SIGNED_KEY, _CERTIFICATE_REQUEST} <= messages.keys():
            return Shown(_listed(messages.get(_CERTIFICATE, b"")), whole=True)
        raise
    with contextlib.suppress(OSError):  # what is left to say, so that the server notes a good end
        connection.sendall(outgoing.read())
    own = session.getpeercert(binary_form=True) or b""
    chain = getattr(session, "get_unverified_chain", None)
    shown = _listed(_in_clear(bytes(received)).get(_CERTIFICATE, b"")) or (tuple(chain()) if chain else ())
    return Shown(shown, whole=True) if shown[:1] == (own,) else Shown((own,), whole=False)


def _in_clear(data: bytes) -> Dict[int, bytes]:
    """The handshake messages (RFC 5246 section 7.4) in the records that are not encrypted, by type."""
    stream, at = bytearray(), 0
    while at + 5 <= len(data) and data[at] != _CHANGE_CIPHER_SPEC:
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        if data[at] == _HANDSHAKE:
            stream += data[at + 5 : at + 5 + size]
        at += 5 + size
    messages: Dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(stream):
        size = int.from_bytes(stream[at + 1 : at + 4], "big")
        messages[stream[at]] = bytes(stream[at + 4 : at + 4 + size])
        at += 4 + size
    return messages


def _listed(message: bytes) -> Tuple[bytes, ...]:
    found: List[bytes] = []
    at = 3
    while at + 3 <= len(message):
        size = int.from_bytes(message[at : at + 3], "big")
        found.append(message[at + 3 : at + 3 + size])
        at += 3 + size
    return tuple(found)
