"""Files for a server on this machine: whose they are, how they change, and what makes the server load them."""

from __future__ import annotations

import json
import os
import signal
import stat
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, List, Optional, Tuple

import pytest

from acmewrap import Job
from acmewrap.config import load
from acmewrap.driver.homes.home import Home
from acmewrap.engine.steps import install
from acmewrap.pki import pem
from acmewrap.state.ledger import Ledger
from acmewrap.verify import local_files, tls_probe
from acmewrap.verify.tls_probe import Observation
from forkserver import acmewrap
from synthetic import DAY, Folder, make_certificate, make_key
from unprivileged import NOBODY

HEAD = """\
directory: .
authorities: {internal: {server: "https://pki.internal.test/acme/directory"}}
certificates:
"""
NAME = "www.internal.test"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")


class Machine:
    """Certificates in their home, to be installed for servers. ``reloads`` counts."""

    def __init__(self, folder: Path, pinned: Path) -> None:
        self.folder, self.home = folder, folder / ".acme.sh"
        self.reloads, self.tls = folder / "reloads", folder / "tls"
        (folder / "src").mkdir(parents=True)
        (folder / "src/acme.sh").symlink_to(pinned)
        self.serial = 0
        self.names: Tuple[str, ...] = ()

    def configure(self, *installs: str, tail: str = "") -> None:
        """A certificate for each of *installs*, and one that is new."""
        self.names = tuple(f"{number}.{NAME}" if number else NAME for number in range(len(installs)))
        entries = (
            f"  c{number}:\n    domains: [{name}]\n    challenge: {{webroot: {self.folder}/web}}\n"
            f"    deploy: {{web: {{install: {install}, verify: no}}}}\n"
            for number, (name, install) in enumerate(zip(self.names, installs))
        )
        text = HEAD + "".join(entries).replace("TLS", str(self.tls)) + tail
        (self.folder / "acmewrap.yaml").write_text(text, encoding="utf-8")
        if not self.home.exists():
            self.renew()

    def renew(self, **dates: int) -> None:
        """New certificates, whoever issued them."""
        self.serial += 1
        for name in self.names:
            new_set(self.home, name, self.serial, **dates)

    def leaf(self, number: int = 0) -> str:
        stored = Home(self.home).read(self.names[number], True)
        assert stored is not None
        assert stored.leaf is not None
        return stored.leaf.sha256

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return acmewrap("--config", str(self.folder / "acmewrap.yaml"), *words, **environment)

    def deploy(self, *words: str) -> Tuple[int, List[Any]]:
        """The exit code, and outcome and failure of each step."""
        done = self.run("--json", *(words or ("deploy",)))
        steps = json.loads(done.stdout)["steps"]
        return done.returncode, [(one["outcome"], (one["failure"] or {}).get("id")) for one in steps]

    def states(self) -> Tuple[int, List[str]]:
        done = self.run("--json", "status")
        found = json.loads(done.stdout)["certificates"]
        return done.returncode, [found[name]["targets"]["web"]["state"] for name in found]

    def counted(self) -> int:
        return len(self.reloads.read_text(encoding="ascii").splitlines()) if self.reloads.exists() else 0

    def installed(self, number: int = 0) -> Optional[str]:
        """The leaf in the files, which belong together."""
        (_, target), *_ = [one for one in load(self.folder / "acmewrap.yaml").targets() if one[0].name == f"c{number}"]
        assert target.install is not None
        seen = local_files.read(target.install)
        assert seen.error is None, seen
        return seen.served


