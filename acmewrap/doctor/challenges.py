"""The names: that they lead somewhere, and that a token in the webroot is what the authority would be shown (http-01)."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Dict, Iterator

from ..config.challenges import Challenge, Dns, Webroot
from ..host import token, webroot
from ..plan.machine_steps import PrepareWebroot
from ..report import wording
from ..system.privileges import User
from ..system.trust import find_dsm_tools
from .finding import Check, DoctorContext, Finding, NotLooked
from .machine import steps


def checks(context: DoctorContext) -> Iterator[Check]:
    names: Dict[str, Challenge] = {}
    for certificate in context.certificates():
        for name, challenge in zip(certificate.domains, certificate.challenges):
            names.setdefault(name, challenge)
    for folder in dict.fromkeys(challenge.path for challenge in names.values() if isinstance(challenge, Webroot)):
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
    address = context.address or token.find_address(name, context.http_port)
    if address is None:
        message = f"this machine's DNS knows no address of {name}"
        yield Finding.of("doctor.name_unresolved", message, domain=name)
    elif isinstance(challenge, Webroot):
        if webroot.inspect(challenge.path) != "ready":
            raise NotLooked("no token can be laid into its webroot")
        if not context.writes:
            raise NotLooked("--dry-run lays no token into its webroot")
        yield from _token(context, name, challenge.path, address)


def _token(context: DoctorContext, name: str, folder: Path, address: str) -> Iterator[Finding]:
    try:
        seen = token.look(name, folder, address, context.http_port)
    except OSError as error:
        raise NotLooked(f"no token can be laid into its webroot: {error.strerror}") from error
    if seen.found == "silent":
        yield Finding.of("doctor.web_server_silent", seen.message, domain=name)
    elif seen.found == "other":
        yield Finding.of("doctor.token_not_served", seen.message, domain=name, webroot=folder)
