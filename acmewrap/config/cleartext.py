"""What is sent in a way that the file does not say, or in the clear: passwords, tokens and keys over http to another machine, and
requests by a proxy that a scheduled run does not have. Warned of, not refused.

An authority over http is no matter for a warning: it is refused where its URL is read (:mod:`.scalars`).
"""

from __future__ import annotations

import contextlib
from typing import Dict, Iterator, Mapping, NamedTuple, Tuple, Union
from urllib.parse import urlsplit

from ..errors import AcmewrapError, ConfigurationWarning
from ..secrets import FileReference, InlineSecret, Reference, resolve
from . import locate, unscheduled
from .challenges import Dns
from .locate import Found
from .model import Config
from .sections.scalars import is_loopback


class _Address(NamedTuple):
    """The variables from which a hook makes an address, and what it takes when they are left out (acme.sh 3.1.3, deploy/)."""

    scheme: str
    scheme_default: str
    host: str


_HOOKS: Mapping[str, _Address] = {
    "synology_dsm": _Address("SYNO_SCHEME", "http", "SYNO_HOSTNAME"),
    "truenas": _Address("DEPLOY_TRUENAS_SCHEME", "http", "DEPLOY_TRUENAS_HOSTNAME"),
    "truenas_ws": _Address("DEPLOY_TRUENAS_PROTOCOL", "ws", "DEPLOY_TRUENAS_HOSTNAME"),
    "peplink": _Address("PEPLINK_Scheme", "https", "PEPLINK_Hostname"),
    "directadmin": _Address("DirectAdmin_SCHEME", "https", "DirectAdmin_ENDPOINT"),
}
_CLEAR = ("http", "ws")
_PROXIES = (
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
)  # of those that are passed on to acme.sh

Environment = Mapping[str, Union[str, Reference]]


def find_warnings(config: Config, environ: Mapping[str, str]) -> Tuple[ConfigurationWarning, ...]:
    """Every secret that would be sent in the clear to another machine; and, *environ* being looked through for proxies,
    those that only whoever starts acmewrap by hand has.

    What a value that is kept elsewhere (``{file: …}`` and the like) says is not known here; of `monitoring`, files are read.
    """
    found = (
        *_synology(config),
        *_hooks(config),
        *_services(config, environ),
        *_unscheduled(config, environ),
        *unscheduled.find(config, environ),
    )
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
    for name, certificate in config.certificates.items():
        for target in certificate.targets:
            if target.synology:  # warned of once, at `synology`
                continue
            for variable, host in _in_clear(target.hook, target.env):
                yield _hook(host, "certificates", name, "deploy", target.name, "env", variable)
        for index, challenge in enumerate(certificate.challenges):
            if isinstance(challenge, Dns):
                for variable, host in _in_clear(challenge.hook, challenge.env):
                    yield _hook(host, "certificates", name, "challenge", index, "env", variable)


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
            message = (
                f"http to {host}, which is not this machine: whoever is on the way reads the address and the token"
            )
            remedy = "write https://, with `ca_bundle` for an authority of your own"
            yield Found(("monitoring", *path.split(".")), f"{message}; {remedy}")


def _hook(host: str, *keys: Union[str, int]) -> Found:
    what = f"nothing is encrypted on the way to {host}, which is not this machine"
    return Found(keys, f"{what}: passwords, tokens and private keys go over the network in the clear")


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
    for name in _PROXIES:
        value = environ.get(name, "")
        value = value if "://" in value else f"http://{value}"  # as curl takes it
        host = _host_in_clear(value)
        if host and _has_password(value):
            message = f"the password of the proxy {host} goes over the network in the clear; an https:// proxy, or one without"
            yield ConfigurationWarning("environment", 0, 0, name, f"{message} a password, would not need that")


def _unscheduled(config: Config, environ: Mapping[str, str]) -> Iterator[Found]:
    if config.schedule is None or "INVOCATION_ID" in environ:
        return  # in a unit of systemd this is the environment of the schedule
    for name, authority in config.authorities.items():
        parts = urlsplit(authority.server)
        given = next((one for one in _names(parts.scheme) if environ.get(one)), None)
        if authority.proxy is None and given is not None and not _is_bypassed(parts.hostname or "", environ):
            value = "{file: PATH}" if _has_password(f"//{environ[given].rpartition('://')[2]}") else environ[given]
            message = (
                f"{given} of this shell leads to it, and the scheduled run has no such variable: write `proxy: {value}`"
            )
            yield Found(("authorities", name), message)


def _names(scheme: str) -> Tuple[str, ...]:
    lower = (f"{scheme}_proxy", "all_proxy")
    return (*lower, "HTTPS_PROXY", "ALL_PROXY") if scheme == "https" else (*lower, "ALL_PROXY")  # as curl has them


def _is_bypassed(host: str, environ: Mapping[str, str]) -> bool:
    hosts = [one.strip().lstrip(".") for one in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",")]
    return any(one == "*" or (one and (host == one or host.endswith(f".{one}"))) for one in hosts)


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
