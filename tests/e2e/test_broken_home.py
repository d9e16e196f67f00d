"""A home that something broke, and the next run of the command line with the real acme.sh: it works again, and nobody was asked."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from acmewrap.driver.homes.home import Home
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import HEAD, Machine

NAME = "nas.internal.test"
SET = f".acme.sh/{NAME}_ecc"
ACCOUNT = ".acme.sh/ca/*/*/dir"
CERTIFICATES = f"""\
certificates:
  nas: {{{{domains: [{NAME}], challenge: {{{{webroot: "{{webroot}}"}}}}}}}}
"""


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("broken") / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    machine.configure(HEAD + CERTIFICATES)
    for _ in range(2):  # the run after the one that registered keeps copies of the accounts
        done = machine.run("apply")
        assert done.returncode == 0, done
    return machine


def found(machine: Machine, pattern: str) -> Path:
    return next(machine.folder.glob(pattern), machine.folder / pattern)


def garbage(path: Path) -> None:
    path.write_bytes(b"\0\xff'$(id)\nmore")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    if os.path.lexists(str(path)):
        path.unlink()


def fifo(path: Path) -> None:
    remove(path)
    os.mkfifo(str(path))


def folder(path: Path) -> None:
    remove(path)
    path.mkdir()


def a_file(path: Path) -> None:
    remove(path)
    path.write_bytes(b"")


def poison(path: Path) -> None:
    with open(path, "a", encoding="ascii") as stream:
        stream.write("Le_Keep='x';id''\n")


def forget_copies(path: Path) -> None:
    shutil.rmtree(str(path))


Damages = Dict[str, Callable[[Path], None]]
CASES: List[Damages] = [
    {
        f"{SET}/{NAME}.conf": garbage,
        f"{ACCOUNT}/account.key": empty,
        f"{ACCOUNT}/ca.conf": poison,
        SET + "/ca.cer": fifo,
    },
    {".acme.sh/.versions/ca": forget_copies, f"{ACCOUNT}/account.key": empty, f"{SET}/{NAME}.key": garbage},
    {SET: a_file, ".acme.sh/.ledger.json": folder, ".acme.sh/.staging/lock": fifo},
    {f"{SET}/{NAME}.key": fifo, f"{SET}/{NAME}.csr": folder},
    {f"{SET}/{NAME}.cer": empty, f"{ACCOUNT}/account.json": garbage, f"{ACCOUNT}/ca.conf": folder},
    {f"{SET}/{NAME}.conf": folder, f"{SET}/fullchain.cer": folder, f"{ACCOUNT}/account.key": fifo},
]


@pytest.mark.parametrize(
    "damages",
    [CASES[0], *(pytest.param(case, marks=pytest.mark.slow) for case in CASES[1:])],
    ids=lambda damages: ",".join(f"{damage.__name__} {place}" for place, damage in damages.items()),
)
def test_the_next_run_makes_a_broken_home_whole(machine: Machine, damages: Damages) -> None:
    for pattern, damage in damages.items():
        damage(found(machine, pattern))
    done = machine.run("apply", "--force")
    assert done.returncode == 0, done
    stored = Home(machine.folder / ".acme.sh").read(NAME, True)
    assert stored is not None
    assert stored.find_fault() is None
    assert machine.run("apply").stdout.startswith("Nothing to do.")


@pytest.mark.parametrize("name", [".acme.sh/.lock", "acme.sh"])
def test_what_is_not_touched_is_told_with_the_one_command_that_helps(machine: Machine, name: str) -> None:
    path = machine.folder / name
    folder(path)
    done = machine.run("apply")
    command = f"mv {path} {path}.before"
    assert done.returncode == 77
    assert command in done.stdout + done.stderr
    assert os.system(command) == 0
    assert machine.run("apply").returncode == 0
