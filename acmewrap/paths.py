"""Where things lie below the directory of a configuration, under which names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Dict, Mapping, Optional, Tuple, Union

from .config.challenges import Dns, Webroot
from .config.model import HOME, LOG, Authority, Certificate, Config, Target
from .driver.homes.home import CertificateFiles, Home, Stored, is_ecc

if TYPE_CHECKING:
    from .driver.wrapper_script import Wrapper
    from .secrets import Reference


def program_folder(config: Config) -> Path:
    """Where the pinned acme.sh is installed."""
    return config.directory / "src" / "acme.sh"


def ledger_path(authority: Authority) -> Path:
    return authority.home / ".ledger.json"


def history_path(home: Path) -> Path:
    """Where :mod:`acmewrap.engine.history` writes."""
    return home / ".history.json"


def lock_path(home: Path) -> Path:
    return home / ".lock"


def log_path(config: Config) -> Path:
    """Where an unattended run writes what it does."""
    configured = config.schedule.log if config.schedule is not None else None
    return configured or config.directory / LOG


def reports_folder(config: Config) -> Path:
    """Where the reports of :mod:`acmewrap.unexpected` lie."""
    return config.directory / "reports"


def home_of(config: Config, certificate: Certificate) -> Home:
    return Home(config.authority_of(certificate).home)


def files_of(config: Config, certificate: Certificate) -> CertificateFiles:
    return home_of(config, certificate).files_of(*name_of(certificate))


def read(config: Config, certificate: Certificate) -> Optional[Stored]:
    """What acme.sh has of *certificate*, None when it has nothing."""
    return home_of(config, certificate).read(*name_of(certificate))


def name_of(certificate: Certificate) -> Tuple[str, bool]:
    """acme.sh's name for a certificate: its first domain, and whether it lies in an ``_ecc`` folder."""
    return certificate.domains[0], is_ecc(certificate.key)


def webroots(config: Config) -> Tuple[Path, ...]:
    """The webroots of all certificates, each once, in the order of the file."""
    return tuple(dict.fromkeys(way.path for way in config.challenges() if isinstance(way, Webroot)))


def wrappers(config: Config) -> Tuple[Wrapper, ...]:
    """One wrapper script per authority: ``acme.sh`` for the home ``.acme.sh``, ``acme.sh-internal`` for ``.acme.sh-internal``."""
    return tuple(_wrapper(config, authority) for authority in config.authorities.values())


def _wrapper(config: Config, authority: Authority) -> Wrapper:
    from .driver.release.pin import additions
    from .driver.wrapper_script import Wrapper

    name = authority.home.name
    suffix = name[len(HOME) :] if name.startswith(HOME) else f"-{authority.name}"
    hooks: Dict[str, Mapping[str, Union[str, Reference]]] = {}
    for certificate in config.certificates.values():
        if certificate.authority == authority.name:
            for user in (*certificate.targets, *certificate.challenges):
                if isinstance(user, (Target, Dns)) and user.hook:
                    hooks.setdefault(user.hook, user.env)
    return Wrapper(
        path=config.directory / f"acme.sh{suffix}",
        source=config.file,
        directory=config.directory,
        program=program_folder(config),
        version=config.acme_sh.release,
        files=additions(config.acme_sh),
        home=authority.home,
        server=authority.server,
        ca_bundle=authority.ca_bundle,
        email=authority.email,
        poll=authority.poll,
        proxy=authority.proxy,
        scheduled=config.schedule is not None and config.schedule.run == "wrapper",
        variables=tuple(hooks.items()),
    )
