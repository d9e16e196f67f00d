"""https to DSM. Who it is gets judged in the very connection that is going to carry the password, before a byte is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from ..tls import trust_anybody

if TYPE_CHECKING:
    import http.client
    import ssl
    import urllib.request


def create_handler(trust: ssl.SSLContext, accept: Callable[[bytes, str], None]) -> urllib.request.HTTPSHandler:
    """For servers that *trust* verifies. Of one that it does not, *accept* is given the certificate (DER) and what is wrong with
    it, in a new connection, which is used unless it raises.
    """
    import http.client
    import ssl
    import urllib.request

    class Connection(http.client.HTTPSConnection):
        def connect(self) -> None:
            try:
                super().connect()
            except ssl.SSLCertVerificationError as error:
                http.client.HTTPConnection.connect(self)
                self.sock = trust_anybody().wrap_socket(self.sock, server_hostname=self.host)
                accept(self.sock.getpeercert(binary_form=True) or b"", error.verify_message)

    class Handler(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Connection, request, context=trust)

    return Handler()
