"""What steps can only fail of: hooks, secrets and roots that are not there. It is known before anybody is asked for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Mapping, NamedTuple, Tuple, Union

from ..catalogue import failure
from ..config.binder.types import suggestion
from ..config.challenges import Dns
from ..config.model import Config, Target
from ..driver.release import installation
from ..errors import AcmewrapError, Failure
from ..secrets import EnvironmentReference, FileReference, Reference, resolve
from ..system.trust import find_dsm_tools

_PATHS = ("NSUPDATE_KEY",)  # variables of hooks that are the path of a file they read


class Obstacle(NamedTuple):
    """Why an order (``entry``: the certificate) or a deployment (``certificate/target``) can only fail; ``keys`` lead to the place
    in the file.
    """

    entry: str
    keys: Tuple[str, ...]
    failure: Failure


def find(config: Config, environ: Mapping[str, str]) -> Iterator[Obstacle]:
    """Every obstacle, the first of each entry first. Runs no command. Raises :class:`ReleaseError` for a release without pin."""
    hooks = installation.manifest(config.acme_sh.release, config.acme_sh.pin)
    for name, certificate in config.certificates.items():
        place, authority = ("certificates", name), config.authority_of(certificate)
        if authority.ca_bundle is not None and authority.pem is None and not authority.ca_bundle.exists():
            missing = failure(
                "bundle.missing",
                f"{authority.ca_bundle} does not exist",
                server=authority.server,
                ca_bundle=authority.ca_bundle,
            )
            yield Obstacle(name, ("authorities", authority.name, "ca_bundle"), missing)
        for way in certificate.challenges:
            if isinstance(way, Dns):
                for keys, found in _of_hook(way, ("dnsapi", "dns"), hooks, environ):
                    yield Obstacle(name, (*place, "challenge", *keys), found)
        for target in certificate.targets:
            for keys, found in _of_target(config, target, hooks, environ):
                yield Obstacle(f"{name}/{target.name}", (*place, "deploy", target.name, *keys), found)


def _of_target(
    config: Config, target: Target, hooks: Mapping[str, str], environ: Mapping[str, str]
) -> Iterator[Tuple[Tuple[str, ...], Failure]]:
    nas = config.synology
    if target.synology is None or nas is None:
        if target.hook:
            yield from _of_hook(target, ("deploy", "hook"), hooks, environ)
    elif nas.administrator is None and find_dsm_tools(environ) is None:  # else the password is chosen with the account
        yield from ((("synology",), found) for found in _of_secret(nas.account.password, environ))


def _of_hook(
    user: Union[Dns, Target], kind: Tuple[str, str], hooks: Mapping[str, str], environ: Mapping[str, str]
) -> Iterator[Tuple[Tuple[str, ...], Failure]]:
    folder, key = kind
    if f"{folder}/{user.hook}.sh" not in hooks:
        known = (Path(path).stem for path in hooks if path.startswith(f"{folder}/"))
        message = f"this release of acme.sh has no {folder}/{user.hook}.sh{suggestion(user.hook, known)}"
        yield (key,), failure("hook.unknown", message, hook=user.hook)
    for name, value in user.env.items():
        if not isinstance(value, str):
            yield from ((("env", name), found) for found in _of_secret(value, environ))
        elif name in _PATHS and not Path(value).exists():
            yield ("env", name), failure("file.failed", f"{value} does not exist", folder=Path(value).parent)


def _of_secret(reference: Reference, environ: Mapping[str, str]) -> Iterator[Failure]:
    if isinstance(reference, (FileReference, EnvironmentReference)):
        try:
            resolve(reference, environ)
        except AcmewrapError as error:
            yield error.failure
