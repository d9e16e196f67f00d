"""What `make dist` and `make release` build: the same bytes from the same commit, and a release only where one may be made."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Dict, Mapping

import pytest

from published import Publisher

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n{unreleased}## [0.1.0] - 2026-12-01\n\n{section}"


def load(folder: Path = REPOSITORY) -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("release", folder / ".ci" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_dependency_of_a_release_is_pinned_by_its_sum() -> None:
    names = {name.lower() for name, *_ in load().PIN.findall((REPOSITORY / ".ci/pyz.txt").read_text(encoding="utf-8"))}
    assert names == {"argcomplete", "jinja2", "markupsafe", "pyyaml", "sh"}
    for file in ("pyz.txt", "release.txt"):
        text = (REPOSITORY / ".ci" / file).read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert [line for line in lines if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_the_bill_of_materials_names_what_the_one_file_holds() -> None:
    bill = load().bill_of_materials("1.2.3", 86400)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert bill["metadata"]["timestamp"] == "1970-01-02T00:00:00Z"
    assert bill["metadata"]["component"]["purl"] == "pkg:pypi/acmewrap@1.2.3"
    assert {part["purl"].partition("@")[0] for part in bill["components"]} == {
        f"pkg:pypi/{name}" for name in ("argcomplete", "jinja2", "markupsafe", "pyyaml", "sh")
    }
    assert all(part["hashes"][0]["content"] and part["licenses"] for part in bill["components"])
    assert set(bill["dependencies"][0]["dependsOn"]) == {part["bom-ref"] for part in bill["components"]}
    assert load().bill_of_materials("1.2.3", 86400) == bill


def commit(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    who = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *words], cwd=str(folder), env={**os.environ, **who}, check=True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"CHANGELOG.md": "# Changelog\n"}, "CHANGELOG.md says nothing under: ## [0.1.0] - YYYY-MM-DD"),
        ({"CHANGELOG.md": CHANGELOG.format(unreleased="", section="")}, "CHANGELOG.md says nothing under"),
        ({"CHANGELOG.md": CHANGELOG.format(unreleased="- More.\n\n", section="- All.\n")}, "entries under Unreleased"),
        ({"pyproject.toml": "https://github.com/OWNER/acmewrap"}, "OWNER"),
    ],
)
def test_a_release_is_made_of_a_commit_that_says_what_it_is(
    change: Dict[str, str], problem: str, tmp_path: Path
) -> None:
    script = (REPOSITORY / ".ci/release.py").read_text(encoding="utf-8")
    good = {
        ".gitignore": "__pycache__/\n",
        ".ci/release.py": script,
        "acmewrap/__init__.py": '__version__ = "0.1.0"\n',
        "pyproject.toml": "",
        "CHANGELOG.md": CHANGELOG.format(unreleased="", section="- All.\n"),
    }
    commit(tmp_path, {**good, **change})
    module = load(tmp_path)
    found = list(module.find_problems(module.read_version()))
    assert [problem in one for one in found] == ([True] if problem else [])
    (tmp_path / "more").touch()
    assert any("not committed" in one for one in module.find_problems("0.1.0"))


def test_a_signature_that_self_update_would_refuse_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    module, publisher = load(), Publisher(tmp_path / "key")
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{'0' * 64}  acmewrap.pyz\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="self-update would refuse"):
        module.sign(sums, publisher.folder / "key")
    assert not Path(f"{sums}.sig").exists()
    monkeypatch.setattr(module, "SIGNERS", publisher.signers)
    module.sign(sums, publisher.folder / "key")
    assert Path(f"{sums}.sig").read_text(encoding="ascii").startswith("-----BEGIN SSH SIGNATURE-----")
    assert "PRIVATE" not in capfd.readouterr().out


@pytest.mark.slow
def test_the_same_commit_gives_the_same_bytes_in_two_folders(
    tmp_path: Path, machine_environment: Mapping[str, str]
) -> None:
    sums = []
    for name in ("one", "another-folder"):
        folder = tmp_path / name
        subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(folder)], check=True)
        words = [sys.executable, str(folder / ".ci" / "release.py")]
        done = subprocess.run(words, env=dict(machine_environment), check=True, stdout=subprocess.PIPE, text=True)
        lines = [line for line in done.stdout.splitlines() if re.match("[0-9a-f]{64}  ", line)]
        for digest, file in (line.split("  ") for line in lines):
            assert hashlib.sha256((folder / "dist" / file).read_bytes()).hexdigest() == digest
        sums.append(lines)
        bill = json.loads((folder / "dist/acmewrap.cdx.json").read_text(encoding="utf-8"))
        assert bill["bomFormat"] == "CycloneDX"
    assert sums[0] == sums[1]
    assert len(sums[0]) == 4


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, machine_environment: Mapping[str, str]) -> Path:
    """A clone with all filled in that a release waits for, released."""
    folder = tmp_path_factory.mktemp("released") / "clone"
    publisher = Publisher(tmp_path_factory.mktemp("key"))
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(folder)], check=True)
    version = load(folder).read_version()
    commit(
        folder,
        {
            "CHANGELOG.md": CHANGELOG.format(unreleased="", section="- All.\n").replace("0.1.0", version),
            "pyproject.toml": (folder / "pyproject.toml").read_text(encoding="utf-8").replace("OWNER", "example"),
            "vendor/allowed_signers": publisher.signers.read_text(encoding="utf-8"),
        },
    )
    words = [sys.executable, str(folder / ".ci" / "release.py"), "--key", str(publisher.folder / "key")]
    subprocess.run(words, env=dict(machine_environment), check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.mark.slow
def test_a_release_is_verified_as_its_manual_says_and_believed_by_its_own_build(released: Path) -> None:
    manual = (REPOSITORY / "docs/releasing.md").read_text(encoding="utf-8")
    (verify,) = re.findall(r"^(?:ssh-keygen -Y verify|sha256sum --check) .*\n(?:sha256sum .*)", manual, re.MULTILINE)
    dist = released / "dist"
    commands = f"set -e; cp ../vendor/allowed_signers .\n{verify}"
    subprocess.run(["sh", "-c", commands], cwd=str(dist), check=True, stdout=subprocess.DEVNULL)
    program = dist / "acmewrap.pyz"
    words = [sys.executable, "-IB", str(program), "--json", "self-update", "--from", str(program)]
    done = subprocess.run(words, env={"PATH": os.defpath, "HOME": "/proc/self"}, check=True, stdout=subprocess.PIPE)
    assert json.loads(done.stdout)["changed"] is False


@pytest.mark.slow
def test_the_bill_of_materials_is_valid_in_its_format(released: Path) -> None:
    cyclonedx = pytest.importorskip("cyclonedx.validation.json", reason="comes with `.ci/prepare slow`")
    from cyclonedx.schema import SchemaVersion

    text = (released / "dist/acmewrap.cdx.json").read_text(encoding="utf-8")
    assert cyclonedx.JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    assert cyclonedx.JsonStrictValidator(SchemaVersion.V1_5).validate_str(text.replace("SHA-256", "SHA")) is not None
