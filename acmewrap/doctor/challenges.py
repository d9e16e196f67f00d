"""The names: that they lead somewhere, and that a token in the webroot is what the authority would be shown (http-01)."""

from __future__ import annotations

import contextlib
import getpass
import grp
import os
import secrets
import socket
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, Optional

from ..catalogue import failure
from ..config.model import Challenge, Dns, Webroot
from ..connection import Place
from ..host import webroot
from ..http import PORTS, Http, HttpError
from ..tls import Trust
from .finding import Check, DoctorContext, Finding, NotLooked
from .machine import mender, steps

_TIMEOUT = 3.0
_LIMIT = 1024 * 1024
_MOST_REDIRECTS = 5
_PREFIX = "acmewrap-"


def checks(patient: DoctorContext) -> Iterator[Check]:
    names: Dict[str, Challenge] = {}
    for certificate in patient.certificates():
        for name, challenge in zip(certificate.domains, certificate.challenges):
            names.setdefault(name, challenge)
    for folder in dict.fromkeys(one.path for one in names.values() if isinstance(one, Webroot)):
        yield Check(f"the webroot {folder}", partial(_webroot, patient, folder))
    for name, challenge in names.items():
        if not isinstance(challenge, Dns):
            yield Check(f"the name {name}", partial(_name, patient, name, challenge))


def _webroot(patient: DoctorContext, folder: Path) -> Iterator[Finding]:
    for step in steps(patient, "webroot"):
        if step.subject == str(folder):
            who = {"user": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}
            told = failure("webroot.not_writable", f"{folder}: {step.reason}", (), webroot=folder, **who)
            yield Finding(told, mender(patient, step))


def _name(patient: DoctorContext, name: str, challenge: Challenge) -> Iterator[Finding]:
    address = patient.address or _address(name, patient.http_port)
    if address is None:
        told = f"this machine's DNS knows no address of {name}"
        yield Finding(failure("doctor.name_unresolved", told, domain=name))
    elif isinstance(challenge, Webroot):
        if webroot.inspect(challenge.path) != "ready":
            raise NotLooked("no token can be laid into its webroot")
        yield from _token(patient, name, challenge.path, address)


def _address(name: str, port: int) -> Optional[str]:
    try:
        return str(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        return None


def _token(patient: DoctorContext, name: str, folder: Path, address: str) -> Iterator[Finding]:
    token, content = _PREFIX + secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    path = folder / webroot.CHALLENGES / token
    url = f"http://{name}/{webroot.CHALLENGES}/{token}"
    try:
        with _laid(path, content):
            reply = _speaker(name, address, patient.http_port).fetch(url)
    except (OSError, HttpError) as error:
        why = getattr(error, "strerror", None) or error
        told = f"{name} at {address}, port {patient.http_port}: {why}"
        yield Finding(failure("doctor.web_server_silent", told, domain=name))
        return
    if reply.status != 200 or reply.body.strip() != content.encode("ascii"):
        answer = "other content" if reply.status == 200 else f"HTTP status {reply.status}"
        told = f"{url} was answered with {answer}, not with what lies in {folder}"
        yield Finding(failure("doctor.token_not_served", told, domain=name, webroot=folder))


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
