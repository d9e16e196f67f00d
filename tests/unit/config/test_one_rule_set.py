"""What `check` accepts, the driver takes: nothing that only a run would refuse."""

from __future__ import annotations

import contextlib
import json
import string
from pathlib import Path
from typing import Optional

import pytest

from acmewrap.config import Config, load
from acmewrap.driver import command
from acmewrap.driver.homes.configuration import edit_configuration
from acmewrap.errors import ConfigurationError
from configuration import ENVIRON, write

TEXT = """\
authorities:
  internal:
    server: https://ca.example.com/acme/directory
    email: {email}
    eab: {{key_id: {key_id}, hmac_key: {{env: KEY}}}}
certificates:
  nas:
    domains: [{domain}]
    challenge: {{webroot: {webroot}}}
    deploy:
      dsm: synology
      other: {{hook: ssh, env: {{DEPLOY_SSH_CMD: {value}}}, verify: no}}
synology:
  url: http://localhost:5000
  account: {{name: {user}, password: {{env: P}}, device_id: {{env: D}}, device_name: {device}}}
  certificate: {{description: {description}}}
  verify: no
"""
GOOD = {
    "email": "admin@example.com",
    "key_id": "kid-1",
    "domain": "nas.example.com",
    "webroot": "/var/www",
    "value": "reload",
    "user": "updater",
    "device": "CertRenewal",
    "description": "acme",
}


def read(folder: Path, **values: str) -> Optional[Config]:
    texts = {key: json.dumps(value) for key, value in {**GOOD, **values}.items()}
    with contextlib.suppress(ConfigurationError):
        return load(write(folder, TEXT.format(**texts)), ENVIRON)
    return None


def drive(config: Config) -> None:
    """What the driver is given of it. Raises what that refuses."""
    authority, certificate = config.authorities["internal"], config.certificates["nas"]
    assert authority.eab is not None
    command.authority(authority.server, authority.ca_bundle, authority.email)
    command.issue(certificate.domains, certificate.challenges, certificate.key)
    edit_configuration("", {"CA_EAB_KEY_ID": authority.eab.key_id})
    for target in certificate.targets:
        command.check_values({name: value for name, value in target.env.items() if isinstance(value, str)})


@pytest.mark.parametrize("key", GOOD)
def test_what_is_accepted_is_taken_by_the_driver(tmp_path: Path, key: str) -> None:
    tried = [
        form.format(c=c) for c in string.printable for form in ("{c}", "a{c}", "{c}a", "a{c}a", "a{c}{c}a", "{c}a{c}")
    ]
    tried += [
        "-n",
        "-e",
        "-nE x",
        '"a"',
        ' "a" ',
        "  ",
        "a..b@c",
        ".a@c",
        "a%b@c",
        "a@-c",
        "+a@c",
        "x" * 65 + ".example.com",
    ]
    taken = 0
    for text in tried if key != "email" else [*tried, *(f"{one}@example.com" for one in tried)]:
        config = read(tmp_path, **{key: text})
        if config is not None:
            taken += 1
            drive(config)
    assert taken > 10


@pytest.mark.parametrize(
    "values",
    [
        {"email": "a%b@example.com"},
        {"email": "a..b@example.com"},
        {"email": "+a@example.com"},
        {"email": "a@-example.com"},
        {"description": "-n"},
        {"description": " acme"},
        {"user": "-e"},
        {"device": "-n"},
        {"domain": f"{'x' * 53}.example.com"},
        {"key_id": "a\\b"},
        {"webroot": "/var/my www"},
        {"webroot": "/var/www,x"},
    ],
)
def test_what_acme_sh_could_not_carry_is_refused_by_check(tmp_path: Path, values: dict[str, str]) -> None:
    assert read(tmp_path, **values) is None


@pytest.mark.parametrize(
    "values",
    [
        {"domain": f"{'x' * 52}.example.com"},
        {"email": "first.last+tag_1-2@sub-1.Example.com"},
        {"description": "web/mail & more; 100% [new] *.^$ 'quoted' `x` $HOME | ~"},
        {"user": "domain.user-1@example$"},
    ],
)
def test_what_it_can_carry_is_accepted(tmp_path: Path, values: dict[str, str]) -> None:
    config = read(tmp_path, **values)
    assert config is not None
    drive(config)
