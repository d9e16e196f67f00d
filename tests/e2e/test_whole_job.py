"""From nothing to a certificate that is served, and on to its renewals; every claim is checked at the TLS side of the NAS."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Iterator

import pytest

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import PASSWORD, Machine


@pytest.fixture(scope="module")
def nas() -> Iterator[DsmSimulator]:
    with DsmSimulator(password=PASSWORD) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, pebble: Pebble, webserver: WebServer, nas: DsmSimulator
) -> Machine:
    """Empty at first; the tests below follow each other as the days of one machine."""
    return Machine(tmp_path_factory.mktemp("whole") / "machine", acme_sh_311, pebble, webserver, nas)


def test_an_interrupted_run_leaves_no_process_names_what_it_left_and_the_next_one_completes(machine: Machine) -> None:
    slow = machine.folder / "slow"
    machine.tool("sleep", f"touch {slow}; exec /bin/sleep 60")  # acme.sh waits for the authority's validation
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        with machine.start("apply") as process:
            deadline = time.monotonic() + 60
            while not slow.exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=60)
        machine.tool(
            "sleep", f"touch {slow}; exec /bin/sleep 60" if number is signal.SIGTERM else "exec /bin/sleep 0.1"
        )
        assert process.returncode == code, stderr
        assert "Traceback" not in stderr
        assert f"interrupted; left behind: {machine.web.root}/.well-known/acme-challenge/" in stdout
        assert (
            f"acmewrap: {'terminated' if code == 143 else 'interrupted'} by a signal; what was done until then is kept"
            in stderr
        )
        assert stdout.count("[run.interrupted]") == stderr.count("[run.interrupted]") == 1
        assert "dmesg" not in stdout + stderr
        assert machine.processes() == []
        assert [one for one in (machine.folder / ".acme.sh" / ".staging").iterdir() if one.is_dir()] == []
        slow.unlink()

    done = machine.run("apply")
    assert done.returncode == 0, done
    assert machine.served() == machine.on_disk()


def test_when_nothing_is_to_be_done_nothing_is_started_or_asked(machine: Machine) -> None:
    starts = machine.folder / "starts"
    machine.tool("sed", f'echo "$PPID" >>{starts}; exec /bin/sed "$@"')  # acme.sh does nothing without sed
    traces = machine.traces()
    done = machine.run("apply")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing to do.\n", "")
    requests = len(machine.nas.requests)
    done = machine.run("cron")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing to do.\n", "")
    assert len(machine.nas.requests) == requests  # unattended, it does not even look
    assert machine.run("status").returncode == 0
    assert machine.traces() == traces
    assert not starts.exists()

    assert machine.run("run", "--", "--version").returncode == 0
    assert starts.exists()  # so this is how a start would have been noticed


def test_a_forced_renewal_is_delivered_by_the_next_unattended_run(machine: Machine) -> None:
    leaf = machine.served()
    assert machine.run("issue", "--force", "nas").returncode == 0
    assert machine.on_disk() != leaf
    assert machine.served() == leaf
    assert machine.run("cron").returncode == 0
    assert machine.served() == machine.on_disk()


@pytest.mark.slow
def test_apply_with_force_renews_and_delivers_at_once(machine: Machine) -> None:
    leaf = machine.served()
    assert machine.run("apply", "--force").returncode == 0
    assert machine.served() == machine.on_disk() != leaf
    assert all(login.password == PASSWORD for login in machine.nas.logins)


def test_another_name_in_the_file_is_reason_to_ask_again(machine: Machine) -> None:
    orders = machine.orders()
    text = (machine.folder / "acmewrap.yaml").read_text(encoding="utf-8")
    longer = text.replace("domains: [nas.internal.test]", "domains: [nas.internal.test, files.internal.test]")
    (machine.folder / "acmewrap.yaml").write_text(longer, encoding="utf-8")
    kinds = [step["kind"] for step in machine.run("--json", "plan").document["plan"]]
    assert kinds == ["reissue", "deploy"]
    done = machine.run("apply")
    assert done.returncode == 0, done
    assert machine.orders() == orders + 1
    assert machine.served() == machine.on_disk()
