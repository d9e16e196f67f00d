"""What the NAS and the authority can do wrong: nothing is reported as deployed that is not served, and the next run fixes it."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from acmewrap.testing.counterpart import free_port
from acmewrap.testing.dsm import IMPORT, LIST, LOGIN, DsmSimulator, RecordedRequest
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import PASSWORD, Machine, reset

ASSIGN = "SYNO.Core.Certificate.Service.set"


@pytest.fixture(scope="module")
def provisioned(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, issued_home: Path, pebble: Pebble, webserver: WebServer
) -> Iterator[Machine]:
    with DsmSimulator(password=PASSWORD) as nas:
        machine = Machine(tmp_path_factory.mktemp("failures") / "machine", acme_sh_311, pebble, webserver, nas)
        machine.adopt(issued_home)
        yield machine


@pytest.fixture
def machine(provisioned: Machine) -> Machine:
    """A certificate on disk, a NAS as the factory makes it, and nothing remembered of what was there before."""
    provisioned.forget_deliveries()
    provisioned.configure()
    provisioned.nas.restart_seconds = 0.0
    reset(provisioned.nas)
    return provisioned


def upload_cut_off(nas: DsmSimulator) -> None:
    nas.fail(IMPORT, "cut_off")


def upload_answered_502(nas: DsmSimulator) -> None:
    nas.fail(IMPORT, "bad_gateway")


def upload_answered_by_nothing(nas: DsmSimulator) -> None:
    nas.fail(IMPORT, "empty_reply")


def import_ignored(nas: DsmSimulator) -> None:
    nas.fail(IMPORT, "ignored")


def services_not_assigned(nas: DsmSimulator) -> None:
    nas.state.certificates.desktop_follows_default = False
    nas.fail(ASSIGN, "ignored")


@pytest.mark.parametrize(
    ("go_wrong", "id"),
    [
        pytest.param(upload_cut_off, "dsm.not_imported", marks=pytest.mark.slow),  # and see the next test
        pytest.param(upload_answered_502, "dsm.not_imported", marks=pytest.mark.slow),  # to the hook, as cut off
        pytest.param(upload_answered_by_nothing, "dsm.not_imported", marks=pytest.mark.slow),
        (import_ignored, "dsm.not_imported"),
        (services_not_assigned, "dsm.not_assigned"),
    ],
)
def test_a_success_that_is_none_is_not_believed_and_the_next_run_fixes_it(
    machine: Machine, go_wrong: Callable[[DsmSimulator], None], id: str
) -> None:
    go_wrong(machine.nas)
    orders = machine.orders()

    failed = machine.run("--json", "apply")
    assert failed.returncode == 4, failed
    document = failed.document
    assert document["outcome"] == "failed"
    target = document["certificates"]["nas"]["targets"]["dsm"]
    assert (target["state"], target["deployed_now"], target["failure"]["id"]) == ("pending", False, id)
    assert machine.served() != machine.on_disk()
    assert machine.imports() == 1

    again = machine.run("--json", "apply")
    assert again.returncode == 0, again
    target = again.document["certificates"]["nas"]["targets"]["dsm"]
    assert (target["state"], target["deployed_now"], target["failure"]) == ("deployed", True, None)
    assert machine.served() == machine.on_disk()
    assert machine.imports() == 2
    assert machine.orders() == orders


def test_an_old_certificate_that_stays_is_not_taken_for_the_new_one(machine: Machine) -> None:
    assert machine.run("apply").returncode == 0
    old = machine.served()
    assert machine.run("issue", "--force").returncode == 0
    machine.nas.fail(IMPORT, "cut_off")
    done = machine.run("--json", "deploy")
    assert done.returncode == 4, done
    (step,) = done.document["steps"]
    assert (step["outcome"], step["failure"]["id"]) == ("unproven", "deploy.not_proven")
    assert machine.served() == old
    assert machine.run("deploy").returncode == 0
    assert machine.served() == machine.on_disk() != old


def test_services_that_were_not_given_are_given_by_the_next_run_though_the_certificate_is_served(
    machine: Machine,
) -> None:
    machine.nas.fail(ASSIGN, "ignored")
    done = machine.run("--json", "deploy")
    assert done.returncode == 0, done  # one among `all` is no failure, as DSM has services that nobody can move
    assert machine.served() == machine.on_disk()
    assert machine.run("apply").returncode == 0
    store = machine.nas.state.certificates
    assert store.service("smbftpd/ftpd").certificate == store.by_description("acme")[0].id
    assert machine.imports() == 1


def test_a_list_that_is_cut_off_under_the_hook_creates_no_second_entry(machine: Machine) -> None:
    assert machine.run("apply").returncode == 0
    assert machine.run("issue", "--force").returncode == 0

    class Requests(List[RecordedRequest]):
        """The hook logs in as GET, and then lists."""

        def append(self, request: RecordedRequest) -> None:
            super().append(request)
            if request.name == LOGIN and request.http_method == "GET":
                machine.nas.fail(LIST, "cut_off")

    machine.nas.state.requests = Requests(machine.nas.state.requests)
    done = machine.run("deploy")
    machine.nas.state.requests = list(machine.nas.state.requests)
    assert done.returncode == 4, done
    assert len(machine.nas.state.certificates.by_description("acme")) == 1
    assert machine.run("deploy").returncode == 0
    assert machine.served() == machine.on_disk()
    assert len(machine.nas.state.certificates.by_description("acme")) == 1


def test_a_lost_reply_to_an_import_that_took_is_proven_all_the_same(machine: Machine) -> None:
    machine.nas.fail(IMPORT, "reply_lost")
    done = machine.run("deploy")
    assert done.returncode == 0, done
    assert machine.served() == machine.on_disk()


def test_a_web_server_that_takes_its_time_to_restart_is_waited_for(machine: Machine) -> None:
    machine.nas.restart_seconds = 2.0
    done = machine.run("deploy")
    assert done.returncode == 0, done
    machine.nas.finish_restart()
    assert machine.served() == machine.on_disk()


def test_a_refused_login_is_told_by_its_reason_without_starting_the_hook(machine: Machine) -> None:
    """Which code is which reason is in ``tests/process/test_dsm_web.py``."""
    machine.nas.fail(LOGIN, 407, times=None)
    orders = machine.orders()
    done = machine.run("--json", "apply")
    assert done.returncode == 4, done
    (step,) = done.document["steps"]
    assert (step["kind"], step["outcome"], step["failure"]["id"]) == ("deploy", "failed", "dsm.blocked")
    assert {request.http_method for request in machine.nas.calls(LOGIN)} == {"POST"}  # the hook sends its own as GET
    assert machine.orders() == orders
    assert machine.imports() == 0


def test_a_wrong_password_is_told_with_what_to_do(machine: Machine) -> None:
    machine.nas.fail(LOGIN, 400, times=None)
    done = machine.run("deploy")
    assert done.returncode == 4, done
    lines = done.stdout.splitlines()
    assert any("[dsm.login_refused]" in line for line in lines)
    assert any(line.startswith("  What to do: ") for line in lines)


def test_a_failed_delivery_is_not_tried_again_by_every_unattended_run(machine: Machine) -> None:
    machine.nas.fail(LOGIN, 400, times=None)
    assert machine.run("cron").returncode == 4
    machine.nas.state.requests.clear()
    waiting = machine.run("--json", "cron")
    assert waiting.returncode == 0, waiting
    target = waiting.document["certificates"]["nas"]["targets"]["dsm"]
    assert (target["state"], target["attempts"], target["failure"]["id"]) == ("pending", 1, "dsm.login_refused")
    assert machine.nas.requests == []


def test_an_authority_that_cannot_be_reached_ends_quickly_and_starts_no_acme_sh(machine: Machine) -> None:
    starts = machine.folder / "starts"
    machine.tool("sed", f'echo "$PPID" >>{starts}; exec /bin/sed "$@"')
    machine.configure(server=f"https://localhost:{free_port()}/dir")
    done = machine.run("--json", "issue", "--force")
    assert done.returncode == 69, done
    (step,) = done.document["steps"]
    assert step["failure"]["id"] == "ca.unreachable"
    assert step["seconds"] < 20
    assert not starts.exists()


def test_an_authority_of_another_company_is_not_trusted(machine: Machine, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text(machine.pebble.root(), encoding="ascii")  # of what it issues, not of its API
    machine.configure(bundle=other)
    done = machine.run("issue", "--force")
    assert done.returncode == 69, done
    assert "[ca.tls_untrusted]" in done.stdout
    assert str(other) in done.stdout
