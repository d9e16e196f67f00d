"""What is to be seen at a name from this machine: whether a token in the webroot is what an authority would be shown (http-01)."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Iterator, Literal, Optional

from ..frozen import frozen
from ..net.connection import Deadline, Place, resolve
from ..net.http import PORTS, Http, HttpError
from ..net.tls import Trust
from . import webroot

_TIMEOUT = 3.0
_LIMIT = 1024 * 1024
_MOST_REDIRECTS = 5
_PREFIX = "acmewrap-"


@frozen
class Look:
    """``other``: something answers, and not with the token. ``message`` tells it with addresses and status."""

    found: Literal["served", "silent", "other"]
    message: str


def find_address(name: str, port: int = PORTS["http"]) -> Optional[str]:
    """Where this machine's DNS says that *name* is."""
    try:
        return resolve((name, port), Deadline(_TIMEOUT))[0][0]
    except (OSError, ValueError):
        return None


def look(name: str, folder: Path, address: str, port: int = PORTS["http"]) -> Look:
    """Lay a token into the webroot *folder* for a moment, and ask *address* for it as an authority does. Raises OSError where it
    cannot be laid.
    """
    token, content = _PREFIX + secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    url = f"http://{name}/{webroot.CHALLENGES}/{token}"
    with _laid(folder / webroot.CHALLENGES / token, content):
        try:
            reply = _client(name, address, port).fetch(url)
        except (OSError, HttpError) as error:
            why = getattr(error, "strerror", None) or error
            return Look("silent", f"{name} at {address}, port {port}: {why}")
    if reply.status == 200 and reply.body.strip() == content.encode("ascii"):
        return Look("served", f"{url} was answered with what lies in {folder}")
    answer = "other content" if reply.status == 200 else f"HTTP status {reply.status}"
    return Look("other", f"{url} was answered with {answer}, not with what lies in {folder}")


@contextlib.contextmanager
def _laid(path: Path, content: str) -> Iterator[None]:
    """A file that everybody can read, gone again afterwards."""
    handle = os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            os.fchmod(stream.fileno(), 0o644)
            stream.write(content)
        yield
    finally:
        path.unlink()


def _client(name: str, address: str, port: int) -> Http:
    """As an authority asks: at *address* and *port*, followed where that leads, and whatever certificate a redirect to https
    shows is good enough (RFC 8555 section 8.3). No proxy is asked.
    """

    def route(place: Place) -> Place:
        host, number = place
        return address if host == name else host, port if number == PORTS["http"] else number

    return Http(_TIMEOUT, _LIMIT, trust=Trust(anybody=True), redirects=_MOST_REDIRECTS, route=route)
