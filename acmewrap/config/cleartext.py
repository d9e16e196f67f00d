"""Passwords, tokens and keys that are sent in the clear, over http to another machine. Warned of, not refused.

An authority over http is no matter for a warning: it is refused where its URL is read (:mod:`.scalars`).
"""

from __future__ import annotations

import contextlib
from typing import Dict, Iterator, Mapping, NamedTuple, Tuple
from urllib.parse import urlsplit

from ..errors import AcmewrapError, ConfigurationWarning
from ..secrets import FileReference, InlineSecret, resolve
from . import locate, unscheduled
from .arguments import SYNOLOGY_HOOK
from .locate import Found
from .model import Config
from .references import PROXIES, Environment, environments
from .sections.scalars import is_loopback


class _Address(NamedTuple):
    """The variables from which a hook makes an address, and what it takes when they are left out (acme.sh 3.1.3, deploy/)."""

    scheme: str
    scheme_default: str
    host: str


_HOOKS: Mapping[str, _Address] = {
    SYNOLOGY_HOOK: _Address("SYNO_SCHEME", "http", "SYNO_HOSTNAME"),
    "truenas": _Address("DEPLOY_TRUENAS_SCHEME", "http", "DEPLOY_TRUENAS_HOSTNAME"),
    "truenas_ws": _Address("DEPLOY_TRUENAS_PROTOCOL", "ws", "DEPLOY_TRUENAS_HOSTNAME"),
    "peplink": _Address("PEPLINK_Scheme", "https", "PEPLINK_Hostname"),
    "directadmin": _Address("DirectAdmin_SCHEME", "https", "DirectAdmin_ENDPOINT"),
}
_CLEAR = ("http", "ws")


def find_warnings(config: Config, environ: Mapping[str, str]) -> Tuple[ConfigurationWarning, ...]:
    """Every secret that would be sent in the clear to another machine, and what of *environ* no scheduled run has.

    What a value that is kept elsewhere (``{file: …}`` and the like) says is not known here; of `monitoring`, files are read.
    """
    found = (*_synology(config), *_hooks(config), *_services(config, environ), *unscheduled.find(config, environ))
    return (*locate.warnings(config.file, found), *_proxies(environ))


def _synology(config: Config) -> Iterator[Found]:
    if config.synology is None:
        return
    host = _host_in_clear(config.synology.url)
    if host:
        address = f"[{host}]" if ":" in host else host
        message = (
            f"http to {host}, which is not this machine: DSM's passwords and private keys go over the network in the clear. Write "
            f"https://{address}:5001, with `fingerprint` while DSM shows its factory certificate; on the NAS itself "
            "http://localhost:5000"
        )
        yield Found(("synology", "url"), message)


def _hooks(config: Config) -> Iterator[Found]:
    for keys, hook, env in environments(config):
        for variable, host in _in_clear(hook, env):
            what = "passwords, tokens and private keys go over the network in the clear"
            message = f"nothing is encrypted on the way to {host}, which is not this machine: {what}"
            yield Found((*keys, variable), message)


def _services(config: Config, environ: Mapping[str, str]) -> Iterator[Found]:
    """Of monitoring: addresses are secrets themselves, but that of ntfy, to which a token may go."""
    if config.monitoring is None:
        return
    found: Dict[str, str] = {}
    if config.monitoring.ntfy is not None and config.monitoring.ntfy.access_token is not None:
        found["ntfy.server"] = config.monitoring.ntfy.server
    for path, reference in config.monitoring.secrets.items():
        if path.endswith("url") and isinstance(reference, (FileReference, InlineSecret)):
            with contextlib.suppress(AcmewrapError):  # which `check` reports
                found[path] = resolve(reference, environ).reveal()
    for path, url in found.items():
        host = _host_in_clear(url)
        if host:
            why = f"http to {host}, which is not this machine: whoever is on the way reads the address and the token"
            remedy = "write https://, with `ca_bundle` for an authority of your own"
            yield Found(("monitoring", *path.split(".")), f"{why}; {remedy}")


def _in_clear(hook: str, env: Environment) -> Iterator[Tuple[str, str]]:
    """The variables that lead to another machine without encryption, each with that machine."""
    for name, value in env.items():
        host = _host_in_clear(value) if isinstance(value, str) else ""
        if host and (not name.lower().endswith("proxy") or _has_password(str(value))):
            yield name, host
    made = _HOOKS.get(hook)
    if made is not None:
        scheme, machine = env.get(made.scheme, made.scheme_default), env.get(made.host)
        if isinstance(machine, str) and scheme in _CLEAR:
            host = _host_in_clear(f"http://{machine}")
            if host:
                yield made.host, host


def _proxies(environ: Mapping[str, str]) -> Iterator[ConfigurationWarning]:
    for name in PROXIES:
        value = environ.get(name, "")
        value = value if "://" in value else f"http://{value}"  # as curl takes it
        host = _host_in_clear(value)
        if host and _has_password(value):
            message = f"the password of the proxy {host} goes over the network in the clear; an https:// proxy, or one without"
            yield ConfigurationWarning("environment", 0, 0, name, f"{message} a password, would not need that")


def _host_in_clear(url: str) -> str:
    """The machine behind *url* when it is another one and the way there is not encrypted, else nothing."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host if parts.scheme.lower() in _CLEAR and host and not is_loopback(host) else ""


def _has_password(url: str) -> bool:
    return "@" in urlsplit(url).netloc
