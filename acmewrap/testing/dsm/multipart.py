"""``multipart/form-data``, byte for byte: what clients send beyond a file's own bytes must reach the handler."""

from __future__ import annotations

import re
from typing import Dict, Tuple

from .state import Upload


def parse_multipart(body: bytes, content_type: str) -> Tuple[Dict[str, str], Dict[str, Upload]]:
    """The text fields and the files of *body*. Raises ValueError when it is not what *content_type* says."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if boundary is None:
        raise ValueError("no boundary in the content type")
    delimiter = b"\r\n--" + boundary.group(1).encode("ascii")
    head, *parts = (b"\r\n" + body).split(delimiter)
    if head.strip() or not parts or not parts[-1].startswith(b"--"):
        raise ValueError("the body is not made of parts")
    fields: Dict[str, str] = {}
    uploads: Dict[str, Upload] = {}
    for part in parts[:-1]:
        header, separator, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="([^"]*)"', header)
        if not separator or name is None:
            raise ValueError("a part has no name")
        filename = re.search(rb'filename="([^"]*)"', header)
        if filename is None:
            fields[name.group(1).decode()] = content.decode("utf-8", "surrogateescape")
        else:
            uploads[name.group(1).decode()] = Upload(filename.group(1).decode("utf-8", "replace"), content)
    return fields, uploads
