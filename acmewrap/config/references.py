"""Every secret that a configuration refers to, and where in the file it does; the proxy of an authority, which may be one."""

from __future__ import annotations

from typing import Iterator, Mapping, Optional, Sequence, Tuple, Union

from ..errors import AccessError
from ..failures import failure
from ..secrets import CommandReference, Reference, Secret, resolve
from .challenges import Dns
from .locate import Keys
from .model import Account, Authority, Config

Environment = Mapping[str, Union[str, Reference]]

PROXIES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
"""The variables that name a proxy, in curl's order."""

_PROVISIONING: Keys = ("synology", "administrator")


def find(config: Config) -> Iterator[Tuple[Keys, Reference]]:
    """Each with the keys that lead to it."""
    for name, authority in config.authorities.items():
        place: Keys = ("authorities", name)
        if authority.proxy is not None and not isinstance(authority.proxy, str):
            yield (*place, "proxy"), authority.proxy
        if authority.eab is not None:
            yield (*place, "eab", "hmac_key"), authority.eab.hmac_key
    for place, _, env in environments(config):
        yield from (((*place, name), value) for name, value in env.items() if not isinstance(value, str))
    if config.synology is not None:
        yield from _of_account(("synology", "account"), config.synology.account)
        if config.synology.administrator is not None:
            yield from _of_account(_PROVISIONING, config.synology.administrator)
    if config.monitoring is not None:
        for path, reference in config.monitoring.secrets.items():
            yield ("monitoring", *path.split(".")), reference


def find_unattended(config: Config) -> Iterator[Tuple[Keys, Reference]]:
    """Those that a scheduled run resolves: what only provisions a NAS is left out."""
    return (found for found in find(config) if found[0][:2] != _PROVISIONING)


def environments(config: Config) -> Iterator[Tuple[Keys, str, Environment]]:
    """What each hook finds, with the keys that lead to it and the hook's name; that of a NAS follows from `synology`."""
    for name, certificate in config.certificates.items():
        for index, way in enumerate(certificate.challenges):
            if isinstance(way, Dns):
                yield ("certificates", name, "challenge", index, "env"), way.hook, way.env
        for target in certificate.targets:
            if target.synology is None:
                yield ("certificates", name, "deploy", target.name, "env"), target.hook, target.env


def commands(config: Config) -> Iterator[Tuple[Keys, Union[str, Sequence[str]]]]:
    """Every command of the file, with the keys that lead to it; one that is a text is the shell's to read."""
    for keys, reference in find(config):
        if isinstance(reference, CommandReference):
            yield (*keys, "command"), reference.argv
    for certificate, target in config.targets():
        for key in ("test", "reload"):
            command = getattr(target.install, key, None)
            if command:
                yield ("certificates", certificate.name, "deploy", target.name, "install", key), command
    for index, own in enumerate(config.commands):
        yield ("commands", index, "run"), own.run


def _of_account(place: Keys, account: Account) -> Iterator[Tuple[Keys, Reference]]:
    for key in ("password", "device_id", "otp_code"):
        reference = getattr(account, key)
        if reference is not None:
            yield (*place, key), reference


def proxy_or_environment(authority: Authority, environ: Mapping[str, str]) -> Union[Secret, Mapping[str, str]]:
    """:func:`proxy_of`, or else *environ*, which may name one. Raises as that."""
    return proxy_of(authority, environ) or environ


def proxy_of(authority: Authority, environ: Mapping[str, str]) -> Optional[Secret]:
    """The URL of the proxy that *authority* names; None: those of the environment, if any.

    Raises :class:`AccessError`: ``secret.unavailable``, ``secret.no_proxy`` when what is read is no URL of a proxy.
    """
    from ..net.connection import Proxy

    if authority.proxy is None:
        return None
    found = Secret(authority.proxy) if isinstance(authority.proxy, str) else resolve(authority.proxy, environ)
    try:
        Proxy(found.reveal())
    except ValueError:  # its message may hold the password
        message = f"the proxy of the authority {authority.name} is no http:// URL"
        raise AccessError(failure("secret.no_proxy", message)) from None
    return found
