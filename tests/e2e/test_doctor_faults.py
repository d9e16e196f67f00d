"""Faults, injected one at a time into a sound machine: doctor names that one and no other."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import string
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, NamedTuple

import pytest

from acmewrap.doctor import Checked, DoctorContext, DoctorNotice, examination, examine, fix
from acmewrap.errors import ExitCode
from acmewrap.failures import failure
from acmewrap.failures.catalogue import CATALOGUE
from acmewrap.state.ledger import Ledger, LedgerEntry
from acmewrap.system import files
from acmewrap.testing.certificates import Pair
from acmewrap.testing.counterpart import free_port
from acmewrap.testing.dsm import DsmSimulator, Task
from clinic import NAME, PASSWORD, Clinic, clinic, make_pairs, prepare

Breaks = Callable[[Clinic, pytest.MonkeyPatch], object]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Pair]:
    return make_pairs(tmp_path_factory.mktemp("pki"))


@pytest.fixture(autouse=True)
def _clinic_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crontab is a script of the clinic's, so that nobody's own is touched; and a busy machine may take its time."""
    monkeypatch.setattr(examination, "DEADLINE", 60.0)
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}:{os.environ['PATH']}")


@pytest.fixture(scope="module")
def nas() -> Iterator[DsmSimulator]:
    with DsmSimulator(account="certupdater", password=PASSWORD) as simulator:
        yield simulator


@pytest.fixture
def sound(
    request: pytest.FixtureRequest, tmp_path: Path, pairs: Dict[str, Pair], nas: DsmSimulator
) -> Iterator[Clinic]:
    servers = {name: request.getfixturevalue(name) for name in ("pebble", "webserver")}
    groups = {name: list(members) for name, members in nas.state.groups.items()}
    with clinic(tmp_path, pairs, request.getfixturevalue("acme_sh_311"), nas=nas, **servers) as found:
        yield found
    nas.heal()
    nas.user.password = PASSWORD
    nas.state.groups.update(groups)
    nas.state.tasks.clear()
    nas.state.otp_policy = "none"
    nas.change(redirects=False)


def test_a_sound_machine_has_no_findings_and_is_left_as_it_was(sound: Clinic) -> None:
    before = sound.fingerprint()
    assert sound.ids() == []
    assert sound.fingerprint() == before
    assert {f"the webroot {sound.webserver.root}", f"the name {NAME}", "nas at web"} <= set(sound.listened)


