"""What is no regular file, or has no end, is an error at once, wherever a file is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Callable, Dict

import pytest

from acmewrap.config.load import load
from acmewrap.config.model import Install
from acmewrap.driver.homes.home import CertificateFiles, Home, read_folder
from acmewrap.driver.homes.staging import stage
from acmewrap.driver.release.pin import pinned
from acmewrap.driver.release.pin import read_folder as read_release
from acmewrap.driver.release.sources import Local
from acmewrap.driver.wrapper_script import read_own
from acmewrap.errors import AcmewrapError
from acmewrap.net import tls
from acmewrap.secrets import FileReference, resolve
from acmewrap.state.ledger import Ledger
from acmewrap.system import reading
from acmewrap.verify import local_files

FIFO = "a FIFO"
ODD: Dict[str, Callable[[Path], None]] = {
    FIFO: os.mkfifo,
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
    "a file of a terabyte": lambda path: os.close(_sparse(path)),
}


def _sparse(path: Path) -> int:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.ftruncate(handle, 2**40)
    return handle


def raises(work: Callable[[], object]) -> str:
    with pytest.raises((AcmewrapError, OSError)) as caught:
        work()
    return str(caught.value)


READERS: Dict[str, Callable[[Path], object]] = {
    "any file": lambda path: raises(lambda: reading.read_bytes(path)),
    "configuration": lambda path: raises(lambda: load(path)),
    "secret": lambda path: raises(lambda: resolve(FileReference(path), {})),
    "CA bundle": lambda path: raises(lambda: tls.trust(str(path))),
    "wrapper": lambda path: raises(lambda: read_own(path)) if path.is_fifo() else None,
    "archive": lambda path: (
        raises(lambda: Local(path).fetch(pinned("3.1.1"), ("acme.sh",))) if path.is_fifo() else None
    ),
    "hook": lambda path: read_release(path.parent, (path.name,)) == {} or pytest.fail("it was read"),
    "ledger": lambda path: Ledger.load(path).names() == (),
    "installed certificate": lambda path: local_files.read(Install(fullchain_file=path)).error,
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("reader", READERS)
def test_whatever_lies_in_the_place_of_a_file_is_said_at_once(reader: str, odd: str, tmp_path: Path) -> None:
    path = tmp_path / "odd"
    ODD[odd](path)
    READERS[reader](path)


@pytest.mark.parametrize("name", ["nas.test.conf", "nas.test.key", "nas.test.cer", "ca.cer", "fullchain.cer"])
def test_a_home_with_a_fifo_in_it_is_read_and_said_to_be_broken(name: str, tmp_path: Path) -> None:
    files = CertificateFiles(tmp_path / "nas.test_ecc", "nas.test")
    files.folder.mkdir()
    if name != "nas.test.conf":
        files.configuration.write_text("Le_Domain='nas.test'\n", encoding="ascii")
    os.mkfifo(files.folder / name)
    stored = read_folder(files, ecc=True)
    assert stored is not None
    assert stored.find_fault() is not None


def test_a_link_to_something_endless_is_not_copied_into_a_workspace(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    (home.path / "nas.test_ecc").mkdir(parents=True, mode=0o700)
    (home.path / "nas.test_ecc" / "more").symlink_to("/dev/zero")
    with stage(home, [("nas.test", True)]) as staging:
        assert list(staging.files_of("nas.test", ecc=True).folder.iterdir()) == []


def test_a_process_that_writes_into_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    """Not even while somebody has it open, and would write one day."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    handle = os.open(path, os.O_RDWR)
    try:
        assert "not a regular file" in raises(lambda: reading.read_bytes(path))
    finally:
        os.close(handle)


def test_what_is_larger_than_the_limit_is_named_with_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(11))
    assert reading.read_bytes(tmp_path / "file", 11) == bytes(11)
    assert "larger than 10 bytes" in raises(lambda: reading.read_bytes(tmp_path / "file", 10))


def test_a_file_that_grows_or_has_no_size_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    real = os.fstat

    def fstat(handle: int) -> os.stat_result:  # as it was before the last bytes came; files in /proc have size 0
        fields = list(real(handle))
        fields[stat.ST_SIZE] = size
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", fstat)
    for given in (0, 4, 10, 99):
        size = given
        assert reading.read_bytes(file) == b"0123456789"
        with pytest.raises(OSError, match="larger than 9 bytes"):
            reading.read_bytes(file, 9)
