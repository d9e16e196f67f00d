"""What a file says that reading it cannot tell: beside the certificates, the releases and the scheduler that are there."""

from __future__ import annotations

import contextlib
from typing import Iterator, Mapping, Tuple

from ...acme import directory
from ...catalogue import invalid
from ...config import locate
from ...config.cleartext import find_warnings
from ...config.model import PROFILE, Config
from ...config.proxy import proxy_of
from ...errors import ConfigurationWarning, IssueError, Problem, UnreachableError
from ...plan import interval_check
from ...schedule import entry
from ...state import file_modes, installed_files, receivers
from ...state.machine import read_state
from ...state.model import CERTIFICATE_PARTS
from . import upgrade


def check(config: Config, environ: Mapping[str, str]) -> Tuple[ConfigurationWarning, ...]:
    """See :meth:`acmewrap.job.Job.check`."""
    state = read_state(config, CERTIFICATE_PARTS)
    slow = interval_check.find_problems(config, state)
    unheard = receivers.find_problems(config, environ)
    if problems := (*slow, *installed_files.find_problems(config), *_unknown_profiles(config, environ), *unheard):
        raise invalid(problems)
    upgrade.check(config)
    if config.schedule is not None:
        entry.refuse_weak(config)
    return (
        *find_warnings(config, environ),
        *file_modes.find_warnings(config),
        *interval_check.find_warnings(config, state),
        *_unusual_names(config),
    )


def _unknown_profiles(config: Config, environ: Mapping[str, str]) -> Iterator[Problem]:
    """An authority that cannot be reached now is asked when it is to issue."""
    asked = {wanted.authority for wanted in config.certificates.values() if wanted.value_of(PROFILE)}
    for authority in map(config.authorities.__getitem__, asked):
        with contextlib.suppress(UnreachableError):
            found = directory.fetch(authority.server, authority.ca_bundle, proxy_of(authority, environ))
            for name, certificate in config.certificates.items():
                try:
                    if certificate.authority == authority.name:
                        found.refuse_profile(certificate.value_of(PROFILE))
                except IssueError as refused:
                    path = f"certificates.{name}.profile"
                    yield Problem(str(config.file), *locate(config.file, path), path, refused.failure.message)


def _unusual_names(config: Config) -> Iterator[ConfigurationWarning]:
    for name, certificate in config.certificates.items():
        for domain in certificate.domains:
            if "_" in domain:
                path = f"certificates.{name}.domains"
                message = f"{domain}: public authorities certify no underscore (RFC 1123), and acme.sh's own --cron passes over it"
                yield ConfigurationWarning(str(config.file), *locate(config.file, path), path, message)
