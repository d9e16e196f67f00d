"""Real streams that take nothing: a full device, a closed descriptor, a reader that has gone, an encoding without the letter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, Tuple

import pytest

FILE = """\
directory: .
authorities:
  internal: {server: "https://localhost:1/dir", ca_bundle: ca.crt}
certificates:
  nas: {domains: [nas.test], challenge: {webroot: WEB}}
"""
ACMEWRAP = f"{sys.executable} -m acmewrap --config acmewrap.yaml"
# What a shell does with the streams, what the command ends with, what is left on standard error.
REDIRECTIONS: Dict[str, Tuple[str, int]] = {
    "full": (">/dev/full", 74),
    "both full": (">/dev/full 2>&1", 74),
    "closed": (">&-", 0),
    "both closed": (">&- 2>&-", 0),
    "all closed": ("<&- >&- 2>&-", 0),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "acmewrap.yaml").write_text(FILE.replace("WEB", str(tmp_path / "web")), encoding="utf-8")
    (tmp_path / "ca.crt").touch()
    return tmp_path


def shell(folder: Path, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", line],
        cwd=str(folder),
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), **environ},
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )


@pytest.mark.parametrize("name", REDIRECTIONS)
def test_the_work_is_done_whatever_becomes_of_the_output(folder: Path, name: str) -> None:
    where, code = REDIRECTIONS[name]
    done = shell(folder, f"{ACMEWRAP} render {where}")
    assert done.returncode == code, done
    assert (folder / "acme.sh").exists()
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert ("[output.lost]" in done.stderr) == (name == "full")


def test_a_reader_that_has_seen_enough_ends_no_work(folder: Path) -> None:
    done = shell(folder, f"{ACMEWRAP} --verbose render | true")
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "acme.sh").exists()


def test_a_document_that_cannot_be_written_is_no_success(folder: Path) -> None:
    done = shell(folder, f"{ACMEWRAP} --json plan >/dev/full")
    assert done.returncode == 74
    assert "[output.lost]" in done.stderr
