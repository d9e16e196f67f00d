"""From what is wanted and what is there to what is to be done. Pure: no clock, no disk, no network; every step says why."""

from __future__ import annotations

from typing import AbstractSet, Iterator, Optional, Sequence, Tuple

from .. import reasons
from ..backoff import MOST_REDELIVERIES, is_look_due
from ..config.model import Certificate, Config, Target
from ..errors import Failure
from ..formats.timefmt import instant
from ..frozen import field, frozen, replace
from ..pki.x509 import X509
from ..reasons import Plain, Reason
from ..state.ledger import LedgerEntry
from ..state.model import ALL_PARTS, CertificateState, Part, State, entry_name
from . import steps
from .due import due_of, interval_of, is_waiting
from .fingerprint import find_change
from .steps import CERTIFICATE_KINDS, LAST_KINDS, MACHINE_KINDS, CheckRenewalInfo, Kind, ObtainCertificate, Step


@frozen
class Plan:
    """Steps in the order in which they are done; none: the machine is as it should be. ``leftovers``: what could be removed
    besides, and is not, as nobody asked to; ``notes``: what could not be looked at, or is not ours to change; ``state``: what it
    was made from.
    """

    steps: Tuple[Step, ...] = ()
    leftovers: Tuple[Step, ...] = ()
    notes: Tuple[Reason, ...] = ()
    state: State = field(default_factory=State, compare=False, repr=False)

    @property
    def blocked(self) -> Tuple[Step, ...]:
        """Those of the steps that can only fail."""
        return tuple(step for step in self.steps if isinstance(step.reason, (reasons.Blocked, reasons.NotObserved)))

    @property
    def failures(self) -> Tuple[Failure, ...]:
        """What could not be read, and what steps can only fail of; each once."""
        found = (step.reason.failure for step in self.blocked)  # type: ignore[union-attr]
        return tuple(dict.fromkeys((*self.state.unread, *found)))

    def following(self, other: Plan) -> Plan:
        """What of this plan is left to do after *other*: the certificates about which it did no more than ask."""
        asked = {step.certificate for step in other.steps if isinstance(step, CheckRenewalInfo)}
        done = {step.certificate for step in other.steps if not isinstance(step, CheckRenewalInfo)}
        left = (step for step in self.steps if step.certificate in asked - done)
        return Plan(tuple(step for step in left if not isinstance(step, CheckRenewalInfo)))


@frozen
class PlanOptions:
    """What this run may do: ``kinds`` of steps, made from ``parts`` of the machine. ``force``: issue or deploy although nothing is
    due; ``respect_backoff``: wait out earlier failures; ``reissue_on_change``: reissue because the file asks for another
    certificate; ``prune``: remove what the file no longer names, of that only the steps that are ``agreed`` to (None: all);
    ``watch``: look again at what was proven, when it is time or there is something to do.
    """

    kinds: Tuple[Kind, ...] = (*MACHINE_KINDS, *CERTIFICATE_KINDS, *LAST_KINDS)
    parts: AbstractSet[Part] = ALL_PARTS
    force: bool = False
    respect_backoff: bool = False
    reissue_on_change: bool = True
    prune: bool = False
    agreed: Optional[Tuple[Step, ...]] = None
    watch: bool = False


def plan(config: Config, state: State, now: float, options: Optional[PlanOptions] = None) -> Plan:
    """What is to be done. Certificates that *state* does not hold are left alone."""
    options = options or PlanOptions()
    before: Tuple[Step, ...] = ()
    after: Tuple[Step, ...] = ()
    leftovers: Tuple[Step, ...] = ()
    if not {*CERTIFICATE_KINDS, "revoke"}.issuperset(options.kinds):
        from . import machine

        before = tuple(machine.prepare(config, state, force=options.force))
        after = tuple(machine.schedule(config, state))
        leftovers = tuple(machine.find_leftovers(config, state)) if "remove" in options.kinds else ()
    found = [*before, *_certificates(config, state, now, options), *after]
    found.extend(_revocations(config, state, now, options, [step for step in found if step.kind in options.kinds]))
    chosen = tuple(step for step in found if step.kind in options.kinds)
    unmanaged = () if state.nas is None or state.nas.note is None else (state.nas.note,)
    foreign = (reasons.NotOurs(excess.describe()) for excess in state.modes if not excess.ours)
    notes: Tuple[Reason, ...] = (*unmanaged, *map(reasons.NotObserved, state.unread), *foreign)
    removed = tuple(step for step in leftovers if options.prune and (options.agreed is None or step in options.agreed))
    return Plan((*chosen, *removed), tuple(step for step in leftovers if step not in removed), notes, state)


