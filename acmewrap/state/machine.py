"""What the machine is like: read from disk, the crontab and the wire, as far as a plan needs it. Changes nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    AbstractSet,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Tuple,
    TypeVar,
)

from .. import paths, unexpected
from ..config.model import Authority, Certificate, Config, Target
from ..driver import wrapper
from ..driver.release import installation
from ..errors import AcmewrapError, Failure
from ..host import webroot
from ..host.webroot import WebrootState
from ..reasons import Drift
from ..system.reading import read_text
from . import installed_files
from .ledger import Ledger, open_ledgers
from .model import ALL_PARTS, CertificateState, Part, State

if TYPE_CHECKING:
    from ..driver.wrapper import Wrapper
    from .file_modes import Excess
    from .leftovers import Leftover
    from .nas import NasState

_Seen = TypeVar("_Seen")


def read_state(
    config: Config,
    parts: AbstractSet[Part] = ALL_PARTS,
    only: Tuple[str, ...] = (),
    environ: Optional[Mapping[str, str]] = None,
) -> State:
    """Read *parts* of the machine; *only* names the certificates of interest (none: all). The NAS is looked at only with an
    *environ*, from which secrets are read.
    """
    guard = _Guard(paths.reports_folder(config))
    nas: Optional[NasState] = None
    if "nas" in parts and environ is not None and config.synology is not None:
        from .nas import look

        nas = look(config, environ)
    wanted = {name: one for name, one in config.certificates.items() if not only or name in only}
    ledgers = open_ledgers(config.authorities.values())
    certificates = {name: _read_certificate(config, one, ledgers[one.authority], guard) for name, one in wanted.items()}
    if "wire" in parts:
        from .observations import observe

        seen = observe(config, {name: one.stored for name, one in certificates.items()}, guard.read)
        certificates = {name: replace(one, observations=seen[name]) for name, one in certificates.items()}
    return State(
        release=_read_release(config) if "release" in parts else None,
        wrappers=tuple(_compare_wrappers(config, guard)) if "wrapper" in parts else (),
        bundles=_read_bundles(config, guard) if "bundle" in parts else {},
        webroots=_read_webroots(config, guard) if "webroot" in parts else {},
        certificates=certificates,
        modes=guard.read("the file modes", lambda: _read_modes(config), ()) if "modes" in parts else (),
        installed=guard.read("installed", lambda: installed_files.inspect(config) if "modes" in parts else None, None),
        nas=nas,
        schedule=guard.read("the schedule", lambda: _read_schedule(config, nas), "differs")
        if "schedule" in parts
        else "same",
        leftovers=guard.read("what is left over", lambda: _read_leftovers(config, environ, nas), ())
        if "leftovers" in parts
        else (),
        unread=tuple(guard.failures),
    )


class _Guard:
    """The last catch of each thing that is read: whatever goes wrong with one must not keep from looking at the others."""

    def __init__(self, reports: Path) -> None:
        self._reports = reports
        self.failures: List[Failure] = []

    def read(self, what: str, look: Callable[[], _Seen], otherwise: _Seen) -> _Seen:
        try:
            return look()
        except Exception as error:
            self.failures.append(unexpected.explain(error, self._reports, what).failure)
            return otherwise


def _read_release(config: Config) -> Optional[Failure]:
    try:
        installation.verify(paths.program_folder(config), *config.acme_sh.pinned)
    except Exception as error:
        return unexpected.explain(error, paths.reports_folder(config), "acme.sh").failure
    return None


def _compare_wrappers(config: Config, guard: _Guard) -> Iterator[Tuple[Wrapper, Drift]]:
    for one in paths.wrappers(config):
        yield one, guard.read(str(one.path), partial(_compare_wrapper, one), "differs")


def _compare_wrapper(wanted: Wrapper) -> Drift:
    try:
        text = wrapper.read_own(wanted.path)
    except AcmewrapError:
        return "foreign"
    if text is None:
        return "missing"
    return "same" if text == wanted.render() and os.access(wanted.path, os.X_OK) else "differs"


def _read_webroots(config: Config, guard: _Guard) -> Dict[Path, WebrootState]:
    return {
        path: guard.read(str(path), partial(webroot.inspect, path), "not_writable") for path in paths.webroots(config)
    }


def _read_bundles(config: Config, guard: _Guard) -> Dict[Path, Tuple[Authority, Drift]]:
    """Each file once, though several authorities may be trusted through it."""
    found = {
        authority.ca_bundle: authority for authority in config.authorities.values() if authority.ca_bundle is not None
    }
    return {
        path: (one, guard.read(str(path), partial(_compare_bundle, one, path), "differs"))
        for path, one in found.items()
    }


def _compare_bundle(authority: Authority, path: Path) -> Drift:
    try:
        text = read_text(path, "replace")
    except OSError:
        return "missing"
    return "same" if authority.pem is None or text == authority.pem else "differs"


def _read_modes(config: Config) -> Tuple[Excess, ...]:
    from . import file_modes

    return file_modes.inspect(config)


def _read_leftovers(
    config: Config, environ: Optional[Mapping[str, str]], nas: Optional[NasState]
) -> Tuple[Leftover, ...]:
    from . import leftovers

    return (*leftovers.inspect(config, environ or {}), *(() if nas is None else nas.others))


def _read_certificate(config: Config, certificate: Certificate, ledger: Ledger, guard: _Guard) -> CertificateState:
    stored = guard.read(certificate.name, lambda: paths.read(config, certificate), None)
    leaf = stored.leaf if stored is not None else None
    return CertificateState(
        stored=stored,
        fault=guard.read(certificate.name, stored.find_fault, None) if stored and leaf else None,
        attempts=ledger.get(certificate.name),
        advice=ledger.advice(certificate.name, leaf.sha256) if leaf is not None else None,
        deliveries={target.name: ledger.get(entry_name(certificate, target)) for target in certificate.targets},
    )


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