def new_set(home: Path, name: str, serial: int, *, begin: int = 0, end: int = 0) -> None:
    begin = begin or int(time.time()) - 3600
    point = b"\x04" + serial.to_bytes(64, "big")
    common = {"point": point, "serial": serial, "begin": begin, "end": end or begin + 9 * DAY}
    leaf = make_certificate((name,), subject=name, issuer="Intermediate", **common)  # type: ignore[arg-type]
    chain = make_certificate((), subject="Intermediate", issuer="Root", **common)  # type: ignore[arg-type]
    staged = home.parent / "staged"
    Folder(domain=name, names=(name,), key=make_key(point), leaf=leaf, chain=chain, fullchain=leaf + chain).write(
        staged
    )
    Home(home).replace(name, True, staged / f"{name}_ecc")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def machine(tmp_path: Path, acme_sh_311: Path) -> Machine:
    return Machine(tmp_path / "machine", acme_sh_311)


PAIR = "key_file: TLS/{0}.key, fullchain_file: TLS/{0}.pem"

# --- the reload ---------------------------------------------------------------------------------------------------------


def test_four_certificates_that_share_a_reload_cause_one_after_all_their_files(machine: Machine) -> None:
    reload = f"ls {machine.tls} | wc -l >>{machine.reloads}"
    machine.configure(*(f'{{{PAIR.format(number)}, reload: "{reload}"}}' for number in range(4)), tail="jobs: 2\n")
    assert machine.deploy() == (0, [("done", None)] * 4)
    assert machine.reloads.read_text(encoding="ascii").split() == ["8"]
    assert machine.states() == (0, ["unverified"] * 4)
    assert machine.deploy() == (0, [])
    machine.renew()
    assert machine.deploy() == (0, [("done", None)] * 4)
    assert machine.counted() == 2


def test_a_certificate_that_a_later_reload_replaced_is_not_called_proven(machine: Machine) -> None:
    takes_the_place = f"cd {machine.tls} && cp 1.key 0.key && cp 1.pem 0.pem"
    second = f'{{{PAIR.format(1)}, reload: "{takes_the_place}"}}'
    machine.configure(f"{{{PAIR.format(0)}}}", second, tail="jobs: 1\n")
    assert machine.deploy() == (5, [("unproven", "deploy.replaced"), ("done", None)])
    assert machine.installed(0) == machine.installed(1) == machine.leaf(1)
    assert machine.states() == (4, ["pending", "unverified"])


def test_a_reload_that_fails_is_pending_until_it_succeeds(machine: Machine) -> None:
    up = machine.folder / "up"
    reload = f"date >>{machine.reloads}; test -e {up}"
    machine.configure(*(f'{{{PAIR.format(number)}, reload: "{reload}"}}' for number in range(4)))
    for count in (1, 2):
        assert machine.deploy() == (4, [("failed", "reload.failed")] * 4)
        assert (machine.states(), machine.counted()) == ((4, ["pending"] * 4), count)
    up.touch()
    assert machine.deploy() == (0, [("done", None)] * 4)
    assert (machine.states(), machine.counted()) == ((0, ["unverified"] * 4), 3)
    assert machine.deploy() == (0, [])
    assert machine.counted() == 3


def test_an_unattended_run_waits_before_it_reloads_again(machine: Machine) -> None:
    machine.configure(f'{{{PAIR.format(0)}, reload: "echo once >>{machine.reloads}; exit 1"}}')
    assert machine.deploy("cron") == (4, [("failed", "reload.failed")])
    assert machine.deploy("cron") == (0, [])
    assert (machine.counted(), machine.states()) == (1, (4, ["pending"]))


def test_another_reload_command_runs_although_the_certificate_is_the_same(machine: Machine) -> None:
    machine.configure(f'{{{PAIR.format(0)}, reload: "true"}}')
    assert machine.deploy()[0] == 0
    machine.configure(f'{{{PAIR.format(0)}, reload: "echo other >>{machine.reloads}"}}')
    (step,) = json.loads(machine.run("--json", "deploy").stdout)["steps"]
    assert (step["outcome"], step["reason"]["kind"], machine.counted()) == ("done", "not_reloaded", 1)


