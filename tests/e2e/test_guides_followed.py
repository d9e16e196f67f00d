"""The guides followed word for word, on a fresh Debian and a fresh NAS; and their files, which are everywhere the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterable, Mapping

import pytest
import yaml

from acmewrap import cli
from guides import REPOSITORY, commands, guide

GUIDE = "guide-web-server.md"
DIRECTORY = "https://pki.internal.example.com/acme/directory"


def test_the_file_is_that_of_init_and_of_the_examples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shown, *_) = (block.text for block in guide(GUIDE) if block.kind == "yaml")
    (init,) = (words for block in guide(GUIDE) for words in commands(block.text) if words[0] == "init")
    assert cli.main([*init, "--output", str(tmp_path / "acmewrap.yaml")]) == 0
    capsys.readouterr()
    example = (REPOSITORY / "examples/linux-web-server.yaml").read_text(encoding="utf-8")
    for text in (example, (tmp_path / "acmewrap.yaml").read_text(encoding="utf-8")):
        assert yaml.safe_load(text) == yaml.safe_load(shown)


def script_of(name: str, begin: str = "", end: str = "") -> str:
    """What a reader does between two headings, in the order of the page: commands, and files that the words before them name."""
    page = (REPOSITORY / "docs" / name).read_text(encoding="utf-8")
    first, last = page.index(begin), page.index(end) if end else len(page)
    lines = []
    for block in guide(name):
        at = page.index(block.text)
        if not first <= at < last:
            continue
        named = re.search(r"`([^` ]+)`:?\s*```\w+\n\Z", page[:at])
        if block.kind in ("nginx", "yaml") and named is not None:
            lines.append(f"cat >{named[1]} <<'END'\n{block.text}END\n")
        elif block.runs:
            lines.append(block.text)
    return "\n".join(lines).replace(DIRECTORY, "https://localhost:14000/dir")


def play(script: str, folder: Path, environ: Mapping[str, str]) -> Any:
    """Follow what lies in *folder* in namespaces of its own, with the one file that is built as the page says."""
    (folder / "memory").mkdir()
    build = [sys.executable, str(REPOSITORY / ".ci/pyz.py"), str(folder / "acmewrap.pyz")]
    subprocess.run(build, env=dict(environ), check=True, stdout=subprocess.DEVNULL)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/tests/support"}
    words = [sys.executable, str(REPOSITORY / "tests/support" / script), str(folder)]
    subprocess.run(["unshare", "--mount", "--net", *words], env=environment, check=True, timeout=900)
    found = json.loads((folder / "result").read_text(encoding="utf-8"))
    assert found["code"] == 0, found["said"]
    return found


def figures(scripts: Iterable[str], seconds: float) -> str:
    """What somebody types from nothing to proven."""
    typed = [
        line
        for text in scripts
        for line in re.sub(r"\\\n *| <<'END'.*?\nEND", "", text, flags=re.DOTALL).split("\n")
        if line
    ]
    return f"{len(typed)} commands, {sum(map(len, typed))} characters, {seconds:.0f} s"


follows = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and root's own folders")


@pytest.mark.slow
@follows
def test_a_fresh_debian_serves_a_proven_certificate_and_its_timer_renews_it(
    tmp_path: Path, acme_sh_311: Path, machine_environment: Mapping[str, str]
) -> None:
    shutil.copytree(str(acme_sh_311), str(tmp_path / "acme.sh"))
    (tmp_path / "script").write_text(script_of("guide-web-server.md"), encoding="utf-8")
    found = play("fresh_debian.py", tmp_path, machine_environment)
    print(figures([script_of("guide-web-server.md", end="To hear of a run")], found["seconds"]))
    assert "No problems found" in found["said"]
    assert found["verified"] == [0, ""]
    assert found["service"] == [0, ""], found["log"]
    assert found["before"] != found["after"]
    assert found["open"] == "0o600"
    assert set(found["enabled"]) == {"acmewrap-etc-acmewrap-acmewrap.timer"}
    assert found["failure"] == [0, ""]
    assert "To: ops@example.com" in found["mail"]


@pytest.mark.slow
@follows
def test_a_fresh_nas_serves_a_proven_certificate_and_its_task_runs(
    tmp_path: Path, acme_sh_311: Path, machine_environment: Mapping[str, str]
) -> None:
    shutil.copytree(str(acme_sh_311), str(tmp_path / "acme.sh"))
    scripts = {
        "own": script_of("guide-synology.md", "## Five steps", "**4. Run it**"),
        "nas": script_of("guide-synology.md", "**4. Run it**"),
    }
    for name, text in scripts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = play("fresh_nas.py", tmp_path, machine_environment)
    print(
        figures([scripts["own"], script_of("guide-synology.md", "**4. Run it**", "**5. Update it**")], found["seconds"])
    )
    assert "No problems found" in found["said"]
    assert found["served"] == found["stored"]
    assert found["tasks"] == [["certupdater", "ops@example.com"]]
    assert found["task"] == [0, ""], found["log"]
    assert found["log"].endswith("Nothing to do.\n")
