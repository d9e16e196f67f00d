"""Certificates in a home, as acme.sh leaves them, without an order."""

from __future__ import annotations

from typing import Mapping

from acmewrap import Certificate, Config, paths
from acmewrap.driver.homes.home import Home
from acmewrap.plan.fingerprint import REQUEST_KEY, request_of
from acmewrap.testing.certificates import Pair


def store(home: Home, domain: str, pair: Pair, settings: Mapping[str, str], *, ecc: bool = True) -> None:
    """*pair* with its issuers, and the lines of its ``.conf``."""
    staged = home.path.parent / "staged"
    staged.mkdir()
    leaf, fullchain = pair.certificate.read_bytes(), pair.fullchain.read_bytes()
    lines = "".join(f"{key}='{value}'\n" for key, value in {"Le_Domain": domain, **settings}.items())
    contents = {f"{domain}.conf": lines.encode("ascii"), f"{domain}.key": pair.key.read_bytes(), f"{domain}.cer": leaf}
    for name, content in {**contents, "ca.cer": fullchain[len(leaf) :], "fullchain.cer": fullchain}.items():
        (staged / name).write_bytes(content)
    home.replace(domain, ecc, staged)


def store_for(config: Config, certificate: Certificate, pair: Pair) -> None:
    """As acmewrap leaves it: asked for as *config* has it now."""
    domain, ecc = paths.name_of(certificate)
    server = config.authority_of(certificate).server
    settings = {"Le_API": server, REQUEST_KEY: request_of(config, certificate)}
    store(paths.home_of(config, certificate), domain, pair, settings, ecc=ecc)