def _other_release(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    program = sound.folder / "src/acme.sh"
    program.rename(program.with_name("acme.sh-3.1.1"))
    program.with_name("acme.sh-3.1.3").mkdir()
    program.symlink_to("acme.sh-3.1.3")


def _drift(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    with (_copied(sound) / "deploy/ssh.sh").open("a") as stream:
        stream.write("# changed\n")


def _copied(sound: Clinic) -> Path:
    program = sound.folder / "src/acme.sh"
    target = Path(os.readlink(str(program)))
    program.unlink()
    shutil.copytree(str(target), str(program))
    return program


def _fail_issue(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    reported = failure("challenge.failed", "the authority did not like it")
    Ledger.load(sound.home / ".ledger.json").put("nas", LedgerEntry().fail(reported, time.time()))


def _hold(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    lock = sound.home / ".lock"
    stream = lock.open("r+")
    fcntl.flock(stream, fcntl.LOCK_EX)
    os.utime(str(lock), (time.time() - 9000, time.time() - 9000))
    sound.held.append(stream)


def _demote(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    for members in sound.nas.state.groups.values():
        if "certupdater" in members:
            members.remove("certupdater")


def _unresolved(sound: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    original = socket.getaddrinfo
    sound.address = ""
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: refuse() if host == NAME else original(host, *a, **k)
    )


def _full(_: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))


def _no_socat(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    sound.edit(f"challenge: {{webroot: {sound.webserver.root}}}", "challenge: standalone")
    tools = sound.folder.parent / "tools"
    for name in ("bash", "curl", "openssl"):
        (tools / name).symlink_to(str(shutil.which(name)))
    sound.environ["PATH"] = str(tools)


def _other_webroot(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    other = sound.folder.parent / "elsewhere"
    (other / ".well-known/acme-challenge").mkdir(parents=True)
    sound.edit(str(sound.webserver.root), str(other))


def _no_schedule(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    sound.edit("schedule: {every: 6h}\n", "")
    sound.crontab.write_text("")


def _daily(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    sound.edit("every: 6h", 'daily: "04:55"')
    sound.edit("    deploy:\n", "    renew: {before: 12h}\n    deploy:\n")
    text = sound.crontab.read_text()
    from acmewrap.schedule.entry import crontab_entry

    sound.crontab.write_text(crontab_entry(sound.config).merge(text))


def _serve_other(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    sound.edit("      dsm: synology\n", "")
    prepare(sound)
    sound.serve(sound.pairs["other"])


def _silent_target(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    sound.edit("      dsm: synology\n", "")
    sound.edit(f"port: {sound.tls.port}, name: {NAME}, timeout", f"port: {free_port()}, name: {NAME}, timeout")
    prepare(sound)


def _expired(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    sound.store(sound.pairs["expired"])
    sound.serve(sound.pairs["expired"])


def _expired_bundle(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    from acmewrap.testing import certificates

    folder = sound.folder.parent / "old"
    pair = certificates._make(
        folder / "old", "Old Root", certificates._AUTHORITY, None, begin=1, end=1000, key_type="ec-256"
    )
    shutil.copy(str(pair.certificate), str(sound.folder / "ca.crt"))


def _updated(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    """What an update of DSM leaves: the root file system without what was not DSM's own."""
    shutil.rmtree(str(sound.webserver.root))
    tool = sound.folder.parent / "tools/synowebapi"
    tool.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    tool.chmod(0o755)


def _other_task(sound: Clinic, _: pytest.MonkeyPatch) -> None:
    schedule, script = {"hour": 1, "minute": 2}, "/usr/local/share/acme.sh/acme.sh --cron"
    for name, text in (("Renew", script), ("acmewrap of another file", script), ("Backup", "tar c /")):
        id = len(sound.nas.state.tasks) + 1
        sound.nas.state.tasks[id] = Task(id, name, "root", True, schedule, {"script": text})


class Case(NamedTuple):
    breaks: Breaks
    id: str
    code: ExitCode
    fixable: bool = False


CASES: Dict[str, Case] = {
    "a tool is not installed": Case(_no_socat, "tool.missing", ExitCode.UNEXPECTED),
    "acme.sh was removed": Case(
        lambda sound, _: (sound.folder / "src/acme.sh").unlink(), "release.missing", ExitCode.DRIFT, fixable=True
    ),
    "another release of acme.sh is in use": Case(_other_release, "release.other", ExitCode.DRIFT, fixable=True),
    "a file of acme.sh was changed": Case(_drift, "release.drift", ExitCode.DRIFT),
    "a file was added where acme.sh looks for hooks": Case(
        lambda sound, _: (_copied(sound) / "deploy/ssh").touch(), "release.drift", ExitCode.DRIFT
    ),
    "everybody can write to acme.sh": Case(
        lambda sound, _: _copied(sound).chmod(0o777), "doctor.file_mode", ExitCode.PERMISSION, fixable=True
    ),
    "everybody can write to a folder of PATH": Case(
        lambda sound, _: (sound.folder.parent / "tools").chmod(0o777), "tool.path_writable", ExitCode.PERMISSION
    ),
    "the wrapper was edited": Case(
        lambda sound, _: sound.wrapper.write_text(sound.wrapper.read_text() + "# mine\n"),
        "doctor.wrapper_differs",
        ExitCode.DRIFT,
        fixable=True,
    ),
    "a key is open to others": Case(
        lambda sound, _: (sound.home / f"{NAME}_ecc/{NAME}.key").chmod(0o644),
        "doctor.file_mode",
        ExitCode.PERMISSION,
        fixable=True,
    ),
    "the password is open to others": Case(
        lambda sound, _: (sound.folder / "dsm.password").chmod(0o644),
        "doctor.secret_readable",
        ExitCode.PERMISSION,
        fixable=True,
    ),
    "the password file is gone": Case(
        lambda sound, _: (sound.folder / "dsm.password").unlink(), "secret.unavailable", ExitCode.PERMISSION
    ),
    "the schedule's entry is gone": Case(
        lambda sound, _: sound.crontab.write_text("# nothing\n"),
        "doctor.schedule_missing",
        ExitCode.UNEXPECTED,
        fixable=True,
    ),
    "the schedule is too slow": Case(_daily, "doctor.schedule_too_slow", ExitCode.UNEXPECTED),
    "no schedule": Case(_no_schedule, "doctor.no_schedule", ExitCode.UNEXPECTED),
    "a run hangs": Case(_hold, "doctor.lock_held", ExitCode.BUSY),
    "the disk is full": Case(_full, "disk.full", ExitCode.UNEXPECTED),
    "the log has grown": Case(
        lambda sound, _: files.write_atomic(sound.folder / "task.log", bytes(11 * 1024 * 1024)),
        "doctor.log_large",
        ExitCode.UNEXPECTED,
    ),
    "the bundle is gone": Case(
        lambda sound, _: (sound.folder / "ca.crt").unlink(), "bundle.missing", ExitCode.UNREACHABLE
    ),
    "the bundle was cut off": Case(
        lambda sound, _: (sound.folder / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\nMIIB"),
        "doctor.bundle_invalid",
        ExitCode.UNREACHABLE,
    ),
    "the bundle holds a server's certificate": Case(
        lambda sound, _: shutil.copy(str(sound.pairs["good"].certificate), str(sound.folder / "ca.crt")),
        "doctor.bundle_not_ca",
        ExitCode.UNREACHABLE,
    ),
    "the bundle has expired": Case(_expired_bundle, "doctor.bundle_expired", ExitCode.UNREACHABLE),
    "the bundle is another authority's": Case(
        lambda sound, _: shutil.copy(str(sound.pairs["root"].certificate), str(sound.folder / "ca.crt")),
        "ca.tls_untrusted",
        ExitCode.UNREACHABLE,
    ),
    "the clock is behind": Case(
        lambda sound, _: setattr(sound, "now", lambda: time.time() - 600), "doctor.clock_skew", ExitCode.UNEXPECTED
    ),
    "the webroot is gone": Case(
        lambda sound, _: shutil.rmtree(str(sound.webserver.root / ".well-known")),
        "webroot.not_writable",
        ExitCode.PERMISSION,
        fixable=True,
    ),
    "another folder is served": Case(_other_webroot, "doctor.token_not_served", ExitCode.ISSUE_FAILED),
    "no web server answers": Case(
        lambda sound, _: setattr(sound, "http_port", free_port()), "doctor.web_server_silent", ExitCode.ISSUE_FAILED
    ),
    "the name has no address": Case(_unresolved, "doctor.name_unresolved", ExitCode.ISSUE_FAILED),
    "the certificate has expired": Case(_expired, "doctor.certificate_expired", ExitCode.ISSUE_FAILED),
    "the certificate was due long ago": Case(
        lambda sound, _: sound.edit("    deploy:\n", "    renew: {before: 81d}\n    deploy:\n"),
        "doctor.certificate_overdue",
        ExitCode.ISSUE_FAILED,
    ),
    "renewals fail": Case(_fail_issue, "doctor.issue_failing", ExitCode.ISSUE_FAILED),
    "another certificate is served": Case(_serve_other, "doctor.not_served", ExitCode.DEPLOY_FAILED),
    "the target does not answer": Case(_silent_target, "doctor.target_silent", ExitCode.UNREACHABLE),
    "the password in DSM is another one": Case(
        lambda sound, _: setattr(sound.nas.user, "password", "changed"), "dsm.login_refused", ExitCode.DEPLOY_FAILED
    ),
    "the account asks for a one-time code": Case(
        lambda sound, _: sound.nas.fail("SYNO.API.Auth.login", 403, None), "dsm.otp_required", ExitCode.DEPLOY_FAILED
    ),
    "an update of DSM took the webroot away": Case(_updated, "doctor.webroot_lost", ExitCode.PERMISSION, fixable=True),
    "somebody else's task runs acme.sh": Case(_other_task, "doctor.other_task", ExitCode.UNEXPECTED),
    "DSM redirects to https": Case(
        lambda sound, _: sound.nas.change(redirects=True), "dsm.redirected", ExitCode.UNREACHABLE
    ),
    "DSM enforces a second factor": Case(
        lambda sound, _: setattr(sound.nas.state, "otp_policy", "admin"), "dsm.otp_enforced", ExitCode.DEPLOY_FAILED
    ),
    "the account is no administrator": Case(_demote, "dsm.not_administrator", ExitCode.DEPLOY_FAILED),
}


@pytest.mark.parametrize("fault", CASES)
def test_doctor_names_the_one_thing_that_is_wrong_and_fixes_what_is_safe(
    sound: Clinic, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[fault]
    case.breaks(sound, monkeypatch)
    before = sound.fingerprint()
    findings = sound.examine()
    assert [finding.failure.id for finding in findings] == [case.id], [str(one.failure) for one in findings]
    assert findings[0].exit_code == case.code
    fields = [field for _, field, _, _ in string.Formatter().parse(CATALOGUE[case.id].remedy) if field]
    assert [field for field in fields if field.upper() in findings[0].failure.remedy] == []
    assert sound.fingerprint() == before
    assert (findings[0].fix is not None) == case.fixable
    if case.fixable and case.id != "release.missing":  # that one is fetched, and tested with the release
        assert fix(findings, DoctorContext(sound.config, sound.environ)) == ()
        assert sound.ids() == []


def test_doctor_says_which_dsm_there_is_and_what_the_account_may_do(sound: Clinic) -> None:
    facts: Dict[str, str] = {}

    def note(notice: DoctorNotice) -> None:
        assert isinstance(notice, Checked)
        facts.update({fact.name: fact.value for fact in notice.facts})

    examine(sound.context(), note)
    assert facts["version"] == "DSM 7.2.1-69057 Update 6"
    assert "SYNO.API.Auth 1-7" in facts["APIs"]
    assert "SYNO.Core.TaskScheduler 1-4" in facts["APIs"]
    assert facts["2FA is enforced for"] == "nobody"
    assert facts["the account"] == "certificates: allowed, tasks: allowed, accounts: allowed"
    _demote(sound, pytest.MonkeyPatch())
    examine(sound.context(), note)
    assert facts["the account"] == "certificates: refused, accounts: refused"


def test_an_authority_that_is_down_is_named_and_nothing_else(sound: Clinic) -> None:
    server = next(iter(sound.config.authorities.values())).server
    sound.edit(server, f"https://localhost:{free_port()}/dir")
    prepare(sound)
    assert sound.ids() == ["ca.unreachable"]
