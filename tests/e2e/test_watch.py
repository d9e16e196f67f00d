"""Proof that lasts: a certificate that was replaced by hand on a real nginx is found by the next look of a scheduled run."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path

import pytest

from acmewrap.testing.certificates import make_leaf, make_root
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import HEAD, PASSWORD, Done, Machine, served
from servers import nginx, running

CONFIGURATION = """\
certificates:
  nas:
    domains: [nas.internal.test]
    challenge: {{webroot: "{webroot}"}}
    deploy:
      web:
        install:
          key_file: tls/key.pem
          fullchain_file: tls/chain.pem
          reload: nginx -c {folder}/nginx.conf -e {folder}/nginx.log -s reload
        verify: {{host: 127.0.0.1, port: {own_port}, name: nas.internal.test, timeout: 10s}}
schedule: {{every: 1h}}
"""
DAY = 86400


def a_day_later(machine: Machine) -> Done:
    """A scheduled run, as if the last look had been a day ago."""
    (ledger,) = machine.folder.glob(".acme.sh*/.ledger.json")
    document = json.loads(ledger.read_text(encoding="utf-8"))
    entry = document["entries"]["nas/web"]
    entry.update(seen_at=entry["seen_at"] - DAY, next_look=0, next_try=0)
    ledger.write_text(json.dumps(document), encoding="utf-8")
    return machine.run("--json", "cron")


def is_served(machine: Machine, port: int) -> bool:
    """Whether it is what is stored, once the worker of nginx with the former certificate has ended: until then both answer."""
    deadline, seen = time.monotonic() + 10, 0
    while seen < 5 and time.monotonic() < deadline:
        seen = seen + 1 if served(port) == machine.on_disk() else 0
        time.sleep(0.05)
    return seen == 5


@pytest.mark.slow  # what the plan says of each case is in tests/unit/plan/test_watched_targets.py
def test_a_certificate_that_was_replaced_by_hand_is_found_and_brought_back_three_times(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer, issued_home: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    other = make_leaf(tmp_path, make_root(tmp_path), ["nas.internal.test"])
    with DsmSimulator(password=PASSWORD) as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        folder = machine.folder
        machine.configure(HEAD + CONFIGURATION, folder=folder, own_port=port)
        machine.adopt(issued_home)
        (folder / "tls").mkdir()

        def replace_by_hand() -> None:
            (folder / "tls" / "chain.pem").write_bytes(other.certificate.read_bytes())
            (folder / "tls" / "key.pem").write_bytes(other.key.read_bytes())
            subprocess.run(["nginx", "-c", f"{folder}/nginx.conf", "-s", "reload"], check=True, capture_output=True)
            deadline = time.monotonic() + 10
            while served(port) == machine.on_disk() and time.monotonic() < deadline:
                time.sleep(0.05)

        replace = (other.certificate.read_bytes(), other.key.read_bytes())
        for path, data in zip((folder / "tls" / "chain.pem", folder / "tls" / "key.pem"), replace):
            path.write_bytes(data)
        with running(port, *nginx(folder, port, ("tls/chain.pem", "tls/key.pem"))):
            done = machine.run("apply")
            assert done.returncode == 0, done
            assert is_served(machine, port)
            replace_by_hand()
            assert machine.run("--json", "cron").document["steps"] == []  # it is not yet time to look
            for _ in range(3):
                done = a_day_later(machine)
                assert done.returncode == 0, done
                assert [step["reason"]["kind"] for step in done.document["steps"]] == ["not_served"]
                assert is_served(machine, port)
                replace_by_hand()
            done = a_day_later(machine)
            assert done.returncode == 4, done
            assert [step["failure"]["id"] for step in done.document["steps"]] == ["deploy.reverted"]
            assert served(port) != machine.on_disk()
            assert machine.run("deploy", "--force").returncode == 0
            assert is_served(machine, port)
            assert a_day_later(machine).document["steps"] == []
        done = a_day_later(machine)  # nobody answers: nothing is known to be wrong
        assert (done.returncode, done.document["steps"]) == (0, [])
