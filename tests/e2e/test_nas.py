"""A NAS as the factory makes it, of both generations and through both channels, up to the task that runs unattended."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterator, Tuple

import pytest

from acmewrap.testing.dsm import DsmSimulator, Task
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import CERTIFICATES, HEAD, Machine

NAS = """\
synology:
  url: {nas}
  account: {{name: certupdater, password: {{file: made/dsm.password}}, device_id: {{file: closed/device}}}}
  {administrator}
  verify: {{host: 127.0.0.1, port: {port}, name: nas.internal.test, timeout: 5s}}
schedule: {{daily: "04:55", by: dsm, mail: ops@example.com}}
"""
ADMINISTRATOR = "administrator: {name: boss, password: {env: BOSS}}"
PASSWORD = "boss's $ecret"


def channel(version: Any, kind: str, folder: Path, *counterparts: Any) -> Iterator[Machine]:
    """A machine beside a NAS on which there is nothing but an administrator; as root on that NAS for ``tools``."""
    with DsmSimulator(version, account="boss", password=PASSWORD) as nas:
        acme_sh, pebble, web = counterparts
        machine = Machine(folder / "machine", acme_sh, pebble, web, nas)
        text = HEAD + CERTIFICATES + NAS if version != "6.2" else HEAD + CERTIFICATES + "    key: rsa-2048\n" + NAS
        (machine.folder / "closed").mkdir(mode=0o700)
        (machine.folder / "closed" / "device").touch(0o600)
        machine.configure(text, administrator=ADMINISTRATOR if kind == "web" else "")
        if kind == "web":
            machine.environment["BOSS"] = PASSWORD
        else:
            nas.write_tools(machine.folder / "tools")
            machine.run_by_root = True
            if os.geteuid() != 0:  # what root makes must be ours to read and to remove, once it is handed over
                nas.user.uid = os.geteuid() - 1  # the next account gets our number
                (web.root / ".well-known").mkdir(exist_ok=True)  # it stays with whoever makes it
        yield machine


# Each generation and each channel in every run; all versions are in test_dsm_matrix.py.
EMPTY = [
    pytest.param((version, kind), id=f"{version}-{kind}", marks=marks)
    for version, kind, marks in (
        ("6.2", "tools", ()),
        ("6.2", "web", pytest.mark.slow),
        ("7.2.1", "tools", pytest.mark.slow),
        ("7.2.1", "web", ()),
    )
]


@pytest.fixture(params=EMPTY)
def empty(request: Any, tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer) -> Iterator[Machine]:
    yield from channel(*request.param, tmp_path, acme_sh_311, pebble, webserver)


@pytest.fixture(scope="module")
def modern(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, issued_home: Path, pebble: Pebble, webserver: WebServer
) -> Iterator[Machine]:
    """Provisioned over the web API once; each test leaves it as it ought to be."""
    for machine in channel("7.2.1", "web", tmp_path_factory.mktemp("modern"), acme_sh_311, pebble, webserver):
        machine.adopt(issued_home)
        assert machine.run("apply").returncode == 0
        yield machine


def test_one_apply_provisions_an_empty_nas_and_the_next_one_writes_nothing(empty: Machine) -> None:
    nas, state = empty.nas, empty.nas.state
    assert "account" in empty.run("plan").stdout
    assert nas.writes == []

    done = empty.run("apply")
    assert done.returncode == 0, done.stdout + done.stderr

    user = state.users["certupdater"]
    secret = empty.folder / "made" / "dsm.password"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert user.password == secret.read_text(encoding="ascii").rstrip("\n")
    assert (user.expired, user.cannot_change_password) == ("normal", True)
    assert state.groups["administrators"] == ["boss", "certupdater"]
    permissions = {name: share.permissions.get("certupdater", "") for name, share in state.shares.items()}
    assert permissions == {name: "" if name == "homes" else "NA" for name in permissions}
    assert [one for one in state.applications if state.may_use(one, "certupdater")] == ["SYNO.Desktop"]

    (entry,) = state.certificates.by_description("acme")
    assert state.certificates.default == entry.id
    used = {service.name for service in state.certificates.services if service.certificate == entry.id}
    assert used == {"system/default", "smbftpd/ftpd"}  # DSM does not let QuickConnect have it
    assert empty.served() == empty.on_disk() == entry.fingerprint

    (task,) = state.tasks.values()
    assert (task.owner, task.enable, task.schedule["hour"], task.schedule["minute"]) == ("certupdater", True, 4, 55)
    assert (task.extra["notify_mail"], task.extra["notify_if_error"]) == ("ops@example.com", True)
    if empty.environment.get("BOSS") is None:  # what root has made is the account's, who runs the task
        names = [
            ".",
            "made",
            "made/dsm.password",
            "closed",
            "closed/device",
            "task.log",
            "acme.sh",
            "src",
            "src/acme.sh",
        ]
        made = [*(empty.folder / name for name in names), *(empty.folder / ".acme.sh").rglob("*")]
        assert {os.lstat(str(path)).st_uid for path in made} == {user.uid}
    assert state.sessions == {}
    assert user.password not in json.dumps([dict(request.parameters) for request in nas.requests])

    before, asked = len(nas.writes), len(nas.requests)
    again = empty.run("apply")
    assert (again.returncode, again.stdout) == (0, "Nothing to do.\n"), again.stderr
    assert nas.writes[before:] == []
    logins = [
        request.parameters["account"] for request in nas.requests[asked:] if request.parameters.get("method") == "login"
    ]
    assert len(logins) == len(set(logins)) > 0  # DSM counts those that fail, so nobody logs in twice


def test_an_account_that_was_changed_by_hand_is_brought_into_line_and_keeps_its_number(modern: Machine) -> None:
    state = modern.nas.state
    user = state.users["certupdater"]
    number, leaf = user.uid, modern.on_disk()
    user.expired, user.cannot_change_password, user.password = "now", False, "changed by hand"
    state.groups["administrators"].remove("certupdater")
    state.shares["photo"].permissions["certupdater"] = "RW"
    state.set_rule("SYNO.Desktop", "certupdater", allow_ip=[], deny_ip=["0.0.0.0"])
    state.rules.pop(("SYNO.FTP", "certupdater"))

    (step,) = [one for one in json.loads(modern.run("--json", "plan").stdout)["plan"] if one["kind"] == "account"]
    found = {one["kind"]: one["names"] for one in step["reason"]["deviations"]}
    assert set(found) == {
        *("disabled", "not_administrator", "may_change_password", "locked_out", "wrong_password"),
        *("open_shares", "open_applications"),
    }
    assert (found["open_shares"], found["open_applications"]) == (["photo"], ["SYNO.FTP"])
    done = modern.run("apply")
    assert done.returncode == 0, done.stdout + done.stderr

    user = state.users["certupdater"]
    assert (user.uid, user.expired, user.cannot_change_password) == (number, "normal", True)
    assert modern.on_disk() == leaf
    assert modern.run("apply").stdout == "Nothing to do.\n"


def test_a_certificate_that_is_not_used_is_shown_by_plan_and_fixed_without_another_import(modern: Machine) -> None:
    store, imports = modern.nas.state.certificates, modern.imports()
    factory = next(entry.id for entry in store.entries.values() if entry.factory)
    store.service("smbftpd/ftpd").certificate = factory
    (step,) = json.loads(modern.run("--json", "plan").stdout)["plan"]
    assert (step["kind"], step["reason"]) == ("deploy", {"kind": "not_assigned", "services": ["FTPS"]})

    fault = modern.nas.fail("SYNO.Core.Certificate.Service.set", "ignored")
    assert (
        modern.run("apply").returncode == 0
    )  # among `all` one that DSM does not move is no failure, and is tried again
    assert fault.hits == 1
    assert modern.run("apply").returncode == 0
    assert store.service("smbftpd/ftpd").certificate == store.default
    assert modern.imports() == imports


def test_a_task_that_was_changed_or_removed_by_hand_comes_back(modern: Machine) -> None:
    tasks = modern.nas.state.tasks
    changes: Tuple[Callable[[Task], object], ...] = (
        lambda task: task.schedule.update(hour=1),
        lambda task: setattr(task, "enable", False),
        lambda task: tasks.pop(task.id),
    )
    for change in changes:
        change(*tasks.values())
        done = modern.run("apply")
        assert done.returncode == 0, done.stdout
        (task,) = tasks.values()
        assert (task.schedule["hour"], task.enable) == (4, True)


def test_the_task_runs_from_anywhere_with_nothing_in_its_environment(modern: Machine) -> None:
    def run_task(task: Task) -> int:
        return subprocess.run(["/bin/bash", "-c", task.extra["script"]], env={}, cwd="/", check=False).returncode

    log, text = modern.folder / "task.log", (modern.folder / "acmewrap.yaml").read_text(encoding="utf-8")
    modern.nas.state.run_task = run_task
    modern.nas.change(saves_output=True)
    assert modern.run("schedule", "run").returncode == 0  # nothing is due

    assert modern.run("issue", "--force").returncode == 0
    leaf = modern.served()
    done = modern.run("schedule", "run")
    assert (done.returncode, modern.served()) == (0, modern.on_disk())
    assert modern.served() != leaf
    assert "deploy nas to dsm: done" in done.stdout
    assert "deploy nas to dsm: done" in log.read_text(encoding="utf-8")

    (modern.folder / "acmewrap.yaml").write_text(text + "what: is this\n", encoding="utf-8")
    (task,) = modern.nas.state.tasks.values()
    assert run_task(task) == 78
    assert "unknown key 'what'" in log.read_text(encoding="utf-8")  # what goes to standard error is there, too
    (modern.folder / "acmewrap.yaml").write_text(text, encoding="utf-8")


def test_the_entry_is_shown_removed_and_made_again(modern: Machine) -> None:
    assert "owner:   certupdater" in modern.run("schedule", "show").stdout
    tasks, writes = dict(modern.nas.state.tasks), len(modern.nas.writes)
    assert modern.run("schedule", "run", "--dry-run").stdout.startswith("Would have the scheduler start ")
    assert modern.run("schedule", "remove", "--dry-run").stdout.startswith("Would remove the entry: task:    acmewrap")
    assert modern.run("schedule", "remove").returncode == 2
    assert (modern.nas.state.tasks, len(modern.nas.writes)) == (tasks, writes)
    assert modern.run("schedule", "remove", "--yes").stdout == "Removed.\n"
    assert modern.nas.state.tasks == {}
    assert modern.run("schedule", "remove").stdout == "There was no entry.\n"
    assert modern.run("apply").returncode == 0
    assert len(modern.nas.state.tasks) == 1


PINNED = NAS.replace("{nas}", "https://localhost:{port}\n  fingerprint: {fingerprint}")


@pytest.mark.slow
def test_a_nas_with_the_pinned_certificate_is_provisioned_over_https_and_renewed_when_it_shows_the_authoritys(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    text = HEAD + CERTIFICATES.replace("[nas.internal.test]", "[nas.internal.test, localhost]") + PINNED
    bundle = tmp_path / "roots.crt"
    bundle.write_text(pebble.ca_bundle.read_text(encoding="ascii") + pebble.root(), encoding="ascii")
    for machine in channel("7.2.1", "web", tmp_path, acme_sh_311, pebble, webserver):
        nas, factory = machine.nas, machine.served()
        machine.configure(text, bundle=bundle, administrator=ADMINISTRATOR, fingerprint="ab" * 32)
        refused = machine.run("apply")
        assert "[dsm.tls_untrusted]" in refused.stdout
        assert ":".join(factory.upper()[at : at + 2] for at in range(0, 64, 2)) in refused.stdout
        assert nas.requests == []

        machine.configure(text, bundle=bundle, administrator=ADMINISTRATOR, fingerprint=factory)
        assert "certupdater  missing" in machine.run("plan").stdout
        done = machine.run("apply")
        assert done.returncode == 0, done.stdout + done.stderr
        assert machine.served() == machine.on_disk() != factory

        assert machine.run("issue", "--force").returncode == 0
        done = machine.run("apply")
        assert done.returncode == 0, done.stdout + done.stderr
        assert (machine.served(), machine.imports()) == (machine.on_disk(), 2)
        assert "ok   DSM at https://localhost" in machine.run("doctor").stdout


def test_dsm_6_with_an_elliptic_key_is_refused_before_anything_is_issued_or_changed(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    for machine in channel("6.2", "web", tmp_path, acme_sh_311, pebble, webserver):
        machine.configure(HEAD + CERTIFICATES + NAS, administrator=ADMINISTRATOR)
        before = machine.traces()
        for command in ("plan", "apply"):
            done = machine.run(command)
            assert done.returncode == 4, done
            assert "[dsm.key_unsupported]" in done.stdout + done.stderr
            assert "Write `key: rsa-2048` for the certificate nas" in done.stdout + done.stderr
        assert machine.traces() == before


def test_a_port_that_redirects_to_https_is_named_with_what_to_write(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    for machine in channel("7.2.1", "web", tmp_path, acme_sh_311, pebble, webserver):
        machine.nas.change(redirects=True)
        done = machine.run("schedule", "show")
        assert done.returncode == 69, done
        assert "[dsm.redirected]" in done.stderr
        assert f"`synology.url: {machine.nas.https_url}`" in done.stderr
        assert machine.nas.logins == []


ALBUM = """\
  album:
    domains: [album.internal.test]
    challenge: {{webroot: "{webroot}"}}
    deploy: {{album: {{synology: {{description: album, default: no, services: [Photos]}}}}}}
