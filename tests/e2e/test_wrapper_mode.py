"""The wrapper script run by hand and as the schedule (`run: wrapper`): it deploys as acmewrap does, and keeps no secret."""

from __future__ import annotations

import re
import string
import subprocess
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from acmewrap.testing.dsm import IMPORT, DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import CERTIFICATES, HEAD, SYNOLOGY, Machine
from releases import AcmeShRelease

PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " ."
SCHEDULE = 'schedule: {{daily: "03:00", by: crontab, run: wrapper}}\n'
Prepare = Callable[[AcmeShRelease], Machine]


@pytest.fixture
def prepare(tmp_path: Path, pebble: Pebble, webserver: WebServer) -> Iterator[Prepare]:
    """A machine on which acmewrap has issued, deployed and rendered."""
    with DsmSimulator(password=PRINTABLE) as nas:

        def make(release: AcmeShRelease) -> Machine:
            machine = Machine(tmp_path / "machine", release.path, pebble, webserver, nas)
            wanted = f'acme_sh: {{{{release: "{release.version}", allow_vulnerable: yes}}}}\n'
            machine.configure(wanted + HEAD + CERTIFICATES + SYNOLOGY + SCHEDULE)
            for command in ("issue", "deploy", "render"):
                done = machine.run(command)
                assert done.returncode == 0, done
            return machine

        yield make


def run(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: machine.environment[name] for name in ("PATH", "NO_PROXY")}
    argv = [str(machine.folder / "acme.sh"), *words]
    return subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=120)


def configurations(machine: Machine) -> List[Path]:
    return sorted((machine.folder / ".acme.sh").rglob("*.conf"))


def kept_secrets(machine: Machine) -> List[str]:
    """Lines of acme.sh's files that hold a setting of a hook, or any part of the password."""
    lines = [line for path in configurations(machine) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "SYNO" in line or "SAVED_" in line or PRINTABLE[20:40] in line]


def make_due(machine: Machine) -> None:
    """As time does."""
    (path,) = (machine.folder / ".acme.sh").glob("*_ecc/nas.internal.test.conf")
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub("(?m)^(Le_NextRenewTime|Le_CertCreateTime)=.*$", r"\1='1600000000'", text), encoding="utf-8")


def pass_days(machine: Machine, days: str) -> None:
    """One run of the schedule a day; on those marked ``x`` the certificate is due."""
    for day in days:
        leaf, imports = machine.on_disk(), machine.imports()
        if day == "x":
            make_due(machine)
        done = run(machine, "--cron")
        assert done.returncode == 0, done
        assert (machine.on_disk() != leaf) == (day == "x")
        assert machine.imports() - imports == (1 if day == "x" else 0), done.stdout
        assert machine.served() == machine.on_disk()
        assert kept_secrets(machine) == []
        assert "unexpected EOF" not in done.stderr


def test_a_scheduled_run_delivers_once_and_leaves_no_credential(prepare: Prepare, acme_sh: AcmeShRelease) -> None:
    machine = prepare(acme_sh)
    assert machine.imports() == 1
    pass_days(machine, "-x-")
    assert all(one["healthy"] for one in machine.run("--json", "status").document["certificates"].values())


@pytest.mark.slow  # a week in the place of three days
def test_so_it_is_for_a_week_in_which_acmewrap_renews_too(prepare: Prepare, acme_sh: AcmeShRelease) -> None:
    machine = prepare(acme_sh)
    pass_days(machine, "-x")
    assert machine.run("issue", "--force").returncode == 0
    assert machine.run("deploy").returncode == 0
    pass_days(machine, "-x--x")
    imports = machine.imports()
    done = run(machine, "--cron", "--force", "--insecure", "--log", str(machine.folder / "log"), "--log-level", "2")
    assert done.returncode == 0, done
    assert machine.imports() == imports + 1
    assert kept_secrets(machine) == []
    assert not any(
        re.search("^(HTTPS_INSECURE|CA_BUNDLE|LOG_)", path.read_text(), re.MULTILINE)
        for path in configurations(machine)
    )
    assert machine.run("cron").returncode == 0
    assert machine.imports() == imports + 1


@pytest.mark.slow  # its parts are shown in tests/process/test_wrapper_runs.py and tests/e2e/test_dsm_outcomes.py
def test_what_another_acme_sh_saved_goes_away_and_a_nas_that_lies_is_noticed(
    prepare: Prepare, acme_sh_311: Path
) -> None:
    machine = prepare(AcmeShRelease("3.1.1", acme_sh_311))
    (path,) = (machine.folder / ".acme.sh").glob("*_ecc/nas.internal.test.conf")
    with path.open("a", encoding="utf-8") as stream:
        stream.write("SAVED_SYNO_PASSWORD='secret'\n")
    assert run(machine, "--list").returncode == 0
    assert kept_secrets(machine) == []
    served = machine.served()
    make_due(machine)
    machine.nas.fail(IMPORT, "ignored")
    done = run(machine, "--cron")
    assert machine.served() == served, done
    assert machine.run("status").returncode == 4
    assert "doctor.not_served" in machine.run("doctor", "--json").stdout


@pytest.mark.slow  # of recovery, tests/unit/driver/test_restored_configuration.py shows each case
def test_a_configuration_that_does_not_parse_stops_it_and_acmewrap_puts_the_last_good_one_back(
    prepare: Prepare, acme_sh_311: Path
) -> None:
    machine = prepare(AcmeShRelease("3.1.1", acme_sh_311))
    assert machine.run("issue", "--force").returncode == 0
    (path,) = (machine.folder / ".acme.sh").glob("*_ecc/nas.internal.test.conf")
    path.write_text(path.read_text(encoding="utf-8") + "Le_Alt='a'b\n", encoding="utf-8")
    leaf = machine.on_disk()
    assert run(machine, "--cron").returncode == 78
    assert machine.run("deploy").returncode == 0
    assert machine.on_disk() == leaf
    assert run(machine, "--list").returncode == 0
    assert [one.name for one in (machine.folder / ".acme.sh" / ".damaged").iterdir()]


@pytest.mark.slow  # that a deployment is pending until it succeeded is shown in tests/e2e/test_ledger_runs.py
def test_a_first_delivery_that_failed_is_not_tried_by_acme_sh_but_found_by_status_and_made_by_the_next_run(
    tmp_path: Path, acme_sh: AcmeShRelease, pebble: Pebble, webserver: WebServer
) -> None:
    with DsmSimulator(password=PRINTABLE) as nas:
        machine = Machine(tmp_path / "machine", acme_sh.path, pebble, webserver, nas)
        wanted = f'acme_sh: {{{{release: "{acme_sh.version}", allow_vulnerable: yes}}}}\n'
        machine.configure(wanted + HEAD + CERTIFICATES + SYNOLOGY + SCHEDULE)
        for command in ("issue", "render"):
            assert machine.run(command).returncode == 0
        nas.fail(IMPORT, "bad_gateway")
        assert machine.run("deploy").returncode == 4
        nas.heal()
        before = machine.served()
        assert run(machine, "--cron").returncode == 0
        assert machine.served() == before
        done = machine.run("--json", "status")
        assert done.returncode == 4
        assert done.document["certificates"]["nas"]["targets"]["dsm"]["state"] == "pending"
        assert machine.run("apply").returncode == 0
        assert machine.served() == machine.on_disk()
