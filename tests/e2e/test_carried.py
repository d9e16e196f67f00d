"""What `check` accepts at its limits, an authority and acme.sh take: addresses, names, ids of external accounts."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Dict

import pytest

from acmewrap.driver.homes.home import Home
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import Machine

KEY_ID = "".join(letter for letter in string.printable[:94] if letter not in "\"'\\")
FIRST = f"{'x' * 52}.example.com"  # 64 characters, as many as a common name holds
LONGEST = ".".join(("y" * 63, "y" * 63, "y" * 63, "y" * 49, "example.com"))  # 253
CONFIGURATION = """\
directory: .
authorities:
  internal:
    server: "{server}"
    ca_bundle: "{bundle}"
    email: {email}
    eab: {{key_id: {key_id}, hmac_key: {{file: eab.key}}}}
certificates:
  nas: {{domains: ["{first}", "{longest}"], challenge: {{webroot: "{webroot}"}}}}
"""


class Trusting(Pebble):
    """One that believes everybody, as its DNS client cannot read an answer about a name of 253 characters."""

    def _environment(self) -> Dict[str, str]:
        return {**super()._environment(), "PEBBLE_VA_ALWAYS_VALID": "1"}


@pytest.mark.slow  # the rules are in tests/unit/config/test_one_rule_set.py
@pytest.mark.parametrize(
    "email", ["first.last+tag_1-2@sub-1.example.com", f"{'a' * 64}@{'b' * 63}.example.com", "1@x.org"]
)
def test_what_check_accepts_at_its_limits_gets_a_certificate(
    tmp_path: Path, acme_sh_311: Path, dns: ChallengeServer, webserver: WebServer, email: str
) -> None:
    assert (len(FIRST), len(LONGEST), len(KEY_ID)) == (64, 253, 91)
    authority = Trusting(
        tmp_path / "pebble", dns=dns.address, http_port=webserver.port, eab=True, validity_seconds=86400
    )
    authority.eab_key_id = KEY_ID
    with authority as pebble:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
        texts = {"email": json.dumps(email), "key_id": json.dumps(KEY_ID), "first": FIRST, "longest": LONGEST}
        machine.configure(CONFIGURATION, **texts)
        source = machine.folder / "eab.key"
        source.write_text(pebble.eab_hmac_key.reveal(), encoding="ascii")
        source.chmod(0o600)
        assert machine.run("check").returncode == 0
        for words in (("apply",), ("apply", "--force")):
            done = machine.run(*words)
            assert done.returncode == 0, done.stdout[-3000:]
        stored = Home(machine.folder / ".acme.sh").read(FIRST, True)
        assert stored is not None
        assert stored.leaf is not None
        assert (stored.find_fault(), stored.leaf.names) == (None, (FIRST, LONGEST))
        account = next((machine.folder / ".acme.sh" / "ca").rglob("account.json"))
        assert f'"mailto:{email}"' in account.read_text(encoding="utf-8")
        assert machine.run("cron").stdout == "Nothing to do.\n"
