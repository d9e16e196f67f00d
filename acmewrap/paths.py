"""Where things lie below the directory of a configuration: the seed article's layout, and nothing beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Mapping, Tuple, Union

from .config.model import LOG, Authority, Certificate, Config, Dns, Webroot
from .driver.home import Home, is_ecc
from .driver.wrapper import Wrapper
from .secrets import Reference

_HOME = ".acme.sh"


def program_folder(config: Config) -> Path:
    """Where the pinned acme.sh is installed."""
    return config.directory / "src" / "acme.sh"


def ledger_path(authority: Authority) -> Path:
    return authority.home / ".ledger.json"


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


def name_of(certificate: Certificate) -> Tuple[str, bool]:
    """acme.sh's name for a certificate: its first domain, and whether it lies in an ``_ecc`` folder."""
    return certificate.domains[0], is_ecc(certificate.key)


def webroots(config: Config) -> Tuple[Path, ...]:
    """The webroots of all certificates, each once, in the order of the file."""
    found = (
        one.path
        for certificate in config.certificates.values()
        for one in certificate.challenges
        if isinstance(one, Webroot)
    )
    return tuple(dict.fromkeys(found))


def wrappers(config: Config) -> Tuple[Wrapper, ...]:
    """One wrapper script per authority: ``acme.sh`` for the home ``.acme.sh``, ``acme.sh-internal`` for ``.acme.sh-internal``."""
    return tuple(_wrapper(config, authority) for authority in config.authorities.values())


def _wrapper(config: Config, authority: Authority) -> Wrapper:
    name = authority.home.name
    suffix = name[len(_HOME) :] if name.startswith(_HOME) else f"-{authority.name}"
    return Wrapper(
        path=config.directory / f"acme.sh{suffix}",
        source=config.file,
        directory=config.directory,
        program=program_folder(config),
        version=config.acme_sh.release,
        home=authority.home,
        server=authority.server,
        ca_bundle=authority.ca_bundle,
        email=authority.email,
        variables=tuple(_hooks(config, authority)),
    )


def _hooks(config: Config, authority: Authority) -> List[Tuple[str, Mapping[str, Union[str, Reference]]]]:
    hooks: Dict[str, Mapping[str, Union[str, Reference]]] = {}
    for certificate in config.certificates.values():
        if certificate.authority == authority.name:
            for target in certificate.targets:
                if target.hook:
                    hooks.setdefault(target.hook, target.env)
            for challenge in certificate.challenges:
                if isinstance(challenge, Dns):
                    hooks.setdefault(challenge.hook, challenge.env)
    return list(hooks.items())
