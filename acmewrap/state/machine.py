"""What the machine is like: read from disk, the crontab and the wire, as far as a plan needs it. Changes nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, AbstractSet, Iterator, Mapping, Optional, Tuple

from .. import paths, unexpected
from ..config.model import Certificate, Config
from ..driver.homes import compromised
from ..driver.homes.home import Home
from ..errors import Failure
from ..frozen import replace
from ..reasons import Drift
from ..unexpected import Guard
from .ledger import Ledger, open_ledgers
from .model import ALL_PARTS, STATUS_PARTS, CertificateState, Part, Revocation, State, entry_name

if TYPE_CHECKING:
    from .leftovers import Leftover
    from .nas import NasState


def read_state(
    config: Config,
    parts: AbstractSet[Part] = ALL_PARTS,
    only: Tuple[str, ...] = (),
    environ: Optional[Mapping[str, str]] = None,
) -> State:
    """Read *parts*, and of certificates those that *only* names (none: all). The NAS takes an *environ*, for secrets."""
    guard = Guard(paths.reports_folder(config))
    ledgers = open_ledgers(config.authorities.values())
    revocations: Tuple[Revocation, ...] = guard.read(
        "what is to be revoked", lambda: tuple(_read_revocations(config, only, ledgers)), ()
    )
    certificates = {
        name: _read_certificate(config, one, ledgers[one.authority], revocations, guard)
        for name, one in config.certificates.items()
        if not only or name in only
    }
    if "wire" in parts:
        from .observations import observe

        seen = observe(config, {name: one.stored for name, one in certificates.items()}, guard.read)
        certificates = {name: replace(one, observations=seen[name]) for name, one in certificates.items()}
    rest = State() if parts <= STATUS_PARTS else _read_rest(config, parts, environ, guard)
    return replace(rest, certificates=certificates, revocations=revocations, unread=tuple(guard.failures))


def _read_rest(config: Config, parts: AbstractSet[Part], environ: Optional[Mapping[str, str]], guard: Guard) -> State:
    """What is not about certificates, and not imported by a run that does not look at it."""
    from ..host import webroot
    from . import file_modes, installed_files, leftovers, obstacles, rendered

    def read_leftovers() -> Tuple[Leftover, ...]:
        return (*leftovers.inspect(config, environ or {}), *(() if nas is None else nas.others))

    nas: Optional[NasState] = None
    if "nas" in parts and environ is not None and config.synology is not None:
        from .nas import look

        nas = look(config, environ)
    schedule, schedule_failure = read_schedule(config, environ or {}, nas) if "schedule" in parts else ("same", None)
    webroots = paths.webroots(config) if "webroot" in parts else ()
    return State(
        obstacles=guard.read("the hooks", lambda: obstacles.by_entry(config, environ or {}), {})
        if "obstacles" in parts
        else {},
        release=_read_release(config) if "release" in parts else None,
        wrappers=tuple(rendered.compare_wrappers(config, guard)) if "wrapper" in parts else (),
        bundles=rendered.read_bundles(config, guard) if "bundle" in parts else {},
        webroots={one: guard.read(str(one), partial(webroot.inspect, one), "not_writable") for one in webroots},
        modes=guard.read("the file modes", lambda: file_modes.inspect(config), ()) if "modes" in parts else (),
        installed=guard.read("installed", lambda: installed_files.inspect(config), None) if "modes" in parts else None,
        nas=nas,
        schedule=schedule,
        schedule_failure=schedule_failure,
        leftovers=guard.read("what is left over", read_leftovers, ()) if "leftovers" in parts else (),
    )


def _read_release(config: Config) -> Optional[Failure]:
    from ..driver.release import verification

    try:
        verification.verify_settings(paths.program_folder(config), config.acme_sh)
    except Exception as error:
        return unexpected.explain(error, paths.reports_folder(config), "acme.sh").failure
    return None


def _read_revocations(config: Config, only: Tuple[str, ...], ledgers: Mapping[str, Ledger]) -> Iterator[Revocation]:
    for authority in config.authorities.values():
        for name, stored in compromised.find(Home(authority.home)):
            if not only or name in only:
                found = Revocation(name, authority, stored)
                yield replace(found, attempts=ledgers[authority.name].get(found.entry))


def _read_certificate(
    config: Config, certificate: Certificate, ledger: Ledger, revocations: Tuple[Revocation, ...], guard: Guard
) -> CertificateState:
    known = len(guard.failures)
    stored = guard.read(certificate.name, lambda: paths.read(config, certificate), None)
    unread = guard.failures[known] if len(guard.failures) > known else None
    leaf = stored.leaf if stored is not None else None
    return CertificateState(
        stored=stored,
        unread=unread,
        fault=guard.read(certificate.name, stored.find_fault, None) if stored and leaf else None,
        attempts=ledger.get(certificate.name),
        advice=ledger.advice(certificate.name, leaf.sha256) if leaf is not None else None,
        compromised=any(
            leaf is None or leaf.public_key == one.leaf.public_key
            for one in revocations
            if one.name == certificate.name
        ),
        deliveries={
            target.name: ledger.get(entry_name(certificate.name, target.name)) for target in certificate.targets
        },
    )


def read_schedule(
    config: Config, environ: Mapping[str, str], nas: Optional[NasState] = None
) -> Tuple[Drift, Optional[Failure]]:
    """How the entry of the scheduler compares, and why it could not be read; a task of DSM is what *nas* says (None: as wanted)."""
    if config.schedule is None:
        return "same", None
    from ..schedule import entry
    from ..schedule.backends import open_scheduler

    try:
        unseen: Drift = "same" if nas is None else nas.task
        drift = unseen if config.schedule.by == "dsm" else open_scheduler(config, environ).drift()
        return ("differs" if drift == "same" and not entry.is_placed(config) else drift), None
    except Exception as error:
        return "missing", unexpected.explain(error, paths.reports_folder(config), "the schedule").failure
