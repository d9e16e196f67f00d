"""Times that cannot be, from an authority and from an earlier run, through the command line: none of them ends renewal."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from acmewrap.state.ledger import Ledger
from acmewrap.testing.certificates import make_root
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import Answer, Change, Proxy, problem
from acmewrap.testing.webserver import WebServer
from provisioned import HEAD, Machine

YEAR = 365 * 86400
DUE = """\
certificates:
  nas:
    domains: [nas.internal.test]
    challenge: {{webroot: "{webroot}"}}
"""


@pytest.mark.slow
def test_neither_a_year_of_retry_after_nor_one_of_the_ledger_nor_an_expired_leaf_ends_renewal(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer, issued_home: Path
) -> None:
    machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    machine.adopt(issued_home)
    machine.make_due()
    ledger = machine.folder / ".acme.sh" / ".ledger.json"
    before = machine.on_disk()
    with Proxy(tmp_path / "proxy", pebble) as proxy:
        machine.configure(HEAD + DUE, server=proxy.directory_url, bundle=proxy.ca_bundle)
        refused = problem("rateLimited", "too many new orders", 429)
        proxy.misbehave("/order-plz", Answer(429, refused.body, (*refused.headers, ("Retry-After", str(YEAR)))))
        done = machine.run("--json", "cron")
        assert (done.returncode != 0, done.document["steps"][0]["failure"]["id"]) == (True, "acme.rate_limited")
        wait = Ledger.load(ledger).get("nas").next_try - time.time()
        assert 0 < wait <= 12 * 3600  # half of the day that the certificate lives

        proxy.behave()
        proxy.misbehave("/certZ/", Change(body=lambda _: expired_chain(tmp_path, machine)))
        note(ledger, time.time() + YEAR)
        done = machine.run("--json", "cron")
        assert (done.returncode != 0, done.document["steps"][0]["failure"]["id"]) == (True, "certificate.not_valid")
        assert machine.on_disk() == before

        proxy.behave()
        note(ledger, time.time() + YEAR)
        done = machine.run("cron")
        assert done.returncode == 0, done
        assert machine.on_disk() != before


def note(ledger: Path, next_try: float) -> None:
    """As if an earlier run, whose clock was ahead, had put the next try off."""
    document = json.loads(ledger.read_bytes())
    document["entries"]["nas"]["next_try"] = int(next_try)
    ledger.write_text(json.dumps(document), encoding="ascii")


def expired_chain(folder: Path, machine: Machine) -> bytes:
    """For the very key that is ordered with, which acme.sh keeps."""
    root = make_root(folder)
    key = next(machine.folder.glob(".acme.sh/nas.internal.test_ecc/nas.internal.test.key"))
    words = ["openssl", "req", "-new", "-key", str(key), "-subj", "/CN=nas.internal.test"]
    words += ["-addext", "subjectAltName=DNS:nas.internal.test"]
    request = subprocess.run(words, capture_output=True, check=True).stdout
    words = ["openssl", "x509", "-req", "-CA", str(root.certificate), "-CAkey", str(root.key), "-days", "-1"]
    leaf = subprocess.run([*words, "-copy_extensions", "copy"], input=request, capture_output=True, check=True).stdout
    return leaf + root.certificate.read_bytes()