def test_what_a_reload_prints_decides_nothing_but_how_it_ends_does(machine: Machine) -> None:
    noise = "mkdir: cannot create directory: File exists; Permission denied; No space left on device"
    machine.configure(f"{{{PAIR.format(0)}, reload: [/bin/sh, -c, 'echo \"{noise}\"; exit 3']}}")
    done = machine.run("--json", "deploy")
    (step,) = json.loads(done.stdout)["steps"]
    assert (done.returncode, step["failure"]["id"], step["failure"]["lines"]) == (4, "reload.failed", [noise])
    assert "ended with 3" in step["failure"]["message"]


def test_a_reload_has_the_environment_of_the_user(machine: Machine) -> None:
    names = ("HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST")
    machine.configure(f"{{{PAIR.format(0)}, reload: env >{machine.reloads}}}")
    done = machine.run("deploy", **{name: f"/of/{name}" for name in names})
    assert done.returncode == 0, done
    seen = machine.reloads.read_text(encoding="utf-8").splitlines()
    assert set(seen) >= {f"{name}=/of/{name}" for name in names}


def test_services_are_reloaded_through_systemctl_each_once(machine: Machine) -> None:
    program = machine.folder / "bin/systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >>{machine.reloads}\n', encoding="ascii")
    program.chmod(0o755)
    services = ("[nginx]", "[nginx, postfix]")
    machine.configure(*(f"{{{PAIR.format(n)}, reload_services: {one}}}" for n, one in enumerate(services)))
    done = machine.run("deploy", PATH=f"{program.parent}:{os.environ['PATH']}")
    assert done.returncode == 0, done
    ran = machine.reloads.read_text(encoding="ascii").splitlines()
    assert sorted(ran) == ["try-reload-or-restart nginx", "try-reload-or-restart postfix"]


def test_reloads_of_two_configurations_are_never_at_work_at_once(
    machine: Machine, tmp_path: Path, acme_sh_311: Path
) -> None:
    other = Machine(tmp_path / "other", acme_sh_311)
    script = f"mkdir {tmp_path}/busy && sleep 0.4 && rmdir {tmp_path}/busy"
    for one in (machine, other):
        one.configure(f'{{{PAIR.format(0)}, reload: "{script}"}}')
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda one: one.deploy(), (machine, other))) == [(0, [("done", None)])] * 2


def test_what_comes_back_by_hand_is_counted_for_targets_that_share_a_reload_too(machine: Machine) -> None:
    machine.configure(*(f"{{{PAIR.format(number)}, reload: 'true'}}" for number in range(2)))
    assert machine.deploy()[0] == 0
    other = {path: path.read_bytes() for path in machine.tls.iterdir()}
    machine.renew()
    assert machine.deploy()[0] == 0
    for expected in [(0, [("done", None)] * 2)] * 3 + [(4, [("failed", "deploy.reverted")] * 2)]:
        for path, data in other.items():
            path.write_bytes(data)
        ledger = machine.home / ".ledger.json"
        document = json.loads(ledger.read_text(encoding="utf-8"))
        for entry in document["entries"].values():
            entry["seen_at"] -= DAY
        ledger.write_text(json.dumps(document), encoding="utf-8")
        assert machine.deploy("cron") == expected
    assert machine.deploy() == (0, [("done", None)] * 2)  # somebody asks for it


@pytest.mark.parametrize(("obstacle", "outcome"), [("network", "unproven"), ("server", "rolled_back")])
def test_what_cannot_be_observed_is_pending_and_nothing_comes_back(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, obstacle: Any, outcome: str
) -> None:
    machine.configure(f"{{{PAIR.format(0)}}}")
    assert machine.deploy()[0] == 0
    first = machine.leaf()
    file = machine.folder / "acmewrap.yaml"
    text = file.read_text(encoding="utf-8").replace("verify: no", "verify: {host: nas.invalid, port: 443, timeout: 1s}")
    file.write_text(text, encoding="utf-8")
    machine.renew()
    seen = [Observation(first)]  # the name resolved when the run began
    monkeypatch.setattr(
        tls_probe, "look", lambda *_: seen.pop() if seen else Observation(error="gone", obstacle=obstacle)
    )
    (result,) = Job(load(file), dict(os.environ)).deploy().results
    assert result.outcome == outcome
    assert machine.installed() == (machine.leaf() if outcome == "unproven" else first)
    assert machine.states()[0] == 4


