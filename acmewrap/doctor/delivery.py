"""Each certificate and where it goes: on disk, in time, served."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Iterator, Tuple

from ..config.model import Certificate, Target
from ..errors import Failure
from ..formats.text import counted
from ..formats.timefmt import instant, moment, span
from ..plan.due import due_at
from ..state.ledger import LedgerEntry
from ..state.machine import read_state
from ..state.model import CERTIFICATE_PARTS, CertificateState
from ..verify import local_files
from .finding import Check, DoctorContext, Finding, NotLooked
from .upkeep import interval


def checks(context: DoctorContext) -> Iterator[Check]:
    state = read_state(context.config, CERTIFICATE_PARTS, context.names)
    for certificate in context.certificates():
        found = state.certificates[certificate.name]
        yield Check(f"the certificate {certificate.name}", partial(_certificate, context, certificate, found))
        for target in certificate.targets:
            yield Check(f"{certificate.name} at {target.name}", partial(_target, context, certificate, target, found))


def _certificate(context: DoctorContext, certificate: Certificate, found: CertificateState) -> Iterator[Finding]:
    leaf = found.leaf
    name, last = certificate.name, _last_failure(found.attempts)
    if found.unread is not None:
        yield Finding(found.unread)
        return
    if leaf is None:
        yield Finding.of("certificate.not_issued", f"{name} has not been issued yet", lines=last, name=name)
        return
    now, due = instant(context.clock()), instant(due_at(*leaf.validity, certificate.renew))
    grace = min(timedelta(seconds=interval(context)), (leaf.not_after - due) / 2)
    fault = found.find_fault(context.clock())
    if fault is not None:
        message, id = f"{name}: {fault}", "certificate.mismatch" if found.fault is not None else "certificate.not_valid"
    elif leaf.not_after <= now:
        message, id = f"{name} expired on {moment(leaf.not_after)}", "doctor.certificate_expired"
    elif now > due + grace:
        message = f"{name} should have been renewed on {moment(due)}, {span(leaf.not_after - now)} of its life left"
        id = "doctor.certificate_overdue"
    elif found.attempts.error is not None:
        message, id = f"{counted(found.attempts.attempts, 'attempt')} to renew {name} failed", "doctor.issue_failing"
    elif found.stored is not None and found.stored.chain_until is not None and found.stored.chain_until < due:
        message = f"a certificate that {name} was signed with ends on {moment(found.stored.chain_until)}"
        message, id = f"{message}, before the renewal on {moment(due)}", "doctor.chain_ends"
    else:
        return
    yield Finding.of(id, message, lines=last, name=name)


def _target(
    context: DoctorContext, certificate: Certificate, target: Target, found: CertificateState
) -> Iterator[Finding]:
    leaf = found.leaf
    if leaf is None:
        raise NotLooked("there is no certificate yet" if found.unread is None else "the certificate cannot be read")
    if leaf.validity[1] <= context.clock():
        raise NotLooked("the certificate has expired")
    entry, name = found.deliveries[target.name], certificate.name
    if not local_files.can_look(target):
        if entry.seen != leaf.sha256:
            message = f"{name} has not been deployed to {target.name} yet"
            yield Finding.of("doctor.not_deployed", message, lines=_last_failure(entry), name=name)
        return
    observed = local_files.look(target, leaf, found.stored.issuers() if found.stored is not None else ())
    if observed.error is not None:
        yield Finding.of("doctor.target_silent", observed.error, target=target.verify or target.name)
    elif observed.served != leaf.sha256:
        message = f"{target.verify or target.name} shows another certificate than the one of {name} on disk"
        yield Finding.of("doctor.not_served", message, lines=_last_failure(entry), name=name)
    elif observed.flaws:
        flaws = " and ".join(flaw.replace("_", " ") for flaw in observed.flaws)
        message = f"{target.verify} shows {name} beside a chain that is {flaws}"
        yield Finding.of("doctor.chain", message, target=target.verify)


def _last_failure(entry: LedgerEntry) -> Tuple[str, ...]:
    """Why it is so, and what is to be done about that first."""
    last = Failure.read(entry.error)
    return () if last is None else (f"the last failure: {last}", f"What to do: {last.remedy}")
