"""What lies around the homes, broken: the log, the record of a run with nothing to do, the release, files of another user."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Callable, Mapping, Sequence

import pytest

from acmewrap import Job
from acmewrap.cli import main
from acmewrap.config import load
from acmewrap.engine.noop_cache import find_note
from forkserver import acmewrap
from synthetic import DAY, Folder, make_key
from unprivileged import NOBODY, folder_of_nobody, run_unprivileged

NAME = "nas.example.com"
TEXT = """\
directory: .
authorities: {internal: {server: "https://127.0.0.1:1/acme/directory", home: .acme.sh}}
certificates:
  nas:
    domains: [nas.example.com]
    challenge: {webroot: web}
    deploy: {web: {install: {key_file: tls/key.pem, fullchain_file: tls/full.pem}, verify: no}}
"""


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path))
    elif os.path.lexists(str(path)):
        path.unlink()


DAMAGES: Mapping[str, Callable[[Path], object]] = {
    "missing": lambda _: None,
    "garbage": lambda path: path.write_bytes(b"\x00\xff'$(id)\n" * 200_000),
    "a FIFO": lambda path: os.mkfifo(str(path)),
    "a folder": Path.mkdir,
    "a link to nowhere": lambda path: path.symlink_to("/nonexistent/file"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


def damage(path: Path, name: str) -> None:
    remove(path)
    DAMAGES[name](path)


@pytest.fixture
def folder(tmp_path: Path, acme_sh_311: Path) -> Path:
    """A certificate that is good for days, deployed."""
    folder = tmp_path / "machine"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "acme.sh").symlink_to(acme_sh_311)
    make(folder)
    assert run(folder, "deploy") == 0
    return folder


def make(folder: Path) -> None:
    (folder / "acmewrap.yaml").write_text(TEXT, encoding="ascii")
    now = int(time.time())
    Folder(domain=NAME, begin=now - 60, end=now + 9 * DAY, chain_end=now + 9 * DAY).write(folder / ".acme.sh")


def run(folder: Path, *words: str) -> int:
    began = time.monotonic()
    done = acmewrap("--config", str(folder / "acmewrap.yaml"), *words)
    assert "Traceback" not in done.stdout + done.stderr
    assert time.monotonic() - began < 20
    return done.returncode


@pytest.mark.parametrize(
    "name", ["a FIFO", "a folder", *(pytest.param(n, marks=pytest.mark.slow) for n in (*DAMAGES,)[:2])]
)
def test_a_log_that_is_none_ends_no_run(folder: Path, name: str) -> None:
    damage(folder / "task.log", name)
    for words in (("cron",), ("--json", "status"), ("deploy", "--force")):
        assert run(folder, *words) == 0


@pytest.mark.parametrize("name", [*DAMAGES, "cut off", "of another user"])
def test_a_record_that_is_none_is_made_anew(folder: Path, tmp_path: Path, name: str) -> None:
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    file = str(folder / "acmewrap.yaml")
    later = time.time() + 10
    job = Job(load(file), environ, clock=lambda: later)
    job.cron()
    assert find_note(file, environ, later) is not None
    (record,) = (tmp_path / ".cache" / "acmewrap").iterdir()
    if name == "cut off":
        record.write_bytes(record.read_bytes()[:-5])
    elif name == "of another user":
        os.chown(str(record), NOBODY, NOBODY)
    else:
        damage(record, name)
    assert find_note(file, environ, later) is None
    assert job.cron().exit_code == 0
    if name != "a folder":  # which stays, and every run looks
        assert find_note(file, environ, later) is not None


ACCOUNT = "ca/127.0.0.1_1/127.0.0.1/acme/directory"
HOME = (
    *(f"{NAME}_ecc/{name}" for name in ("", f"{NAME}.conf", f"{NAME}.key", f"{NAME}.cer", "ca.cer", "fullchain.cer")),
    *(f"{ACCOUNT}/{name}" for name in ("", "account.key", "account.json", "ca.conf")),
    *("", ".ledger.json", ".lock", ".staging", ".versions", "account.conf", "http.header"),
)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
@pytest.mark.parametrize("places", [HOME[2:3], pytest.param(HOME, marks=pytest.mark.slow)], ids=["one", "each"])
def test_a_file_of_a_home_that_is_another_users_is_named_with_the_command_that_helps(
    folder: Path, places: Sequence[str]
) -> None:
    account = folder / ".acme.sh" / ACCOUNT
    account.mkdir(parents=True)
    (account / "account.key").write_bytes(make_key(b"\x04" + b"a" * 64))
    (account / "account.json").write_bytes(b"{}")
    (account / "ca.conf").write_bytes(b"ACCOUNT_URL='https://127.0.0.1:1/account/1'\n")
    with folder_of_nobody() as place_of_nobody:
        users = place_of_nobody / "machine"
        shutil.copytree(str(folder), str(users), symlinks=True)
        home = users / ".acme.sh"
        words = ["--config", str(users / "acmewrap.yaml"), "deploy", "--force"]
        for name in (".staging", ".versions"):
            (home / name).mkdir(exist_ok=True)
        for name in ("account.conf", ".lock", "http.header"):
            (home / name).touch()
        for place in places:
            own(users, NOBODY)
            path = home / place
            os.chown(str(path), 0, 0)
            path.chmod(0o700 if path.is_dir() else 0o600)
            said = folder / "said"
            assert run_unprivileged(lambda: main(words), said) == 77, (place, said.read_text(encoding="utf-8"))
            text = said.read_text(encoding="utf-8")
            assert str(path) in text, text
            assert "sudo chown -R" in text or (place in {"", ".lock"} and "Run as the user that owns" in text), text
            own(users, NOBODY)
            assert run_unprivileged(lambda: main(words), said) == 0, (place, said.read_text(encoding="utf-8"))


def own(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.lchown(str(path), user, user)
