"""Two authorities at the same host and path, reported apart by their ports and roots alone; and a file that changes its mind."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Dict, Iterator

import pytest

from acmewrap.driver.homes.home import Home
from acmewrap.pki.x509 import X509
from acmewrap.state.ledger import Advice, Ledger
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import Machine

CONFIGURATION = """\
authorities:
  one: {{server: "{server}", ca_bundle: "{bundle}", home: .acme.sh}}
  two: {{server: "{second}", ca_bundle: "{second_bundle}", home: .acme.sh-two}}
certificates:
  first: {{domains: [first.internal.test], authority: one, challenge: {{webroot: "{webroot}"}}}}
  other: {{domains: [other], authority: two, key: {key}, challenge: {{webroot: "{webroot}"}}}}
"""


CERTIFICATES = {".acme.sh": "first.internal.test", ".acme.sh-two": "other"}


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, dns: ChallengeServer, webserver: WebServer) -> Iterator[Pebble]:
    folder = tmp_path_factory.mktemp("second")
    with Pebble(folder, dns=dns.address, http_port=webserver.port, validity_seconds=86400) as server:
        yield server


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, pebble: Pebble, second: Pebble, webserver: WebServer
) -> Machine:
    folder = tmp_path_factory.mktemp("authorities") / "machine"
    machine = Machine(folder, acme_sh_311, pebble, webserver, DsmSimulator())
    configure(machine, second)
    return machine


def configure(machine: Machine, other: Pebble, key: str = "ec-256") -> None:
    machine.configure(CONFIGURATION, second=other.directory_url, second_bundle=other.ca_bundle, key=key)


def contents(home: Path) -> Dict[str, bytes]:
    """Every file and link of a home; but for the note in the lock of who held it last, and the history of all runs."""
    found: Dict[str, bytes] = {}
    for folder, _, names in os.walk(str(home)):
        for name in names:
            path = Path(folder, name)
            if name not in (".lock", "lock", ".history.json"):
                found[str(path)] = os.readlink(str(path)).encode() if path.is_symlink() else path.read_bytes()
    return found


def stored(machine: Machine, home: str, name: str) -> X509:
    """The certificate on disk, with which everything beside it agrees."""
    found = Home(machine.folder / home).read(name, True)
    assert found is not None
    assert found.leaf is not None
    assert found.find_fault() is None
    return found.leaf


def test_each_call_carries_its_own_bundle(machine: Machine, pebble: Pebble, second: Pebble) -> None:
    assert pebble.ca_bundle.read_bytes() != second.ca_bundle.read_bytes()
    done = machine.run("apply")
    assert done.returncode == 0, done
    issuers = {stored(machine, home, name).issuer for home, name in CERTIFICATES.items()}
    assert len(issuers) == 2


def test_interleaved_runs_leave_the_home_of_the_other_byte_identical(machine: Machine) -> None:
    homes = {"first": machine.folder / ".acme.sh", "other": machine.folder / ".acme.sh-two"}
    for _ in range(2):  # the run after the one that registered keeps copies of the accounts
        assert machine.run("apply").returncode == 0
    before, own = contents(homes["other"]), contents(homes["first"])
    assert machine.run("issue", "--force", "first").returncode == 0
    assert contents(homes["other"]) == before
    assert contents(homes["first"]) != own


def test_a_name_without_a_dot_renews_like_any_other(machine: Machine, second: Pebble) -> None:
    old, beside = stored(machine, ".acme.sh-two", "other"), contents(machine.folder / ".acme.sh")
    day = int(time.time()) + 80_000
    advice = Advice(old.sha256, "https://ca.internal.test/renewal", day, chosen=1)
    Ledger.load(machine.folder / ".acme.sh-two" / ".ledger.json").advise("other", advice)
    done = machine.run("--json", "cron")
    assert done.returncode == 0, done
    assert [(step["kind"], step["certificate"]) for step in done.document["steps"]] == [("renew", "other")]
    assert stored(machine, ".acme.sh-two", "other") != old
    assert contents(machine.folder / ".acme.sh") == beside
    configure(machine, second)


def test_a_change_of_the_file_reissues_although_nothing_is_due(machine: Machine, second: Pebble) -> None:
    before = contents(machine.folder / ".acme.sh")
    configure(machine, second, key="ec-384")
    assert machine.run("cron").stdout == "Nothing to do.\n"  # nothing is due, and an unattended run does not experiment
    done = machine.run("--json", "apply")
    assert done.returncode == 0, done
    steps = [(step["kind"], step["certificate"]) for step in done.document["steps"] if step["certificate"]]
    assert steps == [("reissue", "other")]
    assert stored(machine, ".acme.sh-two", "other").key_type == "ec-384"
    assert contents(machine.folder / ".acme.sh") == before
    assert machine.run("apply").stdout == "Nothing to do.\n"


@pytest.mark.slow  # that it is a reason to reissue is in test_edits.py
def test_another_server_reissues_there(machine: Machine, pebble: Pebble, second: Pebble) -> None:
    configure(machine, second, key="ec-384")
    assert machine.run("apply").returncode == 0
    orders = machine.orders()
    configure(machine, pebble, key="ec-384")
    assert machine.run("apply").returncode == 0
    assert machine.orders() == orders + 1
    assert machine.run("apply").stdout == "Nothing to do.\n"
