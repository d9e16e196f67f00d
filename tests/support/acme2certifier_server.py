"""acme2certifier behind TLS; its settings lie in ``$ACME_SRV_CONFIGFILE``.

acme2certifier_server.py PORT CERTIFICATE KEY DNS_PORT HTTP_PORT
"""

from __future__ import annotations

import importlib
import ssl
import sys
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def main(port: str, certificate: str, key: str, dns_port: str, http_port: str) -> None:
    resolver: Any = importlib.import_module("dns.resolver")

    class Resolver(resolver.Resolver):  # type: ignore[misc]
        def reset(self) -> None:
            super().reset()
            self.port = int(dns_port)  # its settings know addresses only

    resolver.Resolver = Resolver
    importlib.import_module("urllib3.connection").port_by_scheme["http"] = int(http_port)  # where it looks for http-01
    wsgi: Any = importlib.import_module("acme2certifier.share.acme2certifier_wsgi")
    server = make_server("127.0.0.1", int(port), wsgi.application, Server, wsgi.get_handler_cls())
    server.base_environ["HTTPS"] = "on"  # its URLs begin as the request did
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
