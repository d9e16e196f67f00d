"""Each certificate and where it goes: on disk, in time, served; and whether DSM lets us in."""

from __future__ import annotations

from functools import partial
from typing import Iterator

from ..catalogue import failure
from ..config.model import Certificate, Synology, Target
from ..errors import AcmewrapError
from ..plan.due import due_at
from ..secrets import resolve
from ..state.ledger import Entry
from ..state.machine import CERTIFICATE_PARTS, CertificateState, read_state
from ..synology import certificates, sessions
from ..timefmt import moment, span
from ..verify import local_files
from .finding import Check, DoctorContext, Finding, NotLooked
from .upkeep import interval


def checks(patient: DoctorContext) -> Iterator[Check]:
    state = read_state(patient.config, CERTIFICATE_PARTS, patient.names)
    for certificate in patient.certificates():
        found = state.certificates[certificate.name]
        yield Check(f"the certificate {certificate.name}", partial(_certificate, patient, certificate, found))
        for target in certificate.targets:
            yield Check(f"{certificate.name} at {target.name}", partial(_target, certificate, target, found))
    synology = patient.config.synology
    if synology is not None and any(target.synology for _, target in patient.targets()):
        yield Check(f"DSM at {synology.url}", partial(_dsm, patient, synology))


def _certificate(patient: DoctorContext, certificate: Certificate, found: CertificateState) -> Iterator[Finding]:
    leaf = found.stored.leaf if found.stored is not None else None
    name, last = certificate.name, _last_error(found.attempts)
    if leaf is None:
        told = f"{name} was not issued yet{last}"
        yield Finding(failure("certificate.not_issued", told, name=name))
        return
    now, due = patient.clock(), due_at(leaf.not_before, leaf.not_after, certificate.renew)
    grace = min(interval(patient), (leaf.not_after - due) / 2)
    if found.fault is not None:
        told, id = f"{name}: {found.fault}", "certificate.mismatch"
    elif leaf.not_after <= now:
        told, id = f"{name} expired on {moment(leaf.not_after)}{last}", "doctor.certificate_expired"
    elif now > due + grace:
        told = f"{name} should have been renewed on {moment(due)}, {span(leaf.not_after - now)} of its life left{last}"
        id = "doctor.certificate_overdue"
    elif found.attempts.error is not None:
        told, id = f"{name} could not be renewed {found.attempts.attempts} times{last}", "doctor.issue_failing"
    else:
        return
    yield Finding(failure(id, told, name=name))


def _target(certificate: Certificate, target: Target, found: CertificateState) -> Iterator[Finding]:
    leaf = found.stored.leaf if found.stored is not None else None
    if leaf is None:
        raise NotLooked("there is no certificate yet")
    entry, name = found.deliveries[target.name], certificate.name
    if not local_files.can_look(target):
        if entry.seen != leaf.sha256:
            told = f"{name} was not delivered to {target.name} yet{_last_error(entry)}"
            yield Finding(failure("doctor.not_delivered", told, name=name))
        return
    sight = local_files.look(target, leaf.sha256)
    if sight.error is not None:
        yield Finding(failure("doctor.target_silent", sight.error, target=target.verify or target.name))
    elif sight.served != leaf.sha256:
        told = f"{target.verify or target.name} shows another certificate than the one of {name} on disk{_last_error(entry)}"
        yield Finding(failure("doctor.not_served", told, name=name))


def _last_error(entry: Entry) -> str:
    return "" if entry.error is None else f"; the last failure: {entry.error['message']} [{entry.error['id']}]"


def _dsm(patient: DoctorContext, synology: Synology) -> Iterator[Finding]:
    try:
        resolve(synology.account.password, patient.environ)
    except AcmewrapError:  # told among the secrets
        raise NotLooked("its password cannot be read") from None
    with sessions.open_account(patient.config, patient.environ) as client:
        certificates.find(certificates.read(client), synology.certificate.description)
    yield from ()
