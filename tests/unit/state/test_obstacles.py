"""What is known to fail before it is tried."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import pytest

from acmewrap.state import obstacles
from acmewrap.state.machine import read_state
from configuration import SYNOLOGY, certificate, loaded

HOOK = "deploy:\n  web: {hook: ssh, env: {DEPLOY_SSH_USER: x, API_TOKEN: {file: token}}, verify: no}"
DNS = "challenge: {dns: dns_nsupdate, env: {NSUPDATE_KEY: /nowhere/key}}"


@pytest.mark.parametrize(
    ("lines", "entry", "id", "said"),
    [
        (HOOK, "nas/web", "secret.unavailable", "token: No such file"),
        (
            HOOK.replace("hook: ssh", "hook: shh").replace(", API_TOKEN: {file: token}", ""),
            "nas/web",
            "hook.unknown",
            "'ssh'?",
        ),
        (HOOK.replace("{file: token}", "{env: NOT_SET}"), "nas/web", "secret.unavailable", "NOT_SET"),
    ],
)
def test_a_deployment_that_can_only_fail_is_known(tmp_path: Path, lines: str, entry: str, id: str, said: str) -> None:
    config = loaded(tmp_path, certificate(lines))
    (found,) = obstacles.find(config, {})
    assert (found.entries(config), found.failure.id) == ((entry,), id)
    assert said in found.failure.message


@pytest.mark.parametrize(
    ("way", "id", "key"),
    [
        (DNS, "file.failed", ("env", "NSUPDATE_KEY")),
        (DNS.replace("dns_nsupdate", "dns_nsupdat").replace("/nowhere/key", "/etc/passwd"), "hook.unknown", ("dns",)),
    ],
)
def test_an_order_that_can_only_fail_is_known(tmp_path: Path, way: str, id: str, key: Tuple[str, ...]) -> None:
    text = certificate("").replace("challenge: {webroot: /var/www}", way)
    config = loaded(tmp_path, text)
    (found,) = obstacles.find(config, {})
    assert (found.entries(config), found.failure.id) == (("nas",), id)
    assert found.keys == ("certificates", "nas", "challenge", 0, *key)


def test_a_certificate_called_schedule_says_nothing_of_the_schedule(tmp_path: Path) -> None:
    text = certificate("").replace("challenge: {webroot: /var/www}", DNS).replace("\n  nas:", "\n  schedule:")
    state = read_state(loaded(tmp_path, text), frozenset(("obstacles", "schedule")), environ={})
    assert set(state.obstacles) == {"schedule"}
    assert (state.schedule, state.schedule_failure) == ("same", None)


def test_roots_that_are_not_there_keep_every_order_from_going_well(tmp_path: Path) -> None:
    text = certificate("").replace("directory\n", "directory\n    ca_bundle: ca.crt\n", 1)
    config = loaded(tmp_path, text)
    (found,) = obstacles.find(config, {})
    assert (found.entries(config), found.failure.id, found.keys[-1]) == (("nas",), "bundle.missing", "ca_bundle")


def test_a_password_that_acmewrap_chooses_may_be_missing(tmp_path: Path) -> None:
    text = certificate("deploy: {dsm: synology}") + SYNOLOGY
    config = loaded(tmp_path, text)
    assert [one.entries(config) for one in obstacles.find(config, {})] == [("nas/dsm",)]
    administrator = "  administrator: {name: admin, password: {env: ADMIN}}\n"
    assert not list(obstacles.find(loaded(tmp_path, text + administrator), {}))