def _certificates(config: Config, state: State, now: float, options: PlanOptions) -> Iterator[Step]:
    for name, found in state.certificates.items():
        certificate = config.certificates[name]
        authority = config.authority_of(certificate)
        if found.unread is not None:  # nobody knows what would be to do
            continue
        obtaining = _obtain(config, certificate, found, now, options)
        waits = _waits(config, found.attempts, found.leaf, now, options)
        if obtaining is not None and (waits or obtaining.kind not in options.kinds):
            obtaining = None
        if obtaining is not None and name in state.obstacles:
            yield replace(obtaining, reason=reasons.Blocked(state.obstacles[name]))
            obtaining = None
        elif obtaining is not None:
            yield obtaining
        elif found.advice is not None and is_look_due(found.advice.next_look, now):
            yield CheckRenewalInfo(Plain.ADVICE_OUTDATED, certificate, authority)
        for target in certificate.targets:
            pending = _pending(config, target, found, state, options, now=now)
            reason = Plain.NEW_CERTIFICATE if obtaining is not None else pending
            obstacle = state.obstacles.get(entry_name(name, target.name))
            if reason is not None:
                reason = reason if obstacle is None else reasons.Blocked(obstacle)
                yield steps.DeployCertificate(reason, certificate, authority, target, options.force)


def _waits(config: Config, entry: LedgerEntry, leaf: Optional[X509], now: float, options: PlanOptions) -> bool:
    return options.respect_backoff and is_waiting(entry, leaf, now, interval_of(config.schedule))


def _obtain(
    config: Config, certificate: Certificate, found: CertificateState, now: float, options: PlanOptions
) -> Optional[ObtainCertificate]:
    """What its age or the file asks for, whether or not this run may do it."""
    stored, authority = found.stored, config.authority_of(certificate)
    if found.compromised:
        return steps.ReissueCertificate(Plain.COMPROMISED, certificate, authority)
    if stored is None or stored.leaf is None:
        return steps.IssueCertificate(Plain.NOT_YET_ISSUED, certificate, authority)
    fault = found.find_fault(now)
    if fault is not None:
        return steps.ReissueCertificate(reasons.SetBroken(fault), certificate, authority)
    change = find_change(config, certificate, stored)
    due, end = due_of(config, certificate, stored, found.advice) or 0, stored.leaf.validity[1]
    if change is not None and (options.reissue_on_change or options.force or due <= now):
        return steps.ReissueCertificate(change, certificate, authority)
    if due <= now:
        own = found.advice is None or found.advice.chosen is None
        late: Reason = reasons.Due(instant(due), int(end - now), "configuration" if own else "authority")
        if end <= now:
            late = reasons.Expired(stored.leaf.not_after)
        return steps.RenewCertificate(late, certificate, authority)
    if options.force and "renew" in options.kinds:
        return steps.RenewCertificate(Plain.FORCED, certificate, authority)
    return None


def _revocations(
    config: Config, state: State, now: float, options: PlanOptions, before: Sequence[Step]
) -> Iterator[Step]:
    """Of what is to be revoked that for which nothing else is left to do after the steps *before*, and nothing waits."""
    for one in state.revocations:
        if _waits(config, one.attempts, one.leaf, now, options):
            continue
        done, found = [step for step in before if step.certificate == one.name], state.certificates.get(one.name)
        if found is not None:
            missing = found.unproven(config, config.certificates[one.name])
            if not {*missing, *((None,) if found.compromised else ())} <= {step.target for step in done}:
                continue
        obstacle = next((step.reason for step in done if isinstance(step.reason, reasons.Blocked)), Plain.COMPROMISED)
        yield steps.RevokeCertificate(obstacle, one)


def _pending(
    config: Config, target: Target, found: CertificateState, state: State, options: PlanOptions, *, now: float
) -> Optional[Reason]:
    """Why the certificate that is there is to be deployed to *target*; None when it need not be, or not now."""
    leaf = found.leaf
    if leaf is None or found.fault is not None:
        return None
    if options.force and "renew" not in options.kinds:
        return Plain.FORCED
    if leaf.validity[1] <= now:  # what is served instead may be valid
        return None
    entry, observed = found.deliveries[target.name], found.observations.get(target.name)
    waits = entry.wanted == leaf.sha256 and _waits(config, entry, leaf, now, options)
    if (entry.seen if observed is None else observed.served) == leaf.sha256:
        if entry.awaits_reload(config, target.install, leaf.sha256):
            return None if waits else Plain.NOT_RELOADED
        if entry.seen != leaf.sha256:
            return Plain.NOT_RECORDED
        if target.synology is None or state.nas is None:
            return None
        # It has arrived; a NAS may nevertheless not use it as the file says.
        return state.nas.assignments.get(target.synology.description)
    if waits:
        return None
    if options.watch and observed is not None and entry.seen == leaf.sha256:
        if observed.obstacle is not None:  # as it was, for all that is known
            return None
        if entry.redelivered >= MOST_REDELIVERIES:
            return reasons.Reverted(observed.served, entry.redelivered)
    if observed is not None:
        return reasons.NotServed(observed.served, observed.error)
    return Plain.NOT_PROVEN if entry.seen is None else Plain.SUPERSEDED
