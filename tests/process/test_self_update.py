"""`self-update`: another one-file build takes the place of the one that runs, or nothing changes and the reason is named."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, Dict, Iterator, Optional, Tuple

import pytest

from acmewrap import cli, self_update
from acmewrap.errors import AcmewrapError, BusyError
from acmewrap.failures.catalogue import CATALOGUE
from published import Publisher, pack, set_version
from unprivileged import folder_of_nobody, run_unprivileged

Ended = Tuple[int, Dict[str, object]]


@pytest.fixture(scope="module")
def present() -> bytes:
    return pack()


@pytest.fixture(scope="module")
def later(present: bytes) -> bytes:
    return set_version(present, "9.0.0")


@dataclass(frozen=True)
class Machine:
    """A program that can be replaced, and somebody who publishes."""

    program: Path
    publisher: Publisher
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str, program: Optional[Path] = None, path: str = os.defpath) -> Ended:
        """The exit code and the document, of this process as if it ran from the file."""
        self.monkeypatch.setattr(sys, "argv", [str(program or self.program)])
        self.monkeypatch.setenv("PATH", path)
        code = cli.main(["--json", *words])
        return code, json.loads(self.capsys.readouterr().out)

    def update(self, source: str, *words: str, path: str = os.defpath) -> Ended:
        signers = [] if "--signers" in words else ["--signers", str(self.publisher.signers)]
        return self.run("self-update", "--from", source, *signers, *words, path=path)


@pytest.fixture
def machine(
    tmp_path: Path, present: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Machine:
    program = tmp_path / "bin" / "acmewrap.pyz"
    program.parent.mkdir()
    program.write_bytes(present)
    program.chmod(0o750)
    return Machine(program, Publisher(tmp_path / "published"), monkeypatch, capsys)


def test_a_signed_build_takes_the_place_of_this_one_and_rollback_brings_that_back(
    machine: Machine, present: bytes, later: bytes
) -> None:
    source = machine.publisher.publish(later)
    code, said = machine.update(source, "--dry-run")
    assert (code, said["changed"], machine.program.read_bytes()) == (0, True, present)
    code, said = machine.update(source)
    assert (code, said["from"], said["to"], said["changed"]) == (0, "0.1.0", "9.0.0", True)
    assert said["kept"] == f"{machine.program}.old"
    assert (machine.program.stat().st_mode & 0o777, machine.program.read_bytes()) == (0o750, later)
    assert machine.update(source)[1]["changed"] is False
    code, said = machine.run("self-update", "--rollback")
    assert (code, said["to"], machine.program.read_bytes()) == (0, "0.1.0", present)
    assert [path.name for path in machine.program.parent.iterdir()] == ["acmewrap.pyz"]
    assert failed(machine.run("self-update", "--rollback")) == "update.nothing_kept"


def test_it_goes_on_to_its_end_without_the_file_that_it_replaced(machine: Machine, later: bytes) -> None:
    """Python looks for each module in the file at the time that it is needed."""
    source = machine.publisher.publish(later)
    argv = [sys.executable, "-IB", str(machine.program), "self-update"]
    words = ["--from", source, "--signers", str(machine.publisher.signers)]
    environment = {"PATH": os.defpath, "HOME": "/proc/self", "PYTHONWARNINGS": "error"}
    done = subprocess.run([*argv, *words], env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"{machine.program} is acmewrap 9.0.0 now."


def failed(ended: Ended) -> str:
    """The id of the failure; its exit code is the command's."""
    code, said = ended
    error = said["error"]
    assert isinstance(error, dict)
    assert code == int(CATALOGUE[str(error["id"])].exit_code)
    assert "/" in str(error["message"]) or "ssh-keygen" in str(error["message"])
    return str(error["id"])


def damage_signature(folder: Path) -> None:
    lines = (folder / "SHA256SUMS.sig").read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2][::-1]
    (folder / "SHA256SUMS.sig").write_text("\n".join(lines), encoding="utf-8")


