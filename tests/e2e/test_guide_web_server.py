"""The guide to a web server, followed word for word on a fresh Debian; and its file, which is everywhere the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Mapping

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


def as_script() -> str:
    """What a reader does, in the order of the page: commands, and the file that the words before it name."""
    page = (REPOSITORY / "docs" / GUIDE).read_text(encoding="utf-8")
    lines = []
    for block in guide(GUIDE):
        if block.kind == "nginx":
            (file,) = re.findall(r"`(/etc/\S+)`:?\s*\Z", page[: page.index(block.text)].rpartition("```")[0])
            lines.append(f"cat >{file} <<'END'\n{block.text}END\n")
        elif block.runs:
            lines.append(block.text)
    return "\n".join(lines).replace(DIRECTORY, "https://localhost:14000/dir")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and root's own folders")
def test_a_fresh_debian_serves_a_proven_certificate_and_its_timer_renews_it(
    tmp_path: Path, acme_sh_311: Path, machine_environment: Mapping[str, str]
) -> None:
    (tmp_path / "memory").mkdir()
    shutil.copytree(str(acme_sh_311), str(tmp_path / "acme.sh"))
    build = [sys.executable, str(REPOSITORY / ".ci/pyz.py"), str(tmp_path / "acmewrap.pyz")]
    subprocess.run(build, env=dict(machine_environment), check=True, stdout=subprocess.DEVNULL)
    (tmp_path / "script").write_text(as_script(), encoding="utf-8")
    words = [sys.executable, str(REPOSITORY / "tests/support/fresh_debian.py"), str(tmp_path), str(tmp_path / "script")]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/tests/support"}
    subprocess.run(["unshare", "--mount", "--net", *words], env=environment, check=True, timeout=900)
    found = json.loads((tmp_path / "result").read_text(encoding="utf-8"))
    assert found["code"] == 0, found["said"]
    assert "No problems found" in found["said"]
    assert found["verified"] == [0, ""]
    assert found["service"] == [0, ""], found["log"]
    assert found["before"] != found["after"]
    assert found["open"] == "0o600"
    assert found["enabled"] == ["acmewrap-etc-acmewrap-acmewrap.timer"] * len(found["enabled"])
    assert found["failure"] == [0, ""]
    assert "To: ops@example.com" in found["mail"]
    print(f"{found['seconds']:.0f} s")
