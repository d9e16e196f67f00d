"""SIGKILL, which no program can answer: whatever it cuts off, the next run ends well, and nobody sees half of a certificate."""

from __future__ import annotations

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterable, List, Tuple

import pytest

from acmewrap.driver.homes.home import Home
from acmewrap.pki import x509
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import PASSWORD, Machine

NAME = "nas.internal.test"
FIRST = 0.3  # of the points lie in the very first issue, the others in a renewal of what is served already


class Reader:
    """Polls the installed pair, as a web server's reload does: through one resolved folder, at any time."""

    def __init__(self, home: Path) -> None:
        self.looks = 0
        self.problems: List[str] = []
        self._folder = home / f"{NAME}_ecc"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._poll)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _poll(self) -> None:
        before: Tuple[bytes, ...] = ()
        while not self._ended.wait(0.002):
            folder = self._folder.resolve()
            if not folder.exists():
                continue  # nothing was ever issued
            try:
                found = tuple((folder / name).read_bytes() for name in (f"{NAME}.cer", "fullchain.cer", f"{NAME}.key"))
                if found != before:
                    before, (leaf, full) = found, (x509.parse_pem(text)[0] for text in found[:2])
                    belong = x509.key_matches(found[2], leaf) and full == leaf
                if not belong:
                    self.problems.append(f"{folder}: key and certificate do not belong together")
            except (OSError, ValueError) as error:
                self.problems.append(f"{folder}: {error}")
            self.looks += 1


def kill(machine: Machine, words: List[str], lines: int, delay: float) -> bool:
    """Start acmewrap, kill it after it has printed so many *lines*; False when it ended before that."""
    with machine.start("--verbose", *words) as process:
        assert process.stdout is not None
        for _ in range(lines):
            if not process.stdout.readline():
                break
        time.sleep(delay)
        process.kill()
        process.communicate(timeout=60)
    return process.returncode == -9


def recover(machine: Machine) -> None:
    """The next run, and what must hold after it."""
    done = machine.run("apply")
    assert done.returncode == 0, done
    assert machine.served() == machine.on_disk()
    stored = Home(machine.folder / ".acme.sh").read(NAME, True)
    assert stored is not None
    assert stored.find_fault() is None


def wait_for_orphans(machine: Machine) -> None:
    """An acme.sh whose acmewrap is gone ends when it says the next thing, at the latest."""
    deadline = time.monotonic() + 60
    while machine.processes():
        assert time.monotonic() < deadline, machine.processes()
        time.sleep(0.05)


def play(machine: Machine, numbers: Iterable[int], points: int) -> int:
    """Kill at each of the points *numbers* of all *points*, and recover. Returns how often that went well."""
    first = int(points * FIRST)
    home = machine.folder / ".acme.sh"
    whole = machine.run("--verbose", "apply")
    assert whole.returncode == 0, whole
    lines = len(whole.stdout.splitlines()) - 5  # the last ones are said when all is done
    recovered = 0
    for number in numbers:
        if number < first:
            wait_for_orphans(machine)
            shutil.rmtree(str(home))
        words = ["apply"] if number < first else ["apply", "--force"]
        spread = number / first if number < first else (number - first) / (points - first)
        with Reader(home) as reader:
            assert kill(machine, words, 1 + int(lines * spread), number % 4 * 0.03)
            recover(machine)
        assert reader.problems == []
        assert reader.looks > 0
        recovered += 1
    wait_for_orphans(machine)
    assert machine.run("cron").stdout == "Nothing to do.\n"
    return recovered


@pytest.mark.parametrize("points", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_every_kill_is_followed_by_a_recovery_and_no_reader_sees_a_pair_that_does_not_match(
    points: int, tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    lanes = max(1, points // 10)

    def lane(part: int) -> int:
        with DsmSimulator(password=PASSWORD) as nas:
            machine = Machine(tmp_path / str(part), acme_sh_311, pebble, webserver, nas)
            return play(machine, range(part, points, lanes), points)

    with ThreadPoolExecutor(lanes) as pool:
        assert sum(pool.map(lane, range(lanes))) == points
