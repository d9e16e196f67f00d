"""Whom a TLS connection trusts; :mod:`ssl` is imported only when there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from ..frozen import frozen
from ..pki import pem
from ..system.reading import read_bytes

if TYPE_CHECKING:
    import ssl

BAD_DATES = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED: ours or theirs, a clock is wrong


class BundleError(OSError):
    """A file of certificates that cannot be used."""


@frozen
class Trust:
    """Whom a client trusts: whoever ``ca_bundle`` (a PEM file) or else the machine's store vouches for; or ``anybody``.

    With ``accept``, a server that is not vouched for is judged in the very connection that is used then: it is given the
    certificate (DER) and what is wrong with it, and raises for one that will not do.
    """

    ca_bundle: Optional[str] = None
    anybody: bool = False
    accept: Optional[Callable[[bytes, str], None]] = None

    def context(self) -> ssl.SSLContext:
        """Raises :class:`BundleError`."""
        return trust_anybody() if self.anybody else trust(self.ca_bundle)


def trust(ca_bundle: Optional[str]) -> ssl.SSLContext:
    """What a server is judged by: *ca_bundle*, or the machine's store. Raises :class:`BundleError`."""
    import ssl

    try:
        roots = None if ca_bundle is None else b"".join(pem.certificates(read_bytes(ca_bundle)))
        context = ssl.create_default_context(cadata=roots)
    except (OSError, ValueError) as error:  # of the former ssl.SSLError is one
        reason = getattr(error, "strerror", None) or error
        raise BundleError(f"the bundle {ca_bundle} cannot be used: {reason}") from error
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
