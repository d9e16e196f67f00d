"""What can only fail: hooks, secrets, files and programs that are not there. It is known before anybody is asked for anything."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Dict, Iterator, Mapping, NamedTuple, Tuple

from .. import paths
from ..config import references
from ..config.binder.types import suggestion
from ..config.challenges import Dns, Nginx
from ..config.locate import Keys
from ..config.model import Config
from ..config.sections.credentials import PATH_VARIABLES
from ..driver.command import DEFAULT_PATH
from ..driver.release import pin
from ..errors import AcmewrapError, Failure
from ..failures import failure
from ..secrets import EnvironmentReference, FileReference, resolve
from ..system.trust import find_dsm_tools
from .model import entry_name


class Obstacle(NamedTuple):
    """Something that is not there. ``keys`` lead to where the file names it; ``elsewhere``: another environment may have it."""

    keys: Keys
    failure: Failure
    elsewhere: bool = False

    def entries(self, config: Config) -> Tuple[str, ...]:
        """What fails of it: orders (the certificate) and deployments (``certificate/target``)."""
        section, name, *rest = map(str, (*self.keys, ""))
        if section == "certificates":
            return (entry_name(name, rest[1]) if rest[0] == "deploy" else name,)
        if section == "authorities":
            return tuple(one for one, certificate in config.certificates.items() if certificate.authority == name)
        targets = config.targets() if section == "synology" else ()
        return tuple(entry_name(certificate.name, one.name) for certificate, one in targets if one.synology is not None)


def by_entry(config: Config, environ: Mapping[str, str]) -> Dict[str, Failure]:
    """The first of each order and deployment. Raises what :func:`find` raises."""
    found = reversed(tuple(find(config, environ)))
    return {entry: one.failure for one in found for entry in one.entries(config)}


def find(config: Config, environ: Mapping[str, str]) -> Iterator[Obstacle]:
    """Every one. Runs no command. Raises :class:`ReleaseError` for a release without pin."""
    yield from _find_hooks(config)
    yield from _find_secrets(config, environ)
    for keys, path in _files(config):
        if not path.exists():
            server = {name: one.server for name, one in config.authorities.items()}.get(str(keys[1]))
            id = "bundle.missing" if "ca_bundle" in keys else "file.failed"
            found = failure(id, f"{path} does not exist", server=server, ca_bundle=path, folder=path.parent)
            yield Obstacle(keys, found)
    search = environ.get("PATH") or DEFAULT_PATH
    for keys, words in references.commands(config):
        if isinstance(words, str):
            continue
        program = str(config.directory / words[0]) if "/" in words[0] else words[0]
        if shutil.which(program, path=search) is None:
            message = f"there is no program {words[0]}, or it is not in PATH ({search})"
            yield Obstacle(keys, failure("tool.missing", message))


def _find_hooks(config: Config) -> Iterator[Obstacle]:
    files = pin.manifest(config.acme_sh.release, config.acme_sh.pin, config.acme_sh.hooks)
    for keys, folder, hook in _hooks(config):
        if f"{folder}/{hook}.sh" not in files:
            known = (Path(path).stem for path in files if path.startswith(f"{folder}/"))
            message = f"acme.sh {config.acme_sh.release} has no {folder}/{hook}.sh{suggestion(hook, known)}"
            yield Obstacle(keys, failure("hook.unknown", message, hook=hook))


def _hooks(config: Config) -> Iterator[Tuple[Keys, str, str]]:
    for name, certificate in config.certificates.items():
        for index, way in enumerate(certificate.challenges):
            if isinstance(way, Dns):
                yield ("certificates", name, "challenge", index, "dns"), "dnsapi", way.hook
    for certificate, target in config.targets():
        if target.hook:
            yield ("certificates", certificate.name, "deploy", target.name, "hook"), "deploy", target.hook


def _find_secrets(config: Config, environ: Mapping[str, str]) -> Iterator[Obstacle]:
    nas, by = config.synology, config.schedule and config.schedule.by
    used = by == "dsm" or any(target.synology is not None for _, target in config.targets())
    if nas is None or nas.administrator is not None or find_dsm_tools(environ) is not None:
        used = False  # a password that acmewrap chooses with the account may be missing
    for keys, reference in references.find_unattended(config):
        if keys[0] == "monitoring" or (keys[0] == "synology" and not used):
            continue
        if isinstance(reference, (FileReference, EnvironmentReference)):
            try:
                resolve(reference, environ)
            except AcmewrapError as error:
                yield Obstacle(keys, error.failure, isinstance(reference, EnvironmentReference))


def _files(config: Config) -> Iterator[Tuple[Keys, Path]]:
    for name, authority in config.authorities.items():
        if authority.ca_bundle is not None and authority.pem is None:
            yield ("authorities", name, "ca_bundle"), authority.ca_bundle
    for name, certificate in config.certificates.items():
        for index, way in enumerate(certificate.challenges):
            if isinstance(way, Nginx) and way.configuration is not None:
                yield ("certificates", name, "challenge", index, "nginx"), way.configuration
    for place, _, env in references.environments(config):
        for variable in PATH_VARIABLES:
            path = env.get(variable)
            if isinstance(path, str):
                yield (*place, variable), Path(path)
    archive = config.acme_sh.archive
    if archive is not None and not paths.program_folder(config).exists():
        yield ("acme_sh", "archive"), archive
