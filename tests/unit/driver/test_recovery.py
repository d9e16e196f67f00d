"""Each file of a home, broken in each way: what is left of it when a run has taken the home over."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from typing import Callable, Dict, Mapping, Tuple

import pytest

from acmewrap.driver.homes import recovery
from acmewrap.driver.homes.home import Home
from synthetic import Folder, make_key

NAME, SERVER = "nas.example.com", "https://ca.example.com:9000/acme/directory"
SET, ACCOUNT = f"{NAME}_ecc", "ca/ca.example.com_9000/ca.example.com/acme/directory"
ACCOUNT_FILES = {
    "account.key": make_key(b"\x04" + b"a" * 64),
    "account.json": b'{"status": "valid"}\n',
    "ca.conf": b"ACCOUNT_URL='https://ca.example.com:9000/acme/account/1'\nCA_KEY_HASH='x'\n",
}


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path))
    elif os.path.lexists(str(path)):
        path.unlink()


def write(data: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        remove(path)
        path.write_bytes(data)

    return damage


def halve(path: Path) -> None:
    if path.is_file():
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        remove(path)
        path.mkdir()


def replace_by(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        remove(path)
        make(path)

    return damage


DAMAGES: Mapping[str, Callable[[Path], None]] = {
    "missing": remove,
    "truncated": halve,
    "empty": write(b""),
    "garbage": write(b"\x00\xff\xc3('\"`$(\nmore"),
    "a folder": replace_by(Path.mkdir),
    "a FIFO": replace_by(lambda path: os.mkfifo(str(path))),
    "a link to nowhere": replace_by(lambda path: path.symlink_to("/nonexistent/file")),
    "a link to itself": replace_by(lambda path: path.symlink_to(path.name)),
}
ALIKE, WRONG = ("missing", "truncated", "empty", "garbage"), tuple(DAMAGES)[4:]
# What becomes of it: `same`: all is as before; `issue`: the next step is to issue the certificate, and nothing hinders it;
# `register`: to register an account; `aside`: it lies elsewhere, and nothing is in its place.
OUTCOMES: Dict[Tuple[str, str], str] = {
    **{
        (f"{SET}/{file}", damage): "issue"
        for file in (f"{NAME}.conf", f"{NAME}.key", f"{NAME}.cer")
        for damage in DAMAGES
    },
    **{(f"{SET}/{file}", damage): "issue" for file in ("ca.cer", "fullchain.cer") for damage in DAMAGES},
    **{(f"{SET}/{NAME}.{file}", damage): "same" for file in ("csr", "csr.conf") for damage in DAMAGES},
    **{(SET, damage): "same" for damage in ("empty", "garbage", *WRONG[1:])},
    **{(SET, damage): "issue" for damage in ("missing", "truncated", "a folder")},
    **{(f".versions/{SET}", damage): "issue" for damage in DAMAGES},
    **{(".versions", damage): "issue" for damage in DAMAGES},
    **{(f"{ACCOUNT}/{file}", damage): "same" for file in ACCOUNT_FILES for damage in DAMAGES},
    **{(ACCOUNT, damage): "same" for damage in ("truncated", "empty", "garbage", *WRONG)},
    **{(place, "missing"): "register" for place in (ACCOUNT, "ca")},  # that is how somebody asks for another one
    **{("ca", damage): "same" for damage in ("empty", "garbage", *WRONG[1:])},
    **{("ca", damage): "register" for damage in ("truncated", "a folder")},
    **{
        (place, damage): "aside"
        for place in (".ledger.json", "account.conf", "http.header", ".staging/lock")
        for damage in WRONG
    },
    **{(".staging", damage): "aside" for damage in ("empty", "garbage", *WRONG[1:])},
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Held twice before, so that there is a copy of the account; the certificate was issued twice."""
    home = Home(tmp_path / "home")
    account = home.account_folder(SERVER)
    account.mkdir(parents=True)
    for name, data in ACCOUNT_FILES.items():
        (account / name).write_bytes(data)
    for generation in (1, 2):
        staged = Folder(generation=generation).write(tmp_path / str(generation))
        (staged.folder / f"{NAME}.csr").write_bytes(b"a request")
        (staged.folder / f"{NAME}.csr.conf").write_bytes(b"of a request")
        home.replace(NAME, True, staged.folder)
    (home.path / ".staging").mkdir()
    for name in (".ledger.json", "account.conf", "http.header", ".staging/lock"):
        (home.path / name).write_bytes(b"")
    recover(home)
    return home


