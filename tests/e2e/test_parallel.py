"""Many certificates at once in one home, through the real acme.sh."""

from __future__ import annotations

import shutil
from pathlib import Path

from acmewrap.driver.home import Home
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import HEAD, Machine

COUNT = 8


def test_side_by_side_every_name_gets_its_own_certificate_and_the_account_is_made_once(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    names = [f"side{number}.internal.test" for number in range(COUNT)]
    entries = "".join(
        f'  side{number}: {{{{domains: [{name}], challenge: {{{{webroot: "{{webroot}}"}}}}}}}}\n'
        for number, name in enumerate(names)
    )
    machine.configure(f"jobs: {COUNT}\n{HEAD}certificates:\n{entries}")
    before, accounts = machine.orders(), pebble.log.read_text(encoding="utf-8").count("POST /sign-me-up")

    # acme.sh would make this folder itself, and take it away again under its neighbours.
    shutil.rmtree(str(webserver.root / ".well-known"), ignore_errors=True)

    done = machine.run("--json", "cron")

    assert done.returncode == 0, done
    assert [step["outcome"] for step in done.document["steps"] if step["kind"] == "issue"] == ["done"] * COUNT
    assert machine.orders() - before == COUNT
    assert pebble.log.read_text(encoding="utf-8").count("POST /sign-me-up") - accounts == 1
    home = Home(machine.folder / ".acme.sh")
    for name in names:
        stored = home.read(name, True)
        assert stored is not None
        assert stored.leaf is not None
        assert stored.find_fault() is None
        assert stored.leaf.names == (name,)
        assert stored.configuration["Le_Domain"] == name
    assert [entry.name for entry in (machine.folder / ".acme.sh" / ".staging").iterdir() if entry.is_dir()] == []
    assert machine.run("cron").stdout == "Nothing to do.\n"
