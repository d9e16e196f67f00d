"""From what is wanted and what is there to what is to be done. Pure: no clock, no disk, no network; every step says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Literal, Optional, Tuple

from ..config.model import Certificate, Config, Target
from ..state.machine import CertificateState, State
from ..timefmt import moment, span
from .due import due_of
from .fingerprint import find_change

Kind = Literal[
    "install",
    "bundle",
    "webroot",
    "render",
    "mode",
    "account",
    "consult",
    "issue",
    "reissue",
    "renew",
    "deploy",
    "schedule",
    "remove",
]
MACHINE_KINDS: Tuple[Kind, ...] = ("install", "bundle", "webroot", "render", "mode", "account")
CERTIFICATE_KINDS: Tuple[Kind, ...] = ("consult", "issue", "reissue", "renew", "deploy")
OBTAINING: Tuple[Kind, ...] = ("issue", "reissue", "renew")
LAST_KINDS: Tuple[Kind, ...] = ("schedule", "remove")


@dataclass(frozen=True)
class Step:
    """One thing to do. ``subject`` names it for a person; ``proof`` says what will show that it worked; ``force``: what
    somebody changed there may be replaced, and what is served already is delivered again.
    """

    kind: Kind
    subject: str
    reason: str
    proof: str
    certificate: Optional[str] = None
    target: Optional[str] = None
    force: bool = False


@dataclass(frozen=True)
class Plan:
    """Steps in the order in which they are done; none: the machine is as it should be. ``leftovers``: what could be removed
    besides, and is not, as nobody asked to; ``notes``: what could not be looked at.
    """

    steps: Tuple[Step, ...] = ()
    leftovers: Tuple[Step, ...] = ()
    notes: Tuple[str, ...] = ()

    def of(self, certificate: str) -> Tuple[Step, ...]:
        return tuple(step for step in self.steps if step.certificate == certificate)

    def following(self, other: Plan) -> Plan:
        """What of this plan is left to do after *other*: the certificates about which it did no more than ask."""
        done = {step.certificate for step in other.steps if step.kind != "consult"}
        asked = {step.certificate for step in other.steps if step.kind == "consult"} - done
        return Plan(tuple(step for step in self.steps if step.certificate in asked and step.kind != "consult"))


@dataclass(frozen=True)
class PlanOptions:
    """What this run may do. ``force``: issue or deploy although nothing is due; ``patient``: wait out earlier failures;
    ``changes``: reissue because the file asks for another certificate; ``prune``: remove what the file no longer names.
    """

    kinds: Tuple[Kind, ...] = (*MACHINE_KINDS, *CERTIFICATE_KINDS, *LAST_KINDS)
    force: bool = False
    patient: bool = False
    changes: bool = True
    prune: bool = False


def plan(config: Config, state: State, now: float, wish: Optional[PlanOptions] = None) -> Plan:
    """What is to be done. Certificates that *state* does not hold are left alone."""
    wish = wish or PlanOptions()
    found = (
        *_machine(config, state, wish),
        *_certificates(config, state, now, wish),
        *_schedule(config, state),
        *_leftovers(state),
    )
    steps = tuple(step for step in found if step.kind in wish.kinds)
    notes = (state.nas.note,) if state.nas is not None and state.nas.note is not None else ()
    if wish.prune:
        return Plan(steps, notes=notes)
    return Plan(
        tuple(step for step in steps if step.kind != "remove"),
        tuple(step for step in steps if step.kind == "remove"),
        notes,
    )


def _machine(config: Config, state: State, wish: PlanOptions) -> Iterator[Step]:
    if state.release is not None:
        proof = "every file has its pinned SHA-256"
        yield Step("install", f"acme.sh {config.acme_sh.release}", state.release.message, proof, force=wish.force)
    for path, standing in state.bundles.items():
        if standing != "same":
            yield Step("bundle", str(path), _standing(standing), "the file holds the certificates of the YAML file")
    for path, readiness in state.webroots.items():
        if readiness != "ready":
            reason = "it has no folder for tokens" if readiness == "missing" else "this user cannot write there"
            yield Step("webroot", str(path), reason, "the folder for tokens can be written")
    for path, standing in state.wrappers.items():
        if standing != "same":
            yield Step("render", str(path), _standing(standing), "the file is what the templates give")
    for path, (mode, wanted) in state.modes.items():
        yield Step("mode", str(path), f"its mode is {mode:04o}, others can reach it", f"its mode is {wanted:04o}")
    if config.synology is not None and state.nas is not None and state.nas.account:
        proof = "DSM shows it so, and the account can log in"
        yield Step("account", config.synology.account.name, "; ".join(state.nas.account), proof)


def _schedule(config: Config, state: State) -> Iterator[Step]:
    if config.schedule is not None and state.schedule != "same":
        proof = "the scheduler lists the entry"
        yield Step("schedule", config.schedule.by, f"the entry {_standing(state.schedule)[3:]}", proof)


def _leftovers(state: State) -> Iterator[Step]:
    for leftover in state.leftovers:
        proof = "it is gone from there; the last versions of a certificate are kept"
        yield Step("remove", leftover.subject, "nothing in the YAML file asks for it", proof)


def _standing(standing: str) -> str:
    return {
        "missing": "it does not exist",
        "differs": "it is not what the YAML file asks for",
        "foreign": "it was not written by acmewrap",
    }[standing]


def _certificates(config: Config, state: State, now: float, wish: PlanOptions) -> Iterator[Step]:
    for name, found in state.certificates.items():
        certificate = config.certificates[name]
        obtaining = _obtain(config, certificate, found, now, wish)
        if obtaining is not None and obtaining.kind not in wish.kinds:
            obtaining = None
        if obtaining is not None:
            yield obtaining
        elif found.advice is not None and found.advice.next_look <= now:
            proof = "there is a new one, or a time to ask again"
            yield Step("consult", name, "the authority's word on its renewal is old", proof, name)
        for target in certificate.targets:
            reason = _owed(target, found, obtaining, now, wish) or _unused(target, found, state)
            if reason is not None:
                yield _deploy_step(certificate, target, reason, wish.force)


def _obtain(
    config: Config, certificate: Certificate, found: CertificateState, now: float, wish: PlanOptions
) -> Optional[Step]:
    kind, reason = _why(config, certificate, found, now, wish)
    if kind is None or (wish.patient and found.attempts.next_try > now):
        return None
    proof = "a new leaf for these names, its key and its chain lie in the home"
    return Step(kind, certificate.name, reason, proof, certificate.name)


def _why(
    config: Config, certificate: Certificate, found: CertificateState, now: float, wish: PlanOptions
) -> Tuple[Optional[Kind], str]:
    stored = found.stored
    if stored is None or stored.leaf is None:
        return "issue", "there is no certificate yet"
    if found.fault is not None:
        return "reissue", f"what is there does not belong together: {found.fault}"
    change = find_change(config, certificate, stored)
    due = due_of(config, certificate, stored, found.advice) or 0
    if change is not None and (wish.changes or wish.force or due <= now):
        return "reissue", change
    if due <= now:
        left = int(stored.leaf.not_after - now)
        whose = "" if found.advice is None or found.advice.chosen is None else " (as the authority advises)"
        return (
            "renew",
            f"due since {moment(due)}{whose}, {'expired' if left <= 0 else f'{span(left)} of its life left'}",
        )
    if wish.force and "renew" in wish.kinds:
        return "renew", "asked for, although it is not due"
    return None, ""


def _owed(
    target: Target, found: CertificateState, obtaining: Optional[Step], now: float, wish: PlanOptions
) -> Optional[str]:
    if obtaining is not None:
        return "a new certificate comes"
    leaf = found.stored.leaf if found.stored is not None else None
    if leaf is None or found.fault is not None:
        return None
    if wish.force and "renew" not in wish.kinds:
        return "asked for"
    entry, sight = found.deliveries[target.name], found.sights.get(target.name)
    if sight is not None:
        if sight.served == leaf.sha256:
            return None if entry.seen == leaf.sha256 else "it is served, and that has not been written down yet"
        seen = sight.error or "another certificate is served"
    elif entry.seen == leaf.sha256:
        return None
    else:
        seen = "not proven yet" if entry.seen is None else "the certificate is newer than the one seen there"
    if wish.patient and entry.wanted == leaf.sha256 and entry.next_try > now:
        return None
    return seen


def _unused(target: Target, found: CertificateState, state: State) -> Optional[str]:
    """Why a certificate that has arrived at the NAS is not in use there as the file says."""
    if not target.synology or state.nas is None or found.stored is None or found.stored.leaf is None or found.fault:
        return None
    return state.nas.assignment


def _deploy_step(certificate: Certificate, target: Target, reason: str, force: bool) -> Step:
    proof = "the installed files hold the leaf" if target.install is not None else "none: only the hook's exit code"
    if target.verify is not None:
        proof = f"{target.verify} serves the leaf"
    return Step("deploy", f"{certificate.name} to {target.name}", reason, proof, certificate.name, target.name, force)
