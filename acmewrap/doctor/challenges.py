"""The names: that they lead somewhere, and that a token in the webroot is what the authority would be shown (http-01)."""

from __future__ import annotations

import contextlib
import os
import secrets
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, Optional

from ..config.challenges import Challenge, Dns, Webroot
from ..host import webroot
from ..net.connection import Deadline, Place, resolve
from ..net.http import PORTS, Http, HttpError
from ..net.tls import Trust
from ..plan.steps import PrepareWebroot
from ..report import wording
from ..system.privileges import User
from ..system.trust import find_dsm_tools
from .finding import Check, DoctorContext, Finding, NotLooked
from .machine import steps

_TIMEOUT = 3.0
_LIMIT = 1024 * 1024
_MOST_REDIRECTS = 5
_PREFIX = "acmewrap-"


def checks(context: DoctorContext) -> Iterator[Check]:
    names: Dict[str, Challenge] = {}
    for certificate in context.certificates():
        for name, challenge in zip(certificate.domains, certificate.challenges):
            names.setdefault(name, challenge)
    for folder in dict.fromkeys(one.path for one in names.values() if isinstance(one, Webroot)):
        yield Check(f"the webroot {folder}", partial(_webroot, context, folder))
    for name, challenge in names.items():
        if not isinstance(challenge, Dns):
            yield Check(f"the name {name}", partial(_name, context, name, challenge))


def _webroot(context: DoctorContext, folder: Path) -> Iterator[Finding]:
    for step in steps(context, "webroot", PrepareWebroot):
        if step.path == folder:
            message = f"{folder}: {wording.reason_of(step)}"
            gone = not folder.exists() and find_dsm_tools(context.environ) is not None
            id = "doctor.webroot_lost" if gone else "webroot.not_writable"
            yield Finding.of(id, message, step, webroot=folder, user=User.current().name, group=os.getegid())


def _name(context: DoctorContext, name: str, challenge: Challenge) -> Iterator[Finding]:
    address = context.address or _address(name, context.http_port)
    if address is None:
        message = f"this machine's DNS knows no address of {name}"
        yield Finding.of("doctor.name_unresolved", message, domain=name)
    elif isinstance(challenge, Webroot):
        if webroot.inspect(challenge.path) != "ready":
            raise NotLooked("no token can be laid into its webroot")
        if not context.writes:
            raise NotLooked("--dry-run lays no token into its webroot")
        yield from _token(context, name, challenge.path, address)


def _address(name: str, port: int) -> Optional[str]:
    try:
        return resolve((name, port), Deadline(_TIMEOUT))[0][0]
    except (OSError, ValueError):
        return None


def _token(context: DoctorContext, name: str, folder: Path, address: str) -> Iterator[Finding]:
    token, content = _PREFIX + secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    path = folder / webroot.CHALLENGES / token
    url = f"http://{name}/{webroot.CHALLENGES}/{token}"
    try:
        with _laid(path, content):
            reply = _speaker(name, address, context.http_port).fetch(url)
    except (OSError, HttpError) as error:
        why = getattr(error, "strerror", None) or error
        message = f"{name} at {address}, port {context.http_port}: {why}"
        yield Finding.of("doctor.web_server_silent", message, domain=name)
        return
    if reply.status != 200 or reply.body.strip() != content.encode("ascii"):
        answer = "other content" if reply.status == 200 else f"HTTP status {reply.status}"
        message = f"{url} was answered with {answer}, not with what lies in {folder}"
        yield Finding.of("doctor.token_not_served", message, domain=name, webroot=folder)


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


def _speaker(name: str, address: str, port: int) -> Http:
    """As an authority asks: at *address* and *port*, followed where that leads, and whatever certificate a redirect to https
    shows is good enough (RFC 8555 section 8.3). No proxy is asked.
    """

    def route(place: Place) -> Place:
        host, number = place
        return address if host == name else host, port if number == PORTS["http"] else number

    return Http(_TIMEOUT, _LIMIT, trust=Trust(anybody=True), redirects=_MOST_REDIRECTS, route=route)
