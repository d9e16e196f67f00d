"""What a file says that reading it cannot tell: beside the machine, the certificates, the releases and the scheduler there are."""

from __future__ import annotations

import contextlib
from typing import Dict, Iterator, Mapping, Tuple

from ...acme import directory
from ...config import locate
from ...config.cleartext import find_warnings
from ...config.locate import Found
from ...config.model import PROFILE, Config
from ...config.references import proxy_or_environment
from ...driver.release import pin
from ...errors import AcmewrapError, ConfigurationWarning, IssueError, UnreachableError
from ...failures import invalid
from ...plan import interval_check
from ...schedule import entry
from ...state import file_modes, installed_files, obstacles, receivers
from ...state.machine import read_state
from ...state.model import CERTIFICATE_PARTS


def check(config: Config, environ: Mapping[str, str]) -> Tuple[ConfigurationWarning, ...]:
    """See :meth:`acmewrap.job.Job.check`."""
    state = read_state(config, CERTIFICATE_PARTS)
    refused = _refusals(config)
    missing = () if _RELEASE in refused else tuple(obstacles.find(config, environ))
    problems = (
        *interval_check.find_problems(config, state),
        *installed_files.find_problems(config),
        *receivers.find_problems(config, environ),
        *(Found(one.keys, one.failure.message) for one in missing if not one.elsewhere),
        *_unknown_profiles(config, environ),
    )
    if len(refused) == 1 and not problems:
        raise next(iter(refused.values()))
    doubtful = (
        *(Found(one.keys, f"{one.failure.message}; it is read when it is needed") for one in missing if one.elsewhere),
        *interval_check.find_warnings(config, state),
        *_unusual_names(config),
    )
    warnings = (*find_warnings(config, environ), *file_modes.find_warnings(config))
    warnings += tuple(locate.warnings(config.file, doubtful))
    problems += tuple(Found(keys, error.failure.message) for keys, error in refused.items())
    if problems:
        raise invalid(locate.problems(config.file, problems), warnings)
    return warnings


_RELEASE = ("acme_sh", "release")


def _refusals(config: Config) -> Dict[Tuple[str, ...], AcmewrapError]:
    """What has a remedy and an exit code of its own, when it is alone."""
    found: Dict[Tuple[str, ...], AcmewrapError] = {}
    settings = config.acme_sh
    try:
        pin.pinned(settings.release, settings.pin, allow_vulnerable=settings.allow_vulnerable)
        pin.manifest(settings.release, settings.pin, settings.hooks)
    except AcmewrapError as error:
        found[_RELEASE] = error
    try:
        if config.schedule is not None:
            entry.refuse_weak(config)
    except AcmewrapError as error:
        found[("schedule",)] = error
    return found


def _unknown_profiles(config: Config, environ: Mapping[str, str]) -> Iterator[Found]:
    """An authority that cannot be reached now is asked when it is to issue."""
    asked = {wanted.authority for wanted in config.certificates.values() if wanted.value_of(PROFILE)}
    for authority in map(config.authorities.__getitem__, asked):
        with contextlib.suppress(UnreachableError):
            proxy = proxy_or_environment(authority, environ)
            found = directory.fetch(authority.server, authority.ca_bundle, proxy)
            for name, certificate in config.certificates.items():
                try:
                    if certificate.authority == authority.name:
                        found.refuse_profile(certificate.value_of(PROFILE))
                except IssueError as refused:
                    yield Found(("certificates", name, "profile"), refused.failure.message)


def _unusual_names(config: Config) -> Iterator[Found]:
    for name, certificate in config.certificates.items():
        for index, domain in enumerate(certificate.domains):
            if "_" in domain:
                message = f"{domain}: public authorities certify no underscore (RFC 1123), and acme.sh's own --cron passes over it"
                yield Found(("certificates", name, "domains", index), message)
