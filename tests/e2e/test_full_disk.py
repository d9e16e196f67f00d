"""A file system that is full, from the beginning of a run or somewhere in it: what was there stays, and the next run heals."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from acmewrap.config import load
from acmewrap.driver.homes.home import Home
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from acmewrap.verify import local_files
from provisioned import HEAD, Machine

NAME = "nas.internal.test"
CERTIFICATES = """\
certificates:
  nas:
    domains: [nas.internal.test]
    challenge: {{webroot: "{webroot}"}}
    deploy: {{web: {{install: {{key_file: tls/key.pem, fullchain_file: tls/full.pem}}, verify: no}}}}
"""
PAGE = 4096
FREE = (*range(12), 16, 20, 24, 28, 32, 40, 48, 64, 96)  # pages


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def nearly_full(folder: Path, pages: int) -> Iterator[None]:
    """All but so many *pages* are taken meanwhile."""
    filler = folder / "filler"
    with open(str(filler), "wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(b"x" * PAGE)
    os.truncate(str(filler), filler.stat().st_size - pages * PAGE)
    try:
        yield
    finally:
        filler.unlink()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system of its own")
def test_what_was_there_stays_while_the_disk_is_full_and_the_next_run_heals(
    small: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    machine = Machine(small / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    machine.configure(HEAD + CERTIFICATES)
    done = machine.run("apply")
    assert done.returncode == 0, done
    (_, target), *_ = load(machine.folder / "acmewrap.yaml").targets()
    assert target.install is not None

    def stored() -> str:
        found = Home(machine.folder / ".acme.sh").read(NAME, True)
        assert found is not None
        assert found.leaf is not None
        assert found.find_fault() is None
        return found.leaf.sha256

    failed = 0
    for pages in FREE:
        before = stored()
        with nearly_full(small, pages):
            done = machine.run("apply", "--force")
            seen = local_files.read(target.install)
            assert (seen.error, seen.served in (before, stored())) == (None, True)
        if done.returncode != 0:
            failed += 1
            assert "[disk.full]" in done.stdout + done.stderr, (pages, done)
        assert "Traceback" not in done.stdout + done.stderr
        done = machine.run("apply")
        assert done.returncode == 0, (pages, done)
        assert local_files.read(target.install).served == stored()
    assert 10 < failed < len(FREE)
    print(f"{len(FREE)} runs on a disk with 0 to {FREE[-1]} free pages: {failed} failed, all healed by the next one")
