"""What the machine is like: read from disk, the crontab and the wire, as far as a plan needs it. Changes nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, AbstractSet, Dict, Iterator, Mapping, Optional, Tuple

from .. import paths, unexpected
from ..config.model import Authority, Certificate, Config, Target
from ..driver.homes import compromised
from ..driver.homes.home import Home
from ..errors import Failure
from ..frozen import replace
from ..reasons import Drift
from .guarded import Guard
from .ledger import Ledger, open_ledgers
from .model import ALL_PARTS, CertificateState, Part, Revocation, State

if TYPE_CHECKING:
    from ..driver.wrapper_script import Wrapper
    from ..host.webroot import WebrootState
    from .file_modes import Excess
    from .installed_files import InstalledState
    from .leftovers import Leftover
    from .nas import NasState


def read_state(
    config: Config,
    parts: AbstractSet[Part] = ALL_PARTS,
    only: Tuple[str, ...] = (),
    environ: Optional[Mapping[str, str]] = None,
) -> State:
    """Read *parts* of the machine; *only* names the certificates of interest (none: all). The NAS is looked at only with an
    *environ*, from which secrets are read.
    """
    guard = Guard(paths.reports_folder(config))
    nas: Optional[NasState] = None
    if "nas" in parts and environ is not None and config.synology is not None:
        from .nas import look

        nas = look(config, environ)
    wanted = {name: one for name, one in config.certificates.items() if not only or name in only}
    ledgers = open_ledgers(config.authorities.values())
    revocations: Tuple[Revocation, ...] = ()
    reading = partial(_read_revocations, config, only, ledgers)
    revocations = guard.read("what is to be revoked", lambda: tuple(reading()), revocations)
    certificates = {
        name: _read_certificate(config, one, ledgers[one.authority], revocations, guard) for name, one in wanted.items()
    }
    if "wire" in parts:
        from .observations import observe

        seen = observe(config, {name: one.stored for name, one in certificates.items()}, guard.read)
        certificates = {name: replace(one, observations=seen[name]) for name, one in certificates.items()}
    schedule: Drift = "same"
    obstacles: Dict[str, Failure] = {}
    if "obstacles" in parts:
        obstacles = guard.read("the hooks", lambda: _find_obstacles(config, environ), obstacles)
    schedule_failure: Optional[Failure] = None
    try:
        if "schedule" in parts:
            schedule = _read_schedule(config, nas)
    except Exception as error:
        schedule, schedule_failure = "missing", unexpected.explain(error, guard.reports, "the schedule").failure
    return State(
        release=_read_release(config) if "release" in parts else None,
        wrappers=_read_wrappers(config, guard) if "wrapper" in parts else (),
        bundles=_read_bundles(config, guard) if "bundle" in parts else {},
        webroots=_read_webroots(config, guard) if "webroot" in parts else {},
        certificates=certificates,
        revocations=revocations,
        modes=guard.read("the file modes", lambda: _read_modes(config), ()) if "modes" in parts else (),
        installed=guard.read("installed", lambda: _read_installed(config), None) if "modes" in parts else None,
        nas=nas,
        schedule=schedule,
        schedule_failure=schedule_failure,
        obstacles=obstacles,
        leftovers=guard.read("what is left over", lambda: _read_leftovers(config, environ, nas), ())
        if "leftovers" in parts
        else (),
        unread=tuple(guard.failures),
    )


def _read_release(config: Config) -> Optional[Failure]:
    from ..driver.release import verification

    try:
        verification.verify_settings(paths.program_folder(config), config.acme_sh)
    except Exception as error:
        return unexpected.explain(error, paths.reports_folder(config), "acme.sh").failure
    return None


def _read_wrappers(config: Config, guard: Guard) -> Tuple[Tuple[Wrapper, Drift], ...]:
    from . import rendered

    return tuple(rendered.compare_wrappers(config, guard))


def _read_bundles(config: Config, guard: Guard) -> Dict[Path, Tuple[Authority, Drift]]:
    from . import rendered

    return rendered.read_bundles(config, guard)


def _read_webroots(config: Config, guard: Guard) -> Dict[Path, WebrootState]:
    from ..host import webroot

    return {one: guard.read(str(one), partial(webroot.inspect, one), "not_writable") for one in paths.webroots(config)}


def _read_modes(config: Config) -> Tuple[Excess, ...]:
    from . import file_modes

    return file_modes.inspect(config)


def _read_installed(config: Config) -> InstalledState:
    from . import installed_files

    return installed_files.inspect(config)


def _read_leftovers(
    config: Config, environ: Optional[Mapping[str, str]], nas: Optional[NasState]
) -> Tuple[Leftover, ...]:
    from . import leftovers

    return (*leftovers.inspect(config, environ or {}), *(() if nas is None else nas.others))


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
            one.name == certificate.name and (leaf is None or leaf.public_key == one.leaf.public_key)
            for one in revocations
        ),
        deliveries={target.name: ledger.get(entry_name(certificate, target)) for target in certificate.targets},
    )


def _find_obstacles(config: Config, environ: Optional[Mapping[str, str]]) -> Dict[str, Failure]:
    """The first of each order and deployment."""
    if environ is None:
        return {}
    from . import obstacles

    found = reversed(tuple(obstacles.find(config, environ)))
    return {entry: one.failure for one in found for entry in one.entries(config)}


def entry_name(certificate: Certificate, target: Target) -> str:
    """The ledger's name for a deployment."""
    return f"{certificate.name}/{target.name}"


def _read_schedule(config: Config, nas: Optional[NasState]) -> Drift:
    if config.schedule is None:
        return "same"
    from ..schedule import entry
    from ..schedule.backends import open_scheduler

    drift: Drift = "same"
    if config.schedule.by != "dsm":
        drift = open_scheduler(config, {}).drift()
    elif nas is not None:
        drift = nas.task
    return "differs" if drift == "same" and not entry.is_placed(config) else drift
