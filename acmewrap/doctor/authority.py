"""Each authority: the bundle that it is trusted through, its directory, and what its clock says of ours."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Iterator

from ..acme import directory
from ..config.model import Authority
from ..config.references import proxy_or_environment
from ..errors import UnreachableError
from ..formats.timefmt import clock_off, instant, moment, span
from ..net.tls import BAD_DATES
from ..pki import x509
from ..pki.x509 import X509
from ..plan.machine_steps import WriteBundle
from ..reasons import Blocked
from ..report import wording
from ..system.reading import read_bytes
from .finding import Check, DoctorContext, Finding
from .machine import steps

_TIMEOUT = 3.0
_SKEW = 60.0
_NOTICE = timedelta(days=90)


def checks(context: DoctorContext) -> Iterator[Check]:
    for name in dict.fromkeys(certificate.authority for certificate in context.certificates()):
        authority = context.config.authorities[name]
        yield Check(f"the authority {name} ({authority.server})", partial(_look, context, authority))


def _look(context: DoctorContext, authority: Authority) -> Iterator[Finding]:
    bundle = list(_bundle(context, authority))
    yield from bundle
    if bundle:  # what the directory says over such a bundle would be the same once more
        return
    yield from _end(context, authority)
    proxy = proxy_or_environment(authority, context.environ)
    try:
        date = directory.fetch(authority.server, authority.ca_bundle, proxy, _TIMEOUT).date
    except UnreachableError as error:
        date = directory.read_clock(authority.server, proxy, _TIMEOUT) if error.verify_code in BAD_DATES else None
        if date is None or abs(context.clock() - date) <= _SKEW:
            yield Finding(error.failure)
            return
    if date is not None:
        skew = context.clock() - date
        if abs(skew) > _SKEW:
            yield Finding.of("doctor.clock_skew", clock_off(skew, authority.server))


def _bundle(context: DoctorContext, authority: Authority) -> Iterator[Finding]:
    path = authority.ca_bundle
    if path is None:
        return
    for step in steps(context, "bundle", WriteBundle):
        if step.path == path:
            message = f"{path}: {wording.reason_of(step)}"
            if isinstance(step.reason, Blocked):
                yield Finding(step.reason.failure)
            else:
                yield Finding.of("bundle.missing", message, step, server=authority.server, ca_bundle=path)
            return
    try:
        last = _last_root(path)
    except ValueError as error:
        yield Finding.of("doctor.bundle_invalid", f"{path}: {error}", server=authority.server, ca_bundle=path)
        return
    if not _is_root(last):
        message = f"{path} holds the certificate of {', '.join(last.names) or last.subject}"
        yield Finding.of("doctor.bundle_not_ca", message, ca_bundle=path)
    elif last.not_after.timestamp() <= context.clock():
        message = f"{path}: {last.subject} ended on {moment(last.not_after)}"
        yield Finding.of("doctor.bundle_expired", message, ca_bundle=path)


def _end(context: DoctorContext, authority: Authority) -> Iterator[Finding]:
    """A warning in time for the next root to be put beside the last one: of those with a short life in its last third."""
    if authority.ca_bundle is not None:
        last, now = _last_root(authority.ca_bundle), instant(context.clock())
        if last.not_after - now < min(_NOTICE, last.lifetime / 3):
            left = span(last.not_after - now)
            message = f"{authority.ca_bundle}: {last.subject}, the last of its roots, ends on {moment(last.not_after)}, in {left}"
            yield Finding.of("doctor.root_ends", message, server=authority.server, ca_bundle=authority.ca_bundle)


def _last_root(path: Path) -> X509:
    """The certificate in the file *path* that is valid for longest, roots before others. Raises ValueError."""
    return max(x509.parse_pem(read_bytes(path)), key=lambda one: (_is_root(one), one.not_after))


def _is_root(one: X509) -> bool:
    return one.is_authority or one.issuer_der == one.subject_der