# --- the files ----------------------------------------------------------------------------------------------------------


@needs_root
def test_owner_group_and_mode_are_set_kept_and_put_right(machine: Machine) -> None:
    key, full = machine.tls / "0.key", machine.tls / "0.pem"
    access = f"owner: {NOBODY}, group: {NOBODY}, mode: 0440"
    machine.configure(f"{{key_file: {{path: {key}, {access}}}, fullchain_file: {{path: {full}, group: {NOBODY}}}}}")
    planned = json.loads(machine.run("--json", "plan").stdout)["plan"]
    assert [(one["kind"], one["path"]) for one in planned if one["kind"] == "folder"] == [("folder", str(machine.tls))]
    assert machine.deploy()[0] == 0
    found = key.stat()
    assert (found.st_uid, found.st_gid, mode(key), mode(full), full.stat().st_gid) == (
        NOBODY,
        NOBODY,
        0o440,
        0o644,
        NOBODY,
    )
    assert (mode(machine.tls), machine.tls.stat().st_gid) == (0o750, NOBODY)
    os.chown(str(key), 0, 0)
    key.chmod(0o600)
    assert "is root:root 0600, should be" in machine.run("plan").stdout
    findings = json.loads(machine.run("--json", "doctor").stdout)["findings"]
    assert [one["fixable"] for one in findings if one["id"] == "doctor.file_access"] == [True]
    machine.run("doctor", "--fix")
    assert (key.stat().st_uid, mode(key)) == (NOBODY, 0o440)


def test_an_access_control_list_stays(machine: Machine) -> None:
    nobody = 2**32 - 1
    entries = ((1, 6, nobody), (2, 4, NOBODY), (4, 0, nobody), (16, 4, nobody), (32, 0, nobody))
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    machine.tls.mkdir()
    key = machine.tls / "0.key"
    key.write_text("old", encoding="ascii")
    key.chmod(0o600)
    try:
        os.setxattr(str(key), "system.posix_acl_access", acl)
    except OSError:
        pytest.skip("this file system has no access control lists")
    machine.configure(f"{{{PAIR.format(0)}}}")
    assert machine.deploy()[0] == 0
    assert "PRIVATE" in key.read_text(encoding="ascii")
    assert os.getxattr(str(key), "system.posix_acl_access") == acl
    assert [one for one in json.loads(machine.run("--json", "plan").stdout)["plan"] if one["kind"] == "mode"] == []


def test_a_label_of_selinux_stays(machine: Machine) -> None:
    label = b"system_u:object_r:cert_t:s0\0"
    machine.configure(f"{{{PAIR.format(0)}}}")
    machine.tls.mkdir()
    key = machine.tls / "0.key"
    key.write_text("old", encoding="ascii")
    try:
        os.setxattr(str(key), "security.selinux", label)  # where SELinux is off, the kernel keeps it as it is
    except OSError:
        pytest.skip("no label may be set here")
    assert machine.deploy()[0] == 0
    assert "PRIVATE" in key.read_text(encoding="ascii")
    assert os.getxattr(str(key), "security.selinux") == label


