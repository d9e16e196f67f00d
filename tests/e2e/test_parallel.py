"""Many certificates at once in one home, through the real acme.sh."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acmewrap.driver.homes.home import Home
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import HEAD, PASSWORD, Machine


@pytest.mark.parametrize("count", [4, pytest.param(8, marks=pytest.mark.slow)])
def test_side_by_side_every_name_gets_its_own_certificate_and_the_account_is_made_once(
    count: int, tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    names = [f"side{number}.internal.test" for number in range(count)]
    entries = "".join(
        f'  side{number}: {{{{domains: [{name}], challenge: {{{{webroot: "{{webroot}}"}}}}}}}}\n'
        for number, name in enumerate(names)
    )
    machine.configure(f"jobs: {count}\n{HEAD}certificates:\n{entries}")
    before, accounts = machine.orders(), pebble.log.read_text(encoding="utf-8").count("POST /sign-me-up")

    # acme.sh would make this folder itself, and take it away again under its neighbours.
    shutil.rmtree(str(webserver.root / ".well-known"), ignore_errors=True)

    done = machine.run("--json", "cron")

    assert done.returncode == 0, done
    assert [step["outcome"] for step in done.document["steps"] if step["kind"] == "issue"] == ["done"] * count
    assert machine.orders() - before == count
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


# Says when it is not alone. It gives the other three seconds to come; under a lock it never comes.
RELOAD = """\
touch {folder}/here.$$
for _ in 1 2 3 4 5 6; do
  [ "$(ls {folder} | grep -c '^here')" -lt 2 ] || touch {folder}/both
  /bin/sleep 0.5
done
rm {folder}/here.$$
echo done >>{folder}/done
"""


@pytest.mark.slow  # six seconds of waiting; tests/unit/engine/test_certificate_steps.py asks the same of the engine alone
def test_a_target_of_two_certificates_gets_one_at_a_time(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    reload = machine.folder / "reload.sh"
    reload.write_text(RELOAD.format(folder=machine.folder), encoding="ascii")
    (machine.folder / "tls").mkdir()
    entries = "".join(
        f"""\
  {name}:
    domains: [{name}.internal.test]
    challenge: {{{{webroot: "{{webroot}}"}}}}
    deploy:
      server: {{{{install: {{{{combined_file: tls/{name}.pem, reload: sh {reload} {name}}}}}, verify: no}}}}
"""
        for name in ("one", "two")
    )
    machine.configure(f"jobs: 2\n{HEAD}certificates:\n{entries}")
    done = machine.run("apply")
    assert done.returncode == 0, done
    assert (machine.folder / "done").read_text(encoding="ascii") == "done\n" * 2
    assert not (machine.folder / "both").exists()


@pytest.mark.slow
def test_of_eight_runs_at_once_one_works_and_the_others_find_it_done_or_busy(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    with DsmSimulator(password=PASSWORD) as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        orders = machine.orders()
        with ThreadPoolExecutor(8) as pool:
            codes = [done.returncode for done in pool.map(lambda _: machine.run("cron"), range(8))]
        assert set(codes) <= {0, 75}
        assert 0 in codes
        assert machine.orders() - orders == 1
        assert machine.imports() == 1
        assert machine.served() == machine.on_disk()
        assert machine.run("cron").stdout == "Nothing to do.\n"