def recover(home: Home) -> None:
    recovery.recover(home, SERVER, (home.path / ".ledger.json",))


def outcome(home: Home, place: str) -> str:
    stored, account = home.read(NAME, True), home.account_folder(SERVER)
    if stored is None or stored.find_fault() is not None:
        return "issue"
    assert stored.leaf is not None
    assert int(stored.leaf.serial, 16) == 2, "a former certificate never takes the place of a later one"
    if not (account / "account.key").exists():
        return "register"
    assert {name: (account / name).read_bytes() for name in ACCOUNT_FILES} == ACCOUNT_FILES
    there = home.path / place
    aside = not there.exists() or (there.is_dir() and not list(there.iterdir()))
    return "aside" if aside and not place.startswith(SET) else "same"


@pytest.mark.parametrize(("place", "damage"), OUTCOMES, ids=str)
def test_what_is_broken_comes_back_or_is_made_anew_and_hinders_nobody(home: Home, place: str, damage: str) -> None:
    DAMAGES[damage](home.path / place)
    recover(home)
    assert outcome(home, place) == OUTCOMES[place, damage]
    if damage in WRONG and OUTCOMES[place, damage] == "aside":
        assert os.path.lexists(str(home.path / ".damaged" / place.replace("/", "%")))
    found = sorted(path for path in home.path.rglob("*") if ".damaged" not in path.parts)
    assert [path for path in found if not path.exists() or path.is_fifo()] == []
    recover(home)
    assert sorted(path for path in home.path.rglob("*") if ".damaged" not in path.parts) == found


def test_what_is_whole_is_not_touched(home: Home) -> None:
    before = {path: path.lstat().st_mtime_ns for path in home.path.rglob("*")}
    recover(home)
    assert {path: path.lstat().st_mtime_ns for path in home.path.rglob("*")} == before


def test_without_a_copy_a_broken_account_is_registered_anew_and_a_poisoned_configuration_costs_no_account(
    home: Home,
) -> None:
    account = home.account_folder(SERVER)
    shutil.rmtree(str(home.path / ".versions" / "ca"))
    (account / "ca.conf").write_bytes(ACCOUNT_FILES["ca.conf"] + b"Le_Keep='x';id''\n")
    recover(home)
    assert sorted(path.name for path in account.iterdir()) == ["account.json", "account.key"]
    assert b"Le_Keep" in (home.path / ".damaged" / f"{ACCOUNT}/ca.conf".replace("/", "%")).read_bytes()
    (account / "account.key").write_bytes(b"")
    recover(home)
    assert list(account.iterdir()) == []


def test_the_copy_follows_the_account(home: Home) -> None:
    account = home.account_folder(SERVER)
    (account / "account.key").write_bytes(make_key(b"\x04" + b"b" * 64))
    recover(home)
    (account / "account.key").write_bytes(b"")
    recover(home)
    assert (account / "account.key").read_bytes() == make_key(b"\x04" + b"b" * 64)


@pytest.mark.parametrize("pair", list(itertools.product((SET, "ca", ".staging", ".versions"), WRONG[1:])), ids=str)
def test_what_lies_in_the_way_of_what_was_moved_aside_gives_way(home: Home, pair: Tuple[str, str]) -> None:
    place, damage = pair
    for _ in range(2):
        DAMAGES[damage](home.path / place)
        recover(home)
    DAMAGES[damage](home.path / ".damaged")
    DAMAGES[damage](home.path / place)
    recover(home)
    assert os.path.lexists(str(home.path / ".damaged" / place))
