"""The script of `completion`, in a real bash: what may be typed next is what the command line takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from forkserver import acmewrap

CASES = {
    "acmewrap do": ["doctor"],
    "acmewrap completion ": ["bash", "zsh", "fish"],
    "acmewrap doctor --fi": ["--fix"],
    "acmewrap upgrade --y": ["--yes"],
    "acmewrap --json pl": ["plan"],
    "acmewrap init --template w": ["web-server"],
    "acmewrap revoke nas --reason ": ["0", "1", "3", "4", "5"],
    "acmewrap upgrade --to 3.1.1": ["3.1.1"],
    "acmewrap plan --only n": ["nas"],
    "acmewrap issue n": ["nas"],
    "acmewrap revoke n": ["nas"],
    "acmewrap replace n": ["nas"],
    "acmewrap issue --config closed.yaml n": [],
    "acmewrap plan --timeout ": [],
    "acmewrap version --only": [],
    "acmewrap --config m": ["mine.yaml"],
    "acmewrap pin m": ["mine.yaml"],
    "acmewrap run --authority i": ["internal"],
}
TEXT = """\
authorities: {internal: {server: "https://ca.internal.test/dir"}}
certificates: {nas: {domains: [nas.internal.test], challenge: {webroot: /var/www}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a configuration, one that makes no sense, a file, and the program."""
    (tmp_path / "acmewrap.yaml").write_text(TEXT, encoding="ascii")
    (tmp_path / "closed.yaml").write_text("no: configuration\n", encoding="ascii")
    (tmp_path / "mine.yaml").touch()
    program = tmp_path / "bin" / "acmewrap"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m acmewrap "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


@pytest.fixture(scope="module")
def script() -> str:
    return acmewrap("completion", "bash").stdout


@pytest.mark.parametrize("typed", CASES)
def test_bash_completes_what_was_typed(folder: Path, script: str, typed: str) -> None:
    shown = complete(folder, script, typed)
    assert set(CASES[typed]) <= set(shown)
    assert CASES[typed] or shown == []


def complete(folder: Path, script: str, typed: str) -> List[str]:
    program = (
        f"{script}\n"
        'COMP_LINE="$1" COMP_POINT=${#1} COMP_TYPE=9\n'
        '_python_argcomplete acmewrap\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-eu", "-c", program, "bash", typed],
        cwd=str(folder),
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout.split()