"""


@pytest.mark.slow
def test_several_certificates_on_one_nas_have_entries_and_services_of_their_own(
    tmp_path: Path, acme_sh_311: Path, issued_home: Path, pebble: Pebble, webserver: WebServer
) -> None:
    for machine in channel("7.2.1", "web", tmp_path, acme_sh_311, pebble, webserver):
        machine.adopt(issued_home)
        store = machine.nas.state.certificates
        store.add_service("SynologyPhotos", "photos", "Photos")
        machine.configure(HEAD + CERTIFICATES + ALBUM + NAS, administrator=ADMINISTRATOR)
        done = machine.run("apply")
        assert done.returncode == 0, done.stdout + done.stderr
        (main,), (album,) = store.by_description("acme"), store.by_description("album")
        users = {
            service.name: service.certificate
            for service in store.services
            if service.certificate in (main.id, album.id)
        }
        assert users == {"system/default": main.id, "smbftpd/ftpd": main.id, "SynologyPhotos/photos": album.id}
        assert store.default == main.id
        assert machine.served() == machine.on_disk()
        assert album.fingerprint == machine.on_disk("album.internal.test")
        before = len(machine.nas.writes)
        assert machine.run("apply").stdout == "Nothing to do.\n"
        assert machine.nas.writes[before:] == []

        # Each is renewed and assigned by itself.
        imports = machine.imports()
        assert machine.run("issue", "album", "--force").returncode == 0
        assert machine.run("cron").returncode == 0
        assert machine.imports() == imports + 1
        assert store.entries[album.id].fingerprint == machine.on_disk("album.internal.test") != album.fingerprint
        store.service("SynologyPhotos/photos").certificate = main.id
        (step,) = json.loads(machine.run("--json", "plan").stdout)["plan"]
        assert (step["certificate"], step["reason"]) == ("album", {"kind": "not_assigned", "services": ["Photos"]})
        assert machine.run("apply").returncode == 0
        assert (machine.imports(), store.service("SynologyPhotos/photos").certificate) == (imports + 1, album.id)


@pytest.mark.slow  # tests/process/test_dsm_certificates.py shows what the list of DSM proves
def test_an_entry_that_nobody_can_look_at_is_proven_by_the_list_of_dsm(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    for machine in channel("7.2.1", "web", tmp_path, acme_sh_311, pebble, webserver):
        machine.nas.state.certificates.add_service("SynologyPhotos", "photos", "Photos")
        machine.configure(HEAD + "certificates:\n" + ALBUM + NAS, administrator=ADMINISTRATOR)
        done = machine.run("apply")
        assert done.returncode == 0, done.stdout + done.stderr
        assert machine.run("issue", "--force").returncode == 0
        machine.nas.fail("SYNO.Core.Certificate.import", "ignored")
        failed = machine.run("--json", "cron")
        assert (failed.returncode, failed.document["steps"][0]["failure"]["id"]) == (4, "dsm.not_imported"), failed
        assert machine.run("deploy").returncode == 0