def exchange_sums(folder: Path) -> None:
    """Somebody has the sums fit another file, and cannot sign them."""
    (folder / "acmewrap.pyz").write_bytes(b"other")
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  acmewrap.pyz\n", encoding="utf-8")


def cut_off(folder: Path) -> None:
    os.truncate(str(folder / "acmewrap.pyz"), 1000)


def change(folder: Path) -> None:
    with open(folder / "acmewrap.pyz", "r+b") as stream:
        stream.seek(5000)
        stream.write(b"?")


def no_signature(folder: Path) -> None:
    (folder / "SHA256SUMS.sig").unlink()


def fifo(folder: Path) -> None:
    """Nobody writes into it, so whoever opens it waits."""
    (folder / "SHA256SUMS").unlink()
    os.mkfifo(str(folder / "SHA256SUMS"))


def endless(folder: Path) -> None:
    with open(folder / "SHA256SUMS", "wb") as stream:
        stream.truncate(2**40)


def no_key(folder: Path) -> None:
    (folder / "signers").write_text("# nobody\n", encoding="utf-8")


def other_key(folder: Path) -> None:
    shutil.copy(str(Publisher(folder / "other").signers), str(folder / "signers"))


def other_purpose(folder: Path) -> None:
    """Signed with the right key, for something else."""
    signers = (folder / "signers").read_text(encoding="utf-8")
    (folder / "signers").write_text(signers.replace('"acmewrap"', '"git"'), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "id"),
    [
        (damage_signature, "update.signature"),
        (exchange_sums, "update.signature"),
        (other_key, "update.signature"),
        (other_purpose, "update.signature"),
        (cut_off, "update.mismatch"),
        (change, "update.mismatch"),
        (no_signature, "update.source"),
        (fifo, "update.source"),
        (endless, "update.source"),
        (no_key, "update.no_signers"),
    ],
)
def test_what_was_not_signed_so_changes_nothing(
    machine: Machine, present: bytes, later: bytes, damage: Callable[[Path], None], id: str
) -> None:
    source = machine.publisher.publish(later)
    damage(machine.publisher.folder)
    assert failed(machine.update(source)) == id
    assert [path.name for path in machine.program.parent.iterdir()] == ["acmewrap.pyz"]
    assert machine.program.read_bytes() == present


def test_a_sum_verified_elsewhere_stands_for_the_signature_where_there_is_no_ssh_keygen(
    machine: Machine, later: bytes, tmp_path: Path
) -> None:
    source = machine.publisher.publish(later)
    old = tmp_path / "old"
    old.mkdir()
    (old / "ssh-keygen").write_text("#!/bin/sh\necho 'ssh-keygen: illegal option -- Y' >&2; exit 1\n", encoding="utf-8")
    (old / "ssh-keygen").chmod(0o755)
    assert failed(machine.update(source, path="/nowhere")) == "update.ssh_keygen"
    assert failed(machine.update(source, path=str(old))) == "update.ssh_keygen"
    (old / "ssh-keygen").write_text("#!/nowhere/sh\n", encoding="utf-8")
    assert failed(machine.update(source, path=str(old))) == "update.ssh_keygen"
    assert failed(machine.update(source, "--sha256", "0" * 64, path="/nowhere")) == "update.mismatch"
    digest = (machine.publisher.folder / "SHA256SUMS").read_text(encoding="utf-8").split()[0]
    assert machine.update(source, "--sha256", digest.upper(), path="/nowhere")[1]["to"] == "9.0.0"


def test_an_older_release_is_refused_unless_it_is_forced(machine: Machine, present: bytes) -> None:
    source = machine.publisher.publish(set_version(present, "0.0.9"))
    assert failed(machine.update(source)) == "update.older"
    assert machine.update(source, "--force")[1]["to"] == "0.0.9"


