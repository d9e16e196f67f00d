"""What acme.sh has on disk: read strictly, replaced as a whole, completed after a kill."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import List

import pytest

from acmewrap.driver.homes import generations
from acmewrap.driver.homes.home import Home, Stored
from acmewrap.formats.timefmt import instant
from acmewrap.pki import x509
from synthetic import NOW, Folder

OLD = Folder()
NAME, ECC = OLD.domain, True


def read(path: Path) -> Stored:
    stored = Home(path).read(NAME, ECC)
    assert stored is not None
    return stored


def put(path: Path, generation: int) -> None:
    """Replace the folder as a call does that made this generation."""
    staging = path / ".staging" / str(generation)
    staged = OLD.but(generation=generation).write(staging)
    Home(path).replace(NAME, ECC, staged.folder)


def generation(path: Path) -> int:
    leaf = read(path).leaf
    assert leaf is not None
    return int(leaf.serial, 16)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- reading ---


def test_a_whole_set_has_no_fault(tmp_path: Path) -> None:
    OLD.write(tmp_path)
    assert read(tmp_path).find_fault() is None


@pytest.mark.parametrize(
    ("folder", "reported", "chain"),
    [
        (OLD.but(leaf=None), "nas.example.com.cer holds no certificate", False),
        (OLD.but(leaf=b"garbage"), "nas.example.com.cer holds no certificate", False),
        (OLD.but(key=None), "nas.example.com.key: No such file or directory", False),
        (OLD.but(key=b"garbage"), "nas.example.com.key: not a private key", False),
        (OLD.but(chain=None), "ca.cer: No such file or directory", True),
        (OLD.but(chain=b"garbage"), "ca.cer: no PEM certificate in it", True),
        (OLD.but(fullchain=None), "fullchain.cer: No such file or directory", True),
        (OLD.but(configuration="rubbish\n"), "nas.example.com.conf: line 1 is not Key='value'", False),
        (OLD.but(configuration="\n"), "nas.example.com.conf: Le_Domain is missing", False),
    ],
)
def test_a_set_that_is_not_whole_says_what_is_wrong(tmp_path: Path, folder: Folder, reported: str, chain: bool) -> None:
    folder.write(tmp_path)
    stored = read(tmp_path)
    fault = stored.find_fault()
    assert fault is not None
    assert fault.startswith(reported)
    assert fault.chain is chain
    assert str(tmp_path) not in fault
    assert stored.find_fault() == fault


def test_a_key_of_another_certificate_is_a_fault(tmp_path: Path) -> None:
    files = OLD.write(tmp_path)
    other = OLD.but(generation=2).write(tmp_path / "other")
    files.key.write_bytes(other.key.read_bytes())
    assert read(tmp_path).find_fault() == "nas.example.com.key is not the key of nas.example.com.cer"


def test_an_old_chain_beside_a_new_leaf_is_a_fault(tmp_path: Path) -> None:
    files = OLD.write(tmp_path)
    old = files.fullchain.read_bytes()
    OLD.but(generation=2).write(tmp_path)
    files.fullchain.write_bytes(old)
    fault = read(tmp_path).find_fault()
    assert fault is not None
    assert (fault, fault.chain) == ("fullchain.cer begins with another certificate", True)


def test_a_chain_file_that_is_not_the_chain_is_a_fault(tmp_path: Path) -> None:
    files = OLD.write(tmp_path)
    files.chain.write_bytes(files.chain.read_bytes() * 2)
    fault = read(tmp_path).find_fault()
    assert fault is not None
    assert (fault, fault.chain) == ("ca.cer is not the chain of the certificate", True)


def test_a_folder_without_a_configuration_is_none_of_acme_sh(tmp_path: Path) -> None:
    OLD.but(configuration=None).write(tmp_path)
    assert Home(tmp_path).read(NAME, ECC) is None


def test_bytes_that_are_no_text_are_read_all_the_same(tmp_path: Path) -> None:
    files = OLD.write(tmp_path)
    files.configuration.write_bytes(b"Le_Domain='nas.example.com'\nLe_Webroot='/srv/\xff'\n")
    assert read(tmp_path).configuration["Le_Webroot"] == "/srv/\ufffd"


def test_single_labels_and_both_kinds_of_key_are_found(tmp_path: Path) -> None:
    Folder(domain="nas", names=("nas",)).write(tmp_path)
    OLD.write(tmp_path)
    OLD.write(tmp_path, ecc=False)
    (tmp_path / "ca" / "localhost_443").mkdir(parents=True)
    (tmp_path / "not-a-certificate").mkdir()
    put(tmp_path, 2)
    found = [(stored.files.domain, stored.ecc) for stored in Home(tmp_path).stored()]
    assert found == [("nas.example.com", False), ("nas.example.com", True), ("nas", True)]


def test_a_home_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "none")
    home.recover()
    assert list(home.stored()) == []


@pytest.mark.parametrize(
    ("server", "folder"),
    [
        ("https://ca.example.com/acme/directory", "ca.example.com_443/ca.example.com/acme/directory"),
        ("https://ca.example.com:9000/dir/", "ca.example.com_9000/ca.example.com/dir"),
        ("http://CA.example.com/dir", "ca.example.com_80/CA.example.com/dir"),
    ],
)
def test_two_authorities_of_one_host_have_accounts_of_their_own(tmp_path: Path, server: str, folder: str) -> None:
    assert Home(tmp_path).account_folder(server) == tmp_path / "ca" / folder


# --- replacing ---


def test_a_new_set_takes_the_place_of_the_old_one_which_stays_at_hand(tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        put(tmp_path, number)
        assert generation(tmp_path) == number
    kept = sorted((tmp_path / ".versions" / "nas.example.com_ecc").iterdir())
    serials = [x509.parse_pem((folder / f"{NAME}.cer").read_bytes())[0].serial for folder in kept]
    assert [int(serial, 16) for serial in serials] == [3, 4]


def test_numbers_are_not_compared_as_text(tmp_path: Path) -> None:
    for number in range(1, 13):
        put(tmp_path, number)
    kept = {folder.name for folder in (tmp_path / ".versions" / "nas.example.com_ecc").iterdir()}
    assert (generation(tmp_path), kept) == (12, {"11", "12"})


def test_a_folder_that_acme_sh_made_becomes_the_version_before(tmp_path: Path) -> None:
    OLD.write(tmp_path)
    put(tmp_path, 2)
    folder = tmp_path / "nas.example.com_ecc"
    assert folder.is_symlink()
    assert generation(tmp_path) == 2
    before = tmp_path / ".versions" / "nas.example.com_ecc" / "1"
    assert int(x509.parse_pem((before / f"{NAME}.cer").read_bytes())[0].serial, 16) == 1


def test_a_home_can_be_moved(tmp_path: Path) -> None:
    put(tmp_path / "home", 1)
    (tmp_path / "home").rename(tmp_path / "moved")
    assert generation(tmp_path / "moved") == 1


def test_modes_are_those_of_the_design_whatever_acme_sh_left(tmp_path: Path) -> None:
    staged = OLD.write(tmp_path / ".staging")
    (staged.folder / "backup").mkdir()
    (staged.folder / "backup" / "key.bak").write_text("key")
    for path in (*staged.folder.rglob("*"), staged.folder):
        path.chmod(0o755 if path.is_dir() else 0o644)  # as 3.0.2 does, keys included
    Home(tmp_path).replace(NAME, ECC, staged.folder)
    files = Home(tmp_path).files_of(NAME, ECC)
    assert mode(files.key) == mode(files.configuration) == mode(files.folder / "backup" / "key.bak") == 0o600
    assert mode(files.certificate) == mode(files.chain) == mode(files.fullchain) == 0o644
    assert mode(files.folder) == mode(files.folder / "backup") == 0o700


def test_a_reader_never_sees_a_key_beside_another_certificate(tmp_path: Path) -> None:
    put(tmp_path, 1)
    folder, stop, seen = tmp_path / "nas.example.com_ecc", threading.Event(), [0]
    wrong: List[str] = []

    def look() -> None:
        while not stop.is_set():
            handle = os.open(str(folder), os.O_RDONLY)  # one look at the link; both files come from where it led
            try:
                texts = []
                for name in (f"{NAME}.key", f"{NAME}.cer"):
                    file = os.open(name, os.O_RDONLY, dir_fd=handle)
                    with os.fdopen(file, "rb") as stream:
                        texts.append(stream.read())
            except FileNotFoundError:
                continue  # two sets later: it was held open for too long, and says so
            finally:
                os.close(handle)
            seen[0] += 1
            if not x509.key_matches(texts[0], x509.parse_pem(texts[1])[0]):
                wrong.append("mismatch")

    reader = threading.Thread(target=look)
    reader.start()
    try:
        number = 1
        while number < 40 or seen[0] < 40:
            number = number % 100 + 1
            put(tmp_path, number)
    finally:
        stop.set()
        reader.join()
    assert wrong == []


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(8))
def test_a_replacement_killed_at_any_step_leaves_or_recovers_one_whole_set(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    OLD.write(tmp_path)  # made by acme.sh itself: the folder has to move away before the link can come
    left = [step]
    with monkeypatch.context() as patch:
        for module, function in (
            (os, "rename"),
            (os, "replace"),
            (os, "symlink"),
            (generations, "_make_next"),
            (generations, "versions"),
        ):
            real = getattr(module, function)

            def killed(*arguments: object, _real: object = real, **named: object) -> object:
                if left[0] == 0:
                    raise Killed
                left[0] -= 1
                return _real(*arguments, **named)  # type: ignore[operator]

            patch.setattr(module, function, killed)
        done = True
        try:
            put(tmp_path, 2)
        except Killed:
            done = False
    assert done is (step == 7)
    Home(tmp_path).recover()
    assert generation(tmp_path) in (1, 2)
    assert read(tmp_path).find_fault() is None
    put(tmp_path, 3)
    assert generation(tmp_path) == 3


def test_a_set_that_was_removed_does_not_come_back(tmp_path: Path) -> None:
    put(tmp_path, 1)
    home = Home(tmp_path)
    home.remove(NAME, ECC)
    home.recover()
    home.recover((NAME, ECC))
    assert home.read(NAME, ECC) is None
    assert (tmp_path / ".versions" / "nas.example.com_ecc" / "1" / f"{NAME}.key").exists()


def test_a_replacement_that_was_killed_does_not_bring_a_removed_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    put(tmp_path, 1)
    with monkeypatch.context() as patch:
        patch.setattr(generations, "_swap", killed)
        with pytest.raises(Killed):
            put(tmp_path, 2)
    home = Home(tmp_path)
    assert generation(tmp_path) == 1
    home.remove(NAME, ECC)
    home.recover()
    assert home.read(NAME, ECC) is None


def test_a_folder_that_acme_sh_made_is_removed_into_the_versions(tmp_path: Path) -> None:
    OLD.write(tmp_path)
    Home(tmp_path).remove(NAME, ECC)
    assert Home(tmp_path).read(NAME, ECC) is None
    assert (tmp_path / ".versions" / "nas.example.com_ecc" / "1" / f"{NAME}.key").exists()
    Home(tmp_path).remove(NAME, ECC)


def test_a_date_is_a_number_of_seconds(tmp_path: Path) -> None:
    OLD.but(next_renewal=NOW).write(tmp_path)
    assert read(tmp_path).next_renewal == instant(NOW)
