"""Who can read a private key: looked at after it was installed, kept by plan and apply, and left alone where it is not ours."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import time
from pathlib import Path
from typing import Any, List, Tuple

import pytest

from acmewrap import load
from acmewrap.engine import history
from clinic import CRONTAB
from forkserver import acmewrap
from synthetic import DAY, Folder
from unprivileged import NOBODY

NAME = "nas.example.com"
TEXT = """\
directory: .
authorities: {{internal: {{server: "https://pki.internal.test/acme/directory", home: .acme.sh}}}}
certificates:
  nas:
    domains: [{name}]
    challenge: {{webroot: "{folder}/web"}}
    key: ec-256
    deploy:
      web:
        install: {{key_file: tls/www.key, fullchain_file: tls/www.pem, reload: "echo reloaded >>{folder}/reloads"}}
        verify: no
synology: {{url: "http://localhost:5000", account: {{name: x, password: {{file: dsm.password}}}}, verify: no}}
schedule: {{every: 1h, log: {folder}/task.log}}
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")


class Machine:
    """A certificate in its home, to be installed for a server; acme.sh and all else is there."""

    def __init__(self, folder: Path, pinned: Path) -> None:
        self.folder, self.home, self.key = folder, folder / ".acme.sh", folder / "tls/www.key"
        (folder / "tls").mkdir(parents=True)
        shutil.copytree(str(pinned), str(folder / "src/acme.sh"))
        (folder / "dsm.password").write_text("hunter2\n", encoding="utf-8")
        (folder / "dsm.password").chmod(0o600)
        (folder / "acmewrap.yaml").write_text(TEXT.format(folder=folder, name=NAME), encoding="utf-8")
        Folder(
            domain=NAME, begin=int(time.time()) - 60, end=int(time.time()) + DAY, chain_end=int(time.time()) + DAY
        ).write(self.home)
        (folder / "tools").mkdir()
        (folder / "tools/crontab").write_text(CRONTAB.format(table=folder / "table"), encoding="ascii")
        (folder / "tools/crontab").chmod(0o755)
        self.apply_modes()

    def apply_modes(self) -> None:
        for path in (self.home, *self.home.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder}/tools:{os.environ['PATH']}"
        return acmewrap("--config", str(self.folder / "acmewrap.yaml"), *words, PATH=path)

    def deploy(self) -> Tuple[int, Any]:
        done = self.run("--json", "deploy", "nas")
        document = json.loads(done.stdout)
        (step,) = document["steps"]
        return done.returncode, step

    def open_files(self, command: str = "plan") -> List[str]:
        """What `plan` would close: paths below the folder."""
        steps = json.loads(self.run("--json", command).stdout)["plan"]
        return [os.path.relpath(step["path"], str(self.folder)) for step in steps if step["kind"] == "mode"]


@pytest.fixture
def machine(tmp_path: Path, acme_sh_311: Path) -> Machine:
    return Machine(tmp_path / "machine", acme_sh_311)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_acme_sh_itself_leaves_an_installed_key_open(machine: Machine) -> None:
    machine.key.write_text("old", encoding="ascii")
    machine.key.chmod(0o644)
    words = ["--install-cert", "-d", NAME, "--ecc", "--key-file", str(machine.key)]
    program = machine.folder / "src/acme.sh"
    homes = ["--home", str(program), "--config-home", str(machine.home)]
    subprocess.run(["/bin/bash", str(program / "acme.sh"), *homes, *words], check=True, stdout=subprocess.DEVNULL)
    assert (mode(machine.key), "PRIVATE KEY" in machine.key.read_text(encoding="ascii")) == (0o644, True)


@pytest.mark.parametrize("before", [0o644, 0o666, 0o604, 0o660, None])
def test_a_key_is_private_once_it_is_delivered(machine: Machine, before: int) -> None:
    if before is not None:
        machine.key.write_text("old", encoding="ascii")
        machine.key.chmod(before)
    code, step = machine.deploy()
    assert (code, step["outcome"], mode(machine.key) & 0o137) == (0, "done", 0)
    assert "PRIVATE KEY" in machine.key.read_text(encoding="ascii")
    assert mode(machine.folder / "tls/www.pem") == 0o644


@needs_root
@pytest.mark.parametrize(("before", "after"), [(0o640, 0o640), (0o644, 0o640), (0o664, 0o640), (0o600, 0o600)])
def test_a_group_that_was_chosen_goes_on_reading_and_nobody_else(machine: Machine, before: int, after: int) -> None:
    machine.key.write_text("old", encoding="ascii")
    os.chown(str(machine.key), 0, NOBODY)
    machine.key.chmod(before)
    assert machine.deploy()[0] == 0
    assert (mode(machine.key), machine.key.stat().st_gid) == (after, NOBODY)


