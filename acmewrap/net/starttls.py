"""What a client says in the clear before TLS begins, by protocol; each answer is bounded in size and, by the deadline, in time."""

from __future__ import annotations

import re
import socket
from typing import Callable, Mapping

from .connection import Deadline

_LIMIT = 16 * 1024  # bytes of the whole dialogue
_XMPP = (
    "<?xml version='1.0'?><stream:stream to='{}' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>"
)
_LDAP = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
# An ExtendedResponse ([APPLICATION 24]) whose resultCode, which comes first in it, is success.
_LDAP_SUCCESS = re.compile(rb"\x02\x01\x01\x78(?:[\0-\x7f]|\x81.|\x82..|\x84....)\x0a\x01\0", re.DOTALL)
_CLIENT_SSL = 0x0800


class RefusedError(OSError):
    """The server does not begin TLS, or does not speak the protocol."""


class _Dialogue:
    """Reads no byte too many: what comes after the last answer belongs to TLS."""

    def __init__(self, connection: socket.socket, name: str, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._left = _LIMIT
        self.name = name

    def send(self, data: bytes) -> None:
        self._connection.settimeout(self._deadline.left())
        self._connection.sendall(data)

    def exactly(self, count: int) -> bytes:
        if count > self._left:
            raise RefusedError("its answer before TLS is too long")
        self._left -= count
        data = b""
        while len(data) < count:
            self._connection.settimeout(self._deadline.left())
            more = self._connection.recv(count - len(data))
            if not more:
                raise RefusedError("it hung up before TLS")
            data += more
        return data

    def until(self, end: bytes) -> bytes:
        data = bytearray()
        while not data.endswith(end):
            data += self.exactly(1)
        return bytes(data)

    def line(self) -> str:
        return self.until(b"\n").decode("ascii", "backslashreplace").rstrip()

    def expect(self, said: str, beginning: str) -> None:
        if not said.startswith(beginning):
            raise RefusedError(f"it answered {said[:120]!r} before TLS")

    def reply(self, code: str) -> None:
        """One reply as of SMTP and FTP, of several lines perhaps (RFC 5321 section 4.2.1, RFC 959 section 4.2)."""
        first = line = self.line()
        self.expect(first, code)
        while first[3:4] == "-" and line[:4] != f"{code} ":
            line = self.line()


def _smtp(dialogue: _Dialogue) -> None:  # RFC 3207
    dialogue.reply("220")
    dialogue.send(b"EHLO localhost\r\n")
    dialogue.reply("250")
    dialogue.send(b"STARTTLS\r\n")
    dialogue.reply("220")


def _ftp(dialogue: _Dialogue) -> None:  # RFC 4217
    dialogue.reply("220")
    dialogue.send(b"AUTH TLS\r\n")
    dialogue.reply("234")


def _imap(dialogue: _Dialogue) -> None:  # RFC 3501 section 6.2.1
    dialogue.expect(dialogue.line(), "* ")
    dialogue.send(b"a STARTTLS\r\n")
    said = dialogue.line()
    while said.startswith("* "):
        said = dialogue.line()
    dialogue.expect(said.upper(), "A OK")


def _pop3(dialogue: _Dialogue) -> None:  # RFC 2595 section 4
    dialogue.expect(dialogue.line(), "+OK")
    dialogue.send(b"STLS\r\n")
    dialogue.expect(dialogue.line(), "+OK")


def _xmpp(dialogue: _Dialogue) -> None:  # RFC 6120 section 5
    dialogue.send(_XMPP.format(dialogue.name).encode("utf-8"))
    offered = b""
    while b"<starttls" not in offered:
        offered = dialogue.until(b">")
        if b"</stream:features" in offered or b"error" in offered:
            raise RefusedError("it does not offer STARTTLS")
    # The element may be empty or hold <required/>, and features may follow it: none of that is TLS.
    dialogue.send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    while b"<proceed" not in offered:
        offered = dialogue.until(b">")
        if b"<failure" in offered:
            raise RefusedError("it refused STARTTLS")
    if not offered.endswith(b"/>"):
        dialogue.until(b"</proceed>")


def _ldap(dialogue: _Dialogue) -> None:  # RFC 4511 section 4.14
    dialogue.send(_LDAP)
    tag, size = dialogue.exactly(2)
    if size & 0x80:
        size = int.from_bytes(dialogue.exactly(size & 0x7F), "big")
    answer = dialogue.exactly(size)
    if tag != 0x30 or not _LDAP_SUCCESS.match(answer):
        raise RefusedError("it refused StartTLS")


def _postgres(dialogue: _Dialogue) -> None:  # SSLRequest, protocol 3.0
    dialogue.send(bytes.fromhex("0000000804d2162f"))
    if dialogue.exactly(1) != b"S":
        raise RefusedError("it has TLS switched off (ssl = on in postgresql.conf)")


def _mysql(dialogue: _Dialogue) -> None:  # Protocol::HandshakeV10, Protocol::SSLRequest
    header = dialogue.exactly(4)
    greeting = dialogue.exactly(int.from_bytes(header[:3], "little"))
    rest = greeting.partition(b"\0")[2]  # after the server's version: thread 4, salt 8, filler 1, capabilities 2
    if greeting[:1] != b"\x0a" or not int.from_bytes(rest[13:15], "little") & _CLIENT_SSL:
        raise RefusedError("it offers no TLS")
    capabilities = 0x00000200 | _CLIENT_SSL | 0x00008000  # PROTOCOL_41, SSL, SECURE_CONNECTION
    request = capabilities.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + b"\x21" + bytes(23)
    dialogue.send(len(request).to_bytes(3, "little") + bytes([(header[3] + 1) & 0xFF]) + request)


_PROTOCOLS: Mapping[str, Callable[[_Dialogue], None]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
    "ftp": _ftp,
    "xmpp": _xmpp,
    "ldap": _ldap,
    "postgres": _postgres,
    "mysql": _mysql,
}


def begin(protocol: str, connection: socket.socket, name: str, deadline: Deadline) -> None:
    """Bring *connection* to where TLS begins; *name* is that of the server, for XMPP. Raises OSError."""
    _PROTOCOLS[protocol](_Dialogue(connection, name, deadline))