def test_a_build_that_does_not_start_here_is_not_installed(machine: Machine, present: bytes) -> None:
    source = machine.publisher.publish(pack("9.0.0", main="raise SystemExit('needs Python 4')"))
    code, said = machine.update(source)
    assert (failed((code, said)), machine.program.read_bytes()) == ("update.unusable", present)
    assert said["error"]["lines"] == ["needs Python 4"]  # type: ignore[index]
    assert [path.name for path in machine.program.parent.iterdir()] == ["acmewrap.pyz"]
    source = machine.publisher.publish(b"no zip")
    assert failed(machine.update(source)) == "update.unusable"


def test_a_link_to_the_program_stays_and_what_it_leads_to_is_replaced(machine: Machine, later: bytes) -> None:
    link = machine.program.parent.parent / "acmewrap"
    link.symlink_to(machine.program)
    words = ("self-update", "--from", machine.publisher.publish(later), "--signers", str(machine.publisher.signers))
    assert machine.run(*words, program=link)[1]["path"] == str(machine.program)
    assert (link.is_symlink(), machine.program.read_bytes()) == (True, later)


def test_a_checkout_is_not_replaced(machine: Machine) -> None:
    package = Path(self_update.__file__).parent
    assert failed(machine.run("self-update", "--rollback", program=package / "__main__.py")) == "update.not_one_file"


def test_a_folder_where_this_user_may_not_write_keeps_its_program(present: bytes, later: bytes, tmp_path: Path) -> None:
    with folder_of_nobody() as folder:
        program = folder / "acmewrap.pyz"
        program.write_bytes(present)
        folder.chmod(0o555)
        os.chown(str(folder), os.geteuid(), os.getegid())

        def work() -> int:
            try:
                self_update.replace(program, self_update.Build(later, "9.0.0"))
            except AcmewrapError as error:
                print(error)
                return int(error.exit_code)
            return 0

        assert run_unprivileged(work, tmp_path / "output") == 77
        assert "[file.not_writable]" in (tmp_path / "output").read_text(encoding="utf-8")
        assert program.read_bytes() == present


@pytest.fixture
def served(machine: Machine) -> Iterator[str]:
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(machine.publisher.folder))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield f"http://127.0.0.1:{server.server_port}"


def test_it_is_downloaded_with_the_sums_that_lie_beside_it(machine: Machine, later: bytes, served: str) -> None:
    machine.publisher.publish(later)
    assert failed(machine.update(f"{served}/elsewhere/acmewrap.pyz")) == "update.source"
    assert machine.update(f"{served}/acmewrap.pyz")[1]["to"] == "9.0.0"


def test_it_waits_for_runs_from_the_same_file(
    machine: Machine, present: bytes, later: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of theirs that is needed later would be looked for in the new file, at its place in the old one."""
    import fcntl

    monkeypatch.setattr(self_update, "WAIT", 0.2)
    build = self_update.Build(later, "9.0.0")
    with open(machine.program, "rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(BusyError, match=r"run\.busy"):
            self_update.replace(machine.program, build)
        assert machine.program.read_bytes() == present
    self_update.replace(machine.program, build)
    assert machine.program.read_bytes() == later


@pytest.mark.parametrize("written", [1, 2])
def test_a_full_disk_leaves_the_old_one(
    machine: Machine, present: bytes, later: bytes, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == written:  # the new one, or the copy that is kept
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AcmewrapError, match=rf"^{machine.program}: No space left on device \[disk.full\]") as caught:
        self_update.replace(machine.program, self_update.Build(later, "9.0.0"))
    assert f"df -h {machine.program.parent}" in caught.value.remedy
    assert [path.name for path in machine.program.parent.iterdir()] == ["acmewrap.pyz"]
    assert machine.program.read_bytes() == present


def test_rollback_refuses_what_does_not_start_any_more(machine: Machine, present: bytes) -> None:
    self_update.kept(machine.program).write_bytes(pack(main="raise SystemExit(1)"))
    with pytest.raises(AcmewrapError, match=r"update\.unusable"):
        self_update.roll_back(machine.program)
    assert machine.program.read_bytes() == present