def test_a_combined_file_and_a_folder_hold_all_that_servers_read(machine: Machine) -> None:
    machine.configure("{combined_file: TLS/all.pem}", "{folder: TLS/www}")
    assert machine.deploy()[0] == 0
    combined = (machine.tls / "all.pem").read_bytes()
    assert [label for label, _ in pem.blocks(combined)] == [b"EC PRIVATE KEY", b"CERTIFICATE", b"CERTIFICATE"]
    assert mode(machine.tls / "all.pem") == 0o600
    folder = machine.tls / "www"
    names = ["cert.pem", "chain.pem", "combined.pem", "fullchain.pem", "privkey.pem"]
    assert sorted(one.name for one in folder.iterdir()) == names
    assert [mode(folder / name) for name in names] == [0o644, 0o644, 0o600, 0o644, 0o600]
    for _ in range(3):
        machine.renew()
        assert machine.deploy()[0] == 0
        assert (machine.installed(0), machine.installed(1)) == (machine.leaf(0), machine.leaf(1))
    left = [one for one in machine.tls.iterdir() if one.name.startswith(".")]
    assert len(left) == 2, left  # the folder in use and the one before


def test_what_is_in_the_way_of_a_folder_is_not_replaced(machine: Machine) -> None:
    (machine.tls / "www").mkdir(parents=True)
    (machine.tls / "www/precious").touch()
    machine.configure("{folder: TLS/www}")
    assert machine.deploy() == (4, [("failed", "file.foreign")])
    assert (machine.tls / "www/precious").exists()


