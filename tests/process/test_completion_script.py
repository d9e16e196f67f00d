"""The script for bash, run by bash."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List

import pytest

from acmewrap.cli import completion

CASES = {
    "acmewrap do": ["doctor"],
    "acmewrap completion ": ["bash", "zsh", "fish"],
    "acmewrap doctor --fi": ["--fix"],
    "acmewrap upgrade --y": ["--yes"],
    "acmewrap --json pl": ["plan"],
    "acmewrap init --template w": ["web-server"],
    "acmewrap revoke nas --reason ": ["0", "1", "3", "4", "5"],
    "acmewrap plan --timeout ": [],
}


@pytest.mark.parametrize("typed", CASES)
def test_bash_completes_what_was_typed(typed: str) -> None:
    assert set(CASES[typed]) <= set(complete(typed))
    assert typed != "acmewrap plan --timeout " or complete(typed) == []


def complete(typed: str) -> List[str]:
    words = typed.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    program = (
        f"{completion.script('bash')}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
        '_acmewrap; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-eu", "-c", program], stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.split()


def test_bash_completes_files_where_one_is_expected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "mine.yaml").touch()
    monkeypatch.chdir(folder)
    assert complete("acmewrap --config m") == ["mine.yaml"]
