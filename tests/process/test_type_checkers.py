"""What type checkers say to those who use the package: each mistake is reported, and nothing else, by mypy and by pyright."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Mapping, Set, Tuple

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CONSUMER = REPOSITORY / "tests/consumer"
Places = Set[Tuple[str, int]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The consumer's modules, and every Python example of the manual as a module of its own."""
    folder = tmp_path_factory.mktemp("project") / "consumer"
    shutil.copytree(str(CONSUMER), str(folder), ignore=shutil.ignore_patterns("__pycache__"))
    for document in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))):
        found = re.findall(r"^```python\n(.*?)^```$", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for number, text in enumerate(found):
            name = re.sub(r"\W", "_", f"{document.stem}_{number}")
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def marked(project: Path) -> Places:
    lines = (project / "mistakes.py").read_text(encoding="utf-8").splitlines()
    return {("mistakes.py", number) for number, line in enumerate(lines, 1) if "# MISTAKE" in line}


def mypy(project: Path, cache: Path) -> Mapping[Tuple[str, int], str]:
    words = [
        "--strict",
        "--config-file=",
        f"--cache-dir={cache / 'mypy'}",
        "--no-error-summary",
        "--hide-error-context",
    ]
    done = start(project, "-m", "mypy", *words, *sorted(path.name for path in project.glob("*.py")))
    found = re.finditer(r"^(\S+?):(\d+): error: (.*)$", done, re.MULTILINE)
    return {(match[1], int(match[2])): match[3] for match in found}


def pyright(project: Path, _: Path) -> Mapping[Tuple[str, int], str]:
    settings = {"include": ["."], "typeCheckingMode": "standard", "venvPath": "", "reportMissingModuleSource": False}
    (project / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    done = json.loads(start(project, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable))
    found: List[Dict[str, object]] = done["generalDiagnostics"]
    return {
        (Path(str(one["file"])).name, one["range"]["start"]["line"] + 1): str(one["message"])  # type: ignore[index]
        for one in found
        if one["severity"] == "error"
    }


def start(folder: Path, *words: str) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, check=False, stdout=subprocess.PIPE, text=True
    ).stdout


@pytest.mark.parametrize("check", [mypy, pytest.param(pyright, marks=pytest.mark.slow)], ids=["mypy", "pyright"])
def test_each_mistake_is_reported_and_nothing_else(check: object, project: Path, cache: Path) -> None:
    assert callable(check)
    found = check(project, cache)
    assert set(found) == marked(project), found
    assert len(marked(project)) == 5