@needs_root
@pytest.mark.parametrize("where", ["link", "folder"])
def test_root_writes_through_no_link_of_another_user(machine: Machine, tmp_path: Path, where: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if where == "link":
        machine.tls.mkdir()
        (machine.tls / "0.key").symlink_to(elsewhere / "victim")
        os.lchown(str(machine.tls / "0.key"), NOBODY, NOBODY)
    else:
        machine.tls.symlink_to(elsewhere)
        os.lchown(str(machine.tls), NOBODY, NOBODY)
    machine.configure(f"{{{PAIR.format(0)}}}")
    assert machine.deploy() == (4, [("failed", "trust.planted")])
    assert list(elsewhere.iterdir()) == []


def test_plain_acme_sh_goes_on_installing_what_the_file_asks_for(machine: Machine) -> None:
    machine.configure(
        f"{{{PAIR.format(0)}, cert_file: TLS/c.pem, test: [test, -e, {machine.tls}], reload: 'echo x >>{machine.reloads}'}}"
    )
    assert machine.deploy()[0] == 0
    program = machine.folder / "src/acme.sh"
    for path in machine.tls.iterdir():
        path.write_text("", encoding="ascii")
    homes = ["--home", str(program), "--config-home", str(machine.home)]
    asked = f'$(. ./{NAME}.conf; echo "$Le_RealKeyPath $Le_RealFullChainPath $Le_RealCertPath $Le_RealCACertPath")'
    shown = subprocess.run(
        ["/bin/sh", "-c", f"echo {asked}"], cwd=str(machine.home / f"{NAME}_ecc"), check=True, capture_output=True
    )
    assert shown.stdout.decode().split() == [f"{machine.tls}/{name}" for name in ("0.key", "0.pem", "c.pem")]
    done = subprocess.run(
        ["/bin/bash", str(program / "acme.sh"), *homes, "--info", "-d", NAME, "--ecc"], check=True, capture_output=True
    )
    assert f"Le_ReloadCmd=test -e {machine.tls} && (echo x >>{machine.reloads})" in done.stdout.decode()


@pytest.mark.parametrize(
    ("install", "said"),
    [
        ("{folder: TLS/www, key_file: TLS/a.key}", "holds all files"),
        ("{key_file: TLS/a.key}", "is missing"),
        ("{fullchain_file: TLS/a.pem, key_file: {path: TLS/a.key, mode: 0644}}", "a private key is for its owner"),
        ("{combined_file: {path: TLS/a.pem, group: no-such-group}}", "no-such-group"),
        ("{combined_file: TLS/a.pem, reload_services: [-x]}", "the name of a service"),
    ],
)
def test_check_refuses_what_cannot_be_carried(machine: Machine, install: str, said: str) -> None:
    machine.configure(install)
    done = machine.run("check")
    assert (done.returncode, said in done.stdout + done.stderr) == (78, True), done


def test_check_refuses_two_certificates_for_one_file_and_what_plain_acme_sh_cannot_do(machine: Machine) -> None:
    machine.configure(
        "{combined_file: TLS/a.pem}", "{combined_file: TLS/a.pem}", tail="schedule: {every: 6h, run: wrapper}\n"
    )
    done = machine.run("check")
    assert done.returncode == 78
    assert "c0.deploy.web installs" in done.stdout + done.stderr
    assert "writes neither `folder` nor `combined_file`" in done.stdout + done.stderr


# --- back to the last good ones -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "places"),
    [
        ("test", PAIR.format(0)),
        ("reload", "folder: TLS/www"),
        pytest.param("reload", PAIR.format(0), marks=pytest.mark.slow),
        pytest.param("test", "folder: TLS/www", marks=pytest.mark.slow),
        pytest.param("test", "combined_file: TLS/all.pem", marks=pytest.mark.slow),
        pytest.param("reload", "combined_file: TLS/all.pem", marks=pytest.mark.slow),
    ],
)
def test_what_the_server_does_not_take_is_rolled_back_and_stays_pending(
    machine: Machine, places: str, broken: str
) -> None:
    up = machine.folder / "up"
    up.touch()
    commands = {"test": "true", "reload": "true", broken: f"test -e {up}"}
    install = f"{{{places}, test: [/bin/sh, -c, '{commands['test']}'], reload: 'echo x >>{machine.reloads}; {commands['reload']}'}}"
    machine.configure(install)
    assert machine.deploy()[0] == 0
    first, before = machine.leaf(), machine.counted()
    machine.renew()
    up.unlink()
    assert machine.deploy() == (4, [("rolled_back", f"{broken}.failed")])
    assert machine.installed() == first
    assert machine.counted() - before == (2 if broken == "reload" else 0)  # again, with the files from before
    assert machine.states() == (4, ["pending"])
    assert "ROLLED BACK" in machine.run("deploy").stdout
    assert machine.deploy("cron") == (0, [])
    up.touch()
    assert machine.deploy() == (0, [("done", None)])
    assert machine.installed() == machine.leaf() != first
    assert not list(machine.tls.glob(".*-old")) + list(machine.tls.glob(".*-new"))


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ("folder: TLS/www", "folder: TLS/new"),
        pytest.param(PAIR.format(0), PAIR.format("new"), marks=pytest.mark.slow),
        pytest.param(PAIR.format(0), None, marks=pytest.mark.slow),
    ],
)
def test_a_place_that_the_file_no_longer_names_keeps_nothing_beside_it(
    machine: Machine, places: str, moved: Optional[str]
) -> None:
    machine.configure(f"{{{places}}}")
    assert machine.deploy()[0] == 0
    machine.renew()
    machine.configure(f"{{{places}, reload: 'false'}}")
    assert any(killed_at(machine, point) and [*machine.tls.glob(".*.acmewrap-old")] for point in range(12, 40))
    machine.configure(f"{{{moved or 'cert_file: TLS/other.pem'}, reload: 'test -e {machine.folder}/up'}}")
    assert machine.deploy()[0] == 4
    left = [one.name for one in machine.tls.glob(".*.acmewrap-*")]
    assert [
        one for one in left if "new" not in one and one != os.path.basename(os.path.realpath(machine.tls / "www"))
    ] == []
    assert (machine.tls / "0.key").exists() or (machine.tls / "www").exists()  # a server may read it still
    (machine.folder / "up").touch()
    assert machine.deploy()[0] == 0
    assert machine.installed() == machine.leaf()


