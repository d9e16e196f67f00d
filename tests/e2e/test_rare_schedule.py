"""`apply` says what `check` would refuse afterwards."""

from __future__ import annotations

from pathlib import Path

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import CERTIFICATES, HEAD, Machine


def test_apply_warns_of_a_schedule_that_is_too_rare_for_what_it_has_issued_and_offers_to_write_it(
    tmp_path: Path, pebble: Pebble, webserver: WebServer, acme_sh_311: Path, issued_home: Path
) -> None:
    machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    machine.adopt(issued_home)
    machine.configure(HEAD + CERTIFICATES.partition("    deploy:")[0] + 'schedule: {{daily: "04:00"}}\n')
    for _ in range(2):  # also when there is nothing to do
        done = machine.run("apply")
        assert (done.returncode, "write `every: 6h`" in done.stderr) == (0, True), done
    assert machine.run("check").returncode == 78
    shown = machine.on_terminal("apply", typed="y\n")
    assert '+schedule: {every: "6h"}' in shown, shown
    assert machine.run("check").returncode == 0
    assert machine.run("--json", "plan").document["plan"] == []  # the scheduler has it, too
