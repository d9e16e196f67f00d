"""Ways into the NAS of a configuration: the session of the service account, and whatever may change that account."""

from __future__ import annotations

import contextlib
from typing import Dict, Iterator, Mapping, Optional

from ..config.model import Account, Config, DsmCertificate, Synology
from ..frozen import replace
from ..secrets import Secret, resolve
from .channel import Provisioner, WebProvisioner
from .tools import Tools, find_tools
from .web import Client

Environ = Mapping[str, str]


def nas_of(config: Config) -> Synology:
    """The section about the NAS. Raises ValueError when there is none."""
    if config.synology is None:
        raise ValueError("the configuration has no NAS")
    return config.synology


def entries(config: Config) -> Dict[str, DsmCertificate]:
    """The entries in DSM's list that targets stand for, by description, each with what is reserved for the others."""
    found = [target.synology for _, target in config.targets() if target.synology is not None]
    named = tuple(name for entry in found if entry.services != "all" for name in entry.services)
    return {entry.description: replace(entry, reserved=named) if entry.services == "all" else entry for entry in found}


def open_account(config: Config, environ: Environ, *, retry_for: float = 0.0) -> Client:
    """A session of the service account, still to be entered. Raises :class:`AccessError` when its password cannot be read."""
    return _client(config, nas_of(config).account, environ, retry_for)


@contextlib.contextmanager
def open_provisioner(config: Config, environ: Environ) -> Iterator[Optional[Provisioner]]:
    """DSM's own tools for root on the NAS; else the session of ``synology.administrator``; None when there is neither."""
    synology = nas_of(config)
    path = find_tools(environ)
    if path is not None:
        yield Tools(path, synology.url)
    elif synology.administrator is not None:
        with _client(config, synology.administrator, environ, 0.0) as client:
            yield WebProvisioner(client)
    else:
        yield None


def trusted_bundle(config: Config) -> Optional[str]:
    """The file that DSM's own certificate is trusted through: that of the authority whose certificate becomes its default."""
    if not nas_of(config).url.startswith("https"):
        return None
    given = [(target.synology.default, one) for one, target in config.targets() if target.synology is not None]
    certificate = max(given, key=lambda pair: pair[0], default=(False, None))[1]
    bundle = None if certificate is None else config.authority_of(certificate).ca_bundle
    return None if bundle is None else str(bundle)


def _client(config: Config, account: Account, environ: Environ, retry_for: float) -> Client:
    return Client(
        nas_of(config).url,
        account.name,
        resolve(account.password, environ),
        second_factor=_second_factor(account, environ),
        ca_bundle=trusted_bundle(config),
        fingerprint=nas_of(config).fingerprint,
        retry_for=retry_for,
    )


def _second_factor(account: Account, environ: Environ) -> Dict[str, Secret]:
    """What an account with 2FA shows beside its password. As parameters, for DSM 7 does not look at the cookie ``did`` any more."""
    if account.device_id is not None:
        return {"device_name": Secret(account.device_name), "device_id": resolve(account.device_id, environ)}
    return {} if account.otp_code is None else {"otp_code": resolve(account.otp_code, environ)}
