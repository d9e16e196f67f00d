"""Certificates live out their lives under the real acme.sh, a real authority and the real clock: what is served never expires.

An authority's clock cannot be moved, so lives are short instead, as short as this machine can renew in, and a run comes twelve
times in each, as one every five minutes does in an hour. Outages, whose waits are minutes long, are in ``test_lifetime.py``.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Dict

import pytest

from acmewrap.config import load
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from acmewrap.verify.tls_probe import look
from provisioned import PASSWORD, Machine

RENEWALS = 8  # that would fit into a life one after another, so that one may also take twice as long as was measured
RUNS = 12  # in a life


@pytest.mark.slow
@pytest.mark.parametrize("lives", [1, 3])
def test_what_is_served_never_expires_and_each_certificate_is_renewed_after_half_of_its_life_and_delivered_once(  # noqa: PLR0917  they are fixtures
    lives: int, tmp_path: Path, acme_sh_311: Path, dns: ChallengeServer, pebble: Pebble, webserver: WebServer
) -> None:
    with DsmSimulator(password=PASSWORD) as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        began = time.monotonic()
        assert machine.run("cron").returncode == 0  # issues and deploys, as it is going to
        life = int(RENEWALS * (time.monotonic() - began))
        with Pebble(tmp_path / "pebble", dns=dns.address, http_port=webserver.port, validity_seconds=life) as short:
            machine.pebble = short
            machine.configure()
            assert machine.run("apply").returncode == 0  # the file names another authority
            imports = machine.imports() - 1
            ends = watch(machine, lives, life / RUNS)
        assert machine.orders() == machine.imports() - imports == len(ends) == lives + 1
        spans = [after - before for before, after in zip(ends.values(), list(ends.values())[1:])]
        assert all(life // 2 - 1 <= span < life for span in spans), spans


def watch(machine: Machine, lives: int, pause: float) -> Dict[str, float]:
    """Run again and again until certificates have been replaced, and return the end of each that was served."""
    endpoint = load(machine.folder / "acmewrap.yaml", {}).certificates["nas"].targets[0].verify
    assert endpoint is not None
    ends: Dict[str, float] = {}
    while True:
        sight = look(endpoint)
        assert sight.served is not None, sight
        assert sight.not_after is not None, sight
        ends.setdefault(sight.served, sight.not_after.timestamp())
        if len(ends) > lives:
            return ends
        time.sleep(pause)
        done = machine.run("cron")
        assert done.returncode == 0, done
        # Only a run changes what is served, so looks that are judged as late as this leave no moment out.
        assert time.time() < sight.not_after.timestamp(), f"{sight} had expired before the end of {done}"