def test_a_key_opened_later_is_a_step_and_a_finding_and_apply_closes_it(machine: Machine) -> None:
    machine.deploy()
    assert machine.open_files() == []
    machine.key.chmod(0o644)
    assert machine.open_files() == ["tls/www.key"]
    finding = next(
        one for one in json.loads(machine.run("--json", "doctor").stdout)["findings"] if "www.key" in one["message"]
    )
    assert (finding["id"], finding["fixable"]) == ("doctor.file_mode", True)
    machine.run("install")  # of a plan, the steps of the machine
    machine.run("apply", "--only", "nas")
    assert (mode(machine.key), machine.open_files()) == (0o600, [])
    assert (machine.folder / "reloads").read_text(encoding="ascii") == "reloaded\n"  # nothing was installed again


def test_doctor_closes_what_it_found(machine: Machine) -> None:
    machine.deploy()
    machine.key.chmod(0o644)
    (machine.folder / "dsm.password").chmod(0o644)
    machine.run("doctor", "--fix")
    assert [mode(machine.key), mode(machine.folder / "dsm.password")] == [0o600, 0o600]
    (past,) = [one for one in history.read(load(machine.folder / "acmewrap.yaml")) if one.command == "doctor"]
    assert {step.outcome for step in past.steps} == {"done"}


PRIVATE = [
    *(f".acme.sh/{NAME}_ecc/{name}" for name in (f"{NAME}.key", f"{NAME}.conf", f"{NAME}.pfx", "backup/key.bak")),
    *(
        f".acme.sh/{name}"
        for name in ("account.conf", "ca/pki/account.key", ".ledger.json", ".versions/x/1/x.key", "http.header")
    ),
    *("task.log", "task.log.1"),
]


def test_every_private_file_is_a_step_and_no_certificate_is(machine: Machine) -> None:
    for path in PRIVATE:
        file = machine.folder / path
        for folder in reversed([one for one in file.parents if machine.home in one.parents and not one.exists()]):
            folder.mkdir(0o700)
        if not file.exists():
            file.write_text("{}" if path.endswith("json") else "", encoding="ascii")
        file.chmod(0o644)
    (machine.home / f"{NAME}_ecc/{NAME}.cer").chmod(0o644)
    (machine.home / "ca").chmod(0o755)
    assert sorted(machine.open_files()) == sorted([*PRIVATE, ".acme.sh/ca"])


def test_code_that_everybody_can_write_is_a_step(machine: Machine) -> None:
    code = ["src", "src/acme.sh", "src/acme.sh/deploy", "src/acme.sh/deploy/ssh.sh", "src/acme.sh/acme.sh"]
    for path in code:
        (machine.folder / path).chmod(mode(machine.folder / path) | 0o022)
    assert sorted(machine.open_files()) == sorted(code)


@needs_root
def test_a_key_of_another_user_stays_that_users_and_is_closed_with_the_next_certificate(machine: Machine) -> None:
    machine.key.write_text("old", encoding="ascii")
    machine.key.chmod(0o644)
    os.chown(str(machine.key), NOBODY, NOBODY)
    assert (machine.deploy()[0], mode(machine.key), machine.key.stat().st_uid) == (0, 0o600, NOBODY)
    machine.key.chmod(0o644)
    assert machine.open_files() == []
    assert f"{machine.key} has mode 0644" in machine.run("plan").stdout
    findings = json.loads(machine.run("--json", "doctor").stdout)["findings"]
    assert [finding["fixable"] for finding in findings if finding["id"] == "file.open_to_others"] == [False]


def test_nothing_is_changed_through_a_link_and_no_device(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("", encoding="ascii")
    (tmp_path / "elsewhere").chmod(0o644)
    machine.key.symlink_to(tmp_path / "elsewhere")
    (machine.home / "account.conf").symlink_to(tmp_path / "elsewhere")
    text = (machine.folder / "acmewrap.yaml").read_text(encoding="utf-8")
    (machine.folder / "acmewrap.yaml").write_text(
        text.replace(f"{machine.folder}/task.log", "/dev/null"), encoding="utf-8"
    )
    assert machine.open_files() == []
    machine.run("doctor", "--fix")
    assert (mode(tmp_path / "elsewhere"), mode(Path("/dev/null")) & 0o666) == (0o644, 0o666)


def test_check_warns_of_a_secret_that_others_can_read(machine: Machine) -> None:
    assert json.loads(machine.run("--json", "check").stdout)["warnings"] == []
    (machine.folder / "dsm.password").chmod(0o644)
    done = machine.run("check")
    assert (done.returncode, f"chmod 600 {machine.folder}/dsm.password" in done.stderr) == (0, True)
    (warning,) = json.loads(machine.run("--json", "check").stdout)["warnings"]
    assert warning["file"] == str(machine.folder / "dsm.password")