def test_nothing_goes_back_to_a_certificate_that_is_expired(machine: Machine) -> None:
    up = machine.folder / "up"
    up.touch()
    machine.configure(f"{{{PAIR.format(0)}, reload: test -e {up}}}")
    assert machine.deploy()[0] == 0
    machine.renew(end=int(time.time()) - 60)
    for ending, source in (("key", f"{NAME}.key"), ("pem", "fullchain.cer")):  # as they lie after a while
        (machine.tls / f"0.{ending}").write_bytes((machine.home / f"{NAME}_ecc" / source).read_bytes())
    machine.renew()
    up.unlink()
    assert machine.deploy() == (4, [("failed", "reload.failed")])
    assert machine.installed() == machine.leaf()


def test_nothing_goes_back_to_a_certificate_that_was_revoked(machine: Machine) -> None:
    up = machine.folder / "up"
    up.touch()
    machine.configure(f"{{{PAIR.format(0)}, reload: test -e {up}}}")
    assert machine.deploy()[0] == 0
    Ledger.load(machine.home / ".ledger.json").revoke(machine.leaf())
    machine.renew()
    up.unlink()
    assert machine.deploy() == (4, [("failed", "reload.failed")])
    assert machine.installed() == machine.leaf()


# --- SIGKILL ------------------------------------------------------------------------------------------------------------

CALLS = ("open", "fchmod", "fsync", "link", "rename", "replace", "unlink", "symlink", "mkdir")


def killed_at(machine: Machine, point: int) -> bool:
    """Deploy, and be killed at the call number *point* that changes a file; False when it ended before."""
    child = os.fork()
    if child == 0:
        count = [0]

        def counting(call: Any) -> Any:
            def counted(*given: Any, **named: Any) -> Any:
                if str(given[0]).startswith(str(machine.tls)) or isinstance(given[0], int):
                    count[0] += 1
                    if count[0] == point:
                        os.kill(os.getpid(), signal.SIGKILL)
                return call(*given, **named)

            return counted

        for name in CALLS:
            setattr(os, name, counting(getattr(os, name)))
        try:
            Job(load(machine.folder / "acmewrap.yaml"), dict(os.environ)).deploy()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


EACH = pytest.param(1, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("places", "every"),
    [
        ("combined_file: TLS/all.pem", 11),
        pytest.param("combined_file: TLS/all.pem", 1, marks=pytest.mark.slow),
        pytest.param("folder: TLS/www", 1, marks=pytest.mark.slow),
    ],
)
def test_a_reader_never_sees_a_mismatch_wherever_a_run_is_killed(machine: Machine, places: str, every: int) -> None:
    machine.configure(f"{{{places}, reload: 'true'}}")
    assert machine.deploy()[0] == 0
    points = 0
    while points < 60:
        before = machine.leaf()
        machine.renew()
        points += every
        killed = killed_at(machine, points)
        assert machine.installed() in (before, machine.leaf())
        assert machine.deploy()[0] == 0
        assert machine.installed() == machine.leaf()
        if not killed:
            break
    assert points >= 12


@pytest.mark.parametrize("every", [17, EACH])
def test_the_next_run_finishes_separate_files_first_wherever_one_was_killed(machine: Machine, every: int) -> None:
    places = ", ".join(
        f"{part}: TLS/{part}" for part in ("key_file", "fullchain_file", "cert_file", "ca_file", "combined_file")
    )
    machine.configure(f"{{{places}, test: [/bin/sh, -c, 'cat {machine.tls}/key_file >{machine.folder}/seen']}}")
    assert machine.deploy()[0] == 0
    config = load(machine.folder / "acmewrap.yaml")
    points = mixed = 0
    while points < 90:
        before = machine.leaf()
        machine.renew()
        points += every
        killed = killed_at(machine, points)
        ((_, target),) = config.targets()
        assert target.install is not None
        mixed += local_files.read(target.install).error is not None
        install.recover(config)
        assert machine.installed() in (before, machine.leaf())
        assert machine.deploy()[0] == 0
        assert machine.installed() == machine.leaf()
        if not killed:
            break
    assert points > 20
    assert mixed > 2 or every > 1
