"""What remedies tell to run is run, in a folder that has what they need: it is no mistake to do so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Mapping

import pytest

from place import YAML, make_place
from remedies import VALUES, commands

# What stands for what in a remedy.
FILLED_IN: Mapping[str, str] = {
    "NAME": "nas",
    "DOMAIN": "nas",
    "EVERY": "2h",
    "ARCHIVE": "acme.sh.tar.gz",
    "VERSION": "3.1.4",
}
# Which commands of the catalogue are not run here, and why.
NOT_RUN: Mapping[str, str] = {
    "self-update": "takes the place of a one-file build, which this is not: process/test_self_update",
    "install": "fetches a release: process/test_release_source",
    "pin": "needs an archive of acme.sh: process/test_upgrade_command",
    "init": "asks questions, or names all it needs in options: unit/cli/test_init",
}
# What would be done at an authority or a target is shown instead.
SHOWN = ("apply", "issue", "deploy", "cron", "revoke", "replace", "monitoring")
MISTAKES = {"cli.usage", "internal.unexpected", "certificate.unknown", "cli.not_confirmed", "authority.unknown"}


def test_every_command_of_the_catalogue_can_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = make_place(tmp_path, monkeypatch)
    (place.folder / "acmewrap.yaml").write_text(
        f"{YAML}monitoring: {{ntfy: {{server: 'https://localhost:1', topic: t}}}}\n"
    )
    ran = set()
    for words, id in sorted({words: id for id, words in commands()}.items()):
        name, *rest = (FILLED_IN.get(word, word) for word in words.split())
        if name in NOT_RUN:
            continue
        more = [str(tmp_path / value) for value in VALUES.get(id, ())]
        capsys.readouterr()
        code = place.run("--json", name, *rest, *more, *(["--dry-run"] if name in SHOWN else []))
        document = json.loads(capsys.readouterr().out)
        error = document["error"] or {"id": None}
        assert (id, words, error["id"] in MISTAKES, code == 2) == (id, words, False, False)
        ran.add(name)
    assert ran >= {"apply", "check", "deploy", "doctor", "issue", "plan", "render", "schedule", "status"}
    assert set(NOT_RUN) <= {words.split()[0] for _, words in commands()}


@pytest.mark.slow  # a process; unit/cli/test_output has the words
def test_a_remedy_can_be_copied_and_run_as_it_stands(tmp_path: Path) -> None:
    """Whoever started `python -m acmewrap` need not have `acmewrap` in PATH."""
    argv = [sys.executable, "-m", "acmewrap", "--json", "--config", str(tmp_path / "none.yaml"), "check"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False, env={"PATH": "/usr/bin:/bin"})
    command = re.search("`(.+) init`", json.loads(done.stdout)["error"]["remedy"])
    assert command is not None
    assert (
        subprocess.run(
            ["/bin/sh", "-c", f"{command[1]} init --help"], check=False, stdout=subprocess.DEVNULL
        ).returncode
        == 0
    )
