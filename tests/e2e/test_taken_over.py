"""What an earlier acmewrap left behind (tests/homes, made by its own `apply`) is taken over as it is; a later one's is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest

from acmewrap import Job, cli, load
from acmewrap.testing.dsm import IMPORT, DsmSimulator, Task
from acmewrap.testing.dsm.openssl import read_certificate
from acmewrap.testing.dsm.store import StoredCertificate

HOMES = Path(__file__).resolve().parent.parent / "homes"
PASSWORD = "simulated"
CERTIFICATE = ".acme.sh/nas.internal.test_ecc/nas.internal.test.cer"


class Recorded:
    """A machine as it was recorded: its folder, its crontab, and its NAS, which serves the certificate in the home."""

    def __init__(self, source: Path, folder: Path, program: Path, nas: DsmSimulator) -> None:
        self.folder = folder
        self.nas = nas
        self.words = {
            "@FOLDER-NAME@": str(folder).strip("/").replace("/", "-"),
            "@FOLDER@": str(folder),
            "@PYTHON@": sys.executable,
            "@PACKAGE@": "/srv/acmewrap",
            "@NAS@": nas.url,
            "@NAS_PORT@": str(nas.http_port),
            "@PORT@": str(nas.https_port),
        }
        shutil.copytree(str(source), str(folder), symlinks=True)
        recorded = json.loads(self._filled(folder / "recorded.json"))
        (folder / "recorded.json").unlink()
        for name, mode in recorded["modes"].items():
            path = folder / name
            if path.is_file():
                path.write_text(self._filled(path), encoding="utf-8")
            path.chmod(int(mode, 8))
        (folder / "src").mkdir()
        (folder / "src/acme.sh").symlink_to(program)
        self._restore(recorded["nas"])

    def _filled(self, path: Path) -> str:
        text = path.read_text(encoding="utf-8")
        for word, value in self.words.items():
            text = text.replace(word, value)
        return text

    def _restore(self, recorded: Any) -> None:
        files = self.folder / ".acme.sh/nas.internal.test_ecc"
        key, leaf, chain = (
            (files / name).read_bytes() for name in ("nas.internal.test.key", Path(CERTIFICATE).name, "ca.cer")
        )
        state, id = self.nas.state, recorded["entry"]["id"]
        with state.lock:
            entry = StoredCertificate(id, recorded["entry"]["description"], key, leaf, chain, read_certificate(leaf))
            state.certificates.entries[id] = entry
            assert recorded["default"]
            state.certificates.make_default(id)
            for service in state.certificates.services:
                if recorded["services"].get(service.name):
                    service.certificate = id
            state.tasks = {task["id"]: Task(**task) for task in recorded["tasks"]}
            self.nas._https.restart(0)

    def run(self, *words: str) -> int:
        return cli.main(["--config", str(self.folder / "acmewrap.yaml"), *words])

    def belongings(self) -> Tuple[str, str]:
        """What must not be made anew: key and certificate, the account at the authority."""
        paths = [*self.folder.glob(".acme.sh/nas.internal.test_ecc/*"), *self.folder.glob(".acme.sh/ca/*/*/*/*")]
        digests = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(paths)]
        return "\n".join(digests), os.readlink(str(self.folder / ".acme.sh/nas.internal.test_ecc"))

    def entries(self) -> List[str]:
        """What starts the scheduled run, wherever it is."""
        lines = (self.folder / "crontab").read_text(encoding="utf-8").splitlines()
        return [*(line for line in lines if " cron " in line), *(task.name for task in self.nas.state.tasks.values())]


@pytest.fixture(params=sorted(path.relative_to(HOMES) for path in HOMES.glob("*/*") if path.is_dir()), ids=str)
def recorded(request: pytest.FixtureRequest, tmp_path: Path, acme_sh_311: Path, fast_sleep: Path) -> Iterator[Recorded]:
    with DsmSimulator(password=PASSWORD) as nas:
        machine = Recorded(HOMES / request.param, tmp_path / "machine", acme_sh_311, nas)
        table = machine.folder / "crontab"
        (fast_sleep / "crontab").write_text(f"#!/bin/sh\ncase $1 in -l) cat {table} ;; *) cat >{table} ;; esac\n")
        (fast_sleep / "crontab").chmod(0o755)
        yield machine


def test_a_home_of_an_earlier_version_is_taken_over_without_a_new_certificate_or_a_second_entry(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    before, entries = recorded.belongings(), recorded.entries()
    assert len(entries) == 1
    assert recorded.run("cron") == 0  # as the entry that is there starts it; nobody answers at the authority's address
    assert capsys.readouterr().out == "Nothing to do.\n"

    plan = Job(load(recorded.folder / "acmewrap.yaml")).plan()
    assert {step.kind for step in plan.steps} == {"render", "schedule"}  # both are written for this version
    assert plan.leftovers == ()
    assert recorded.run("apply") == 0, capsys.readouterr()

    assert recorded.belongings() == before
    assert recorded.nas.calls(IMPORT) == []
    assert len(recorded.entries()) == 1
    assert len(recorded.nas.state.certificates.by_description("acme")) == 1
    capsys.readouterr()
    assert recorded.run("apply") == 0
    assert capsys.readouterr().out == "Nothing to do.\n"
    assert recorded.run("status") == 0
    assert recorded.run("schedule", "remove", "--yes") == 0
    assert recorded.entries() == []


@pytest.mark.parametrize(
    "words", [("apply",), ("cron",), ("plan",), ("check",), ("status",), ("doctor",)], ids=" ".join
)
def test_a_home_of_a_later_version_is_refused_and_stays_as_it_is(
    recorded: Recorded, words: Tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = recorded.folder / ".acme.sh/.ledger.json"
    ledger.write_text(json.dumps({**json.loads(ledger.read_text()), "version": 2, "proofs": {}}), encoding="utf-8")
    before, entries, content = recorded.belongings(), recorded.entries(), ledger.read_bytes()
    assert recorded.run(*words) == 1
    captured = capsys.readouterr()
    said = captured.out if words == ("doctor",) else captured.err  # of doctor it is a finding
    assert "[home.newer]" in said
    assert "What to do: Run that version again, or a later one; nothing was changed in " in said
    assert (recorded.belongings(), recorded.entries(), ledger.read_bytes()) == (before, entries, content)
    assert recorded.nas.writes == []
