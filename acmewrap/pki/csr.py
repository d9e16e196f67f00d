"""A certificate signing request (PKCS #10, RFC 2986): whose it is, and with which key."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Tuple

from ..frozen import frozen
from . import pem
from .der import children, inside
from .x509 import SUBJECT_ALTERNATIVE_NAME, alternative_names, common_name, key_type_of, public_key_of

_LABELS = (b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST")
_EXTENSION_REQUEST = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"


@frozen
class Csr:
    """What a request says. ``domains``: the names in the order in which acme.sh takes them, the first names the certificate."""

    pem: bytes
    subject: str
    names: Tuple[str, ...]
    key_type: str
    public_key: bytes

    @property
    def domains(self) -> Tuple[str, ...]:
        # acme.sh (all versions) drops a subject without a dot, or with a blank.
        first = (self.subject,) if "." in self.subject and " " not in self.subject else ()
        return tuple(dict.fromkeys((*first, *self.names)))

    def write_below(self, folder: Path) -> str:
        """Where it lies then, as it was looked at; the file that it came from may be another one by now."""
        path = folder / "request.csr"
        path.write_bytes(self.pem)
        return str(path)


def parse(data: bytes) -> Csr:
    """The first request of a PEM file. Raises ValueError when there is none."""
    try:
        der = next(body for label, body in pem.blocks(data) if label in _LABELS)
        _, subject, public_key, *attributes = children(children(inside(der))[0][1])
        names = tuple(name for tag, content, _ in attributes if tag == 0xA0 for name in _requested_names(content))
        return Csr(data, common_name(subject[1]), names, key_type_of(public_key[1]), public_key_of(public_key[1]))
    except (StopIteration, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ValueError("not a certificate request") from error


def _requested_names(attributes: bytes) -> Iterator[str]:
    for _, attribute, _ in children(attributes):
        (_, kind, _), (_, values, _) = children(attribute)[:2]
        for _, extension, _ in children(inside(values)) if kind == _EXTENSION_REQUEST else ():
            parts = children(extension)
            if parts[0][1] == SUBJECT_ALTERNATIVE_NAME:
                yield from alternative_names(parts[-1][1])
