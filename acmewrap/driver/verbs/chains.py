"""The chain that acme.sh stored, made what servers want: in order, each once, and with the issuer of a leaf that came alone."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Iterator

from ...pki import pem, x509
from ...pki.chain import has_issued, sort_chain
from ...pki.x509 import X509
from ...system.reading import read_bytes
from .. import command
from ..call import Caller
from ..homes.home import CertificateFiles
from ..process import Command


def complete(caller: Caller, stored: CertificateFiles, folder: Path) -> None:
    """Put the chain of *stored* in order, in place. A leaf that came alone gets the certificate of ``ca_bundle`` that signed it: an
    authority may sign with its root. What is missing or broken stays as it is. *folder* is one to work in.
    """
    with suppress(OSError, ValueError):
        leaf = x509.parse_pem(read_bytes(stored.certificate))[0]
        full = pem.certificates(read_bytes(stored.fullchain)) if stored.fullchain.exists() else ()
        sent = full[1:] if full[:1] == (leaf.der,) else ()
        chain = sort_chain(leaf, tuple(map(x509.parse_der, sent))) or islice(_issuers(caller, leaf, folder), 1)
        found = tuple(issuer.der for issuer in chain)
        if found and found != sent:
            stored.chain.write_bytes(pem.encode(*found))
            stored.fullchain.write_bytes(pem.encode(leaf.der, *found))


def _issuers(caller: Caller, leaf: X509, folder: Path) -> Iterator[X509]:
    bundle = b"" if caller.ca_bundle is None else read_bytes(caller.ca_bundle)
    named = [issuer for issuer in map(x509.find_der, pem.certificates(bundle)) if issuer and has_issued(issuer, leaf)]
    if not has_issued(leaf, leaf):
        yield from (issuer for issuer in named if _has_signed(caller, issuer, leaf, folder))
        # OpenSSL, too, may be unable to judge a kind of key.
        yield from (issuer for issuer in named if issuer.key_type == "unknown")


def _has_signed(caller: Caller, issuer: X509, leaf: X509, folder: Path) -> bool:
    above, below = folder / "issuer.pem", folder / "leaf.pem"
    above.write_bytes(pem.encode(issuer.der))
    below.write_bytes(pem.encode(leaf.der))
    argv = ("openssl", "verify", "-no_check_time", "-partial_chain", "-trusted", str(above), str(below))
    done = caller.runner.run(Command("verify", argv, {"PATH": caller.path}, folder, command.DEFAULT_DEADLINE))
    return done.returncode == 0
