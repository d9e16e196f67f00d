"""What a stranger relies on besides the code: workflows whose actions cannot change, one version, a README of two screens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict

import pytest
import yaml

from acmewrap import __version__

REPOSITORY = Path(__file__).resolve().parent.parent.parent
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_its_actions_are_pinned_by_commit(path: Path) -> None:
    workflow: Dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert True in workflow or "on" in workflow  # YAML 1.1 takes the word for a boolean
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    actions = [step["uses"] for step in steps if "uses" in step]
    assert [one for one in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one)] == []
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    made = {word for step in steps for word in re.findall(r"^make ([a-z-]+)$", step.get("run", ""))}
    assert made <= targets


def test_the_tests_run_on_every_python_that_is_promised() -> None:
    workflow = yaml.safe_load(read(".github/workflows/tests.yml"))
    promised = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', read("pyproject.toml"))
    assert workflow["jobs"]["python"]["strategy"]["matrix"]["python"] == promised
    assert f'requires-python = ">={promised[0]}"' in read("pyproject.toml")


def test_the_version_stands_in_one_place() -> None:
    assert f'__version__ = "{__version__}"' in read("acmewrap/__init__.py")
    assert not re.search(r'^version = "', read("pyproject.toml"), re.MULTILINE)


def test_the_readme_fits_on_two_screens() -> None:
    assert len(read("README.md").splitlines()) <= 90


def test_the_recording_loads_nothing_from_elsewhere() -> None:
    links = set(re.findall(r"https?://[^\"' <]+", read("docs/demo.svg"))) - {"http://www.w3.org/2000/svg"}
    assert {one for one in links if not one.startswith(("http://localhost", "https://localhost"))} == set()
    assert "proven: a second apply ended with 0 and did nothing" in read("docs/demo.svg")


def test_every_target_that_make_help_tells_of_is_there() -> None:
    makefile = read("Makefile")
    told = set(re.findall(r'@echo "make ([a-z-]+) ', makefile))
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split())  # type: ignore[union-attr]
    assert told <= phony
    assert {"demo", "test", "dist", "release", "docs", "coverage", "mutation"} <= told
