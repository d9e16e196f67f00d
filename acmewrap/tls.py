"""Whom a TLS connection trusts; :mod:`ssl` is imported only when there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    import ssl


def trust(ca_bundle: Optional[str]) -> ssl.SSLContext:
    """What a server is judged by: *ca_bundle*, or the machine's store. Raises OSError for a bundle that cannot be used."""
    import ssl

    context = ssl.create_default_context(cafile=ca_bundle)
    # Since 3.13 Python asks for more than curl, by which acme.sh goes; private roots often lack an extension or two.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def trust_anybody() -> ssl.SSLContext:
    """For a look at what a server shows. Whoever tells it a secret compares the certificate before."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
