"""An import of our own, for what acme.sh's hook cannot do: to find an entry again whose description its ``sed`` does not match,
and to upload a certificate that has no chain. Shape of the request: acme.sh ``deploy/synology_dsm.sh``, N4S4.
"""

from __future__ import annotations

import secrets
from typing import Dict, Optional, Tuple

from ..driver.homes.home import CertificateFiles
from ..system import reading
from .certificates import Listed
from .web import Client

_API = "SYNO.Core.Certificate"
_FILE_TYPE = "application/octet-stream"


def hook_can_find(description: str) -> bool:
    r"""Whether the hook's ``s/…/…/`` over DSM's answer matches it: DSM may write ``\uXXXX`` for what is not ASCII, and a slash
    ends the pattern.
    """
    return description.isascii() and "/" not in description


def has_chain(files: CertificateFiles) -> bool:
    """The hook uploads an empty file for a chain that is not there, and DSM answers 5510 or 5512."""
    return files.chain.is_file() and bool(reading.read_bytes(files.chain).strip())


def import_certificate(client: Client, files: CertificateFiles, description: str, found: Optional[Listed]) -> None:
    """Upload *files* as a new entry, or in the place of the one that was *found*, whose services keep it.

    Raises :class:`ApiError`, and :class:`UnreachableError` when the answer did not come: then the list shows what was done.
    """
    fields = {"id": found.id if found is not None else "", "desc": description}
    if found is not None and found.is_default:
        fields["as_default"] = "true"  # any text makes it the default, "false" as well
    parts = {
        "key": ("private.key", reading.read_bytes(files.key)),
        "cert": ("cert.cer", reading.read_bytes(files.certificate)),
    }
    if has_chain(files):
        parts["inter_cert"] = ("ca.cer", reading.read_bytes(files.chain))
    client.upload(_API, "import", 1, *encode(fields, parts))


def encode(fields: Dict[str, str], files: Dict[str, Tuple[str, bytes]]) -> Tuple[bytes, str]:
    """``multipart/form-data``, the files first as DSM's own page sends them: the body and its content type."""
    boundary = secrets.token_hex(16)
    body = b""
    for name, (filename, content) in files.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'.encode()
        body += f"Content-Type: {_FILE_TYPE}\r\n\r\n".encode() + content + b"\r\n"
    for name, text in fields.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
