"""Which acme.sh asks the authority early, and where; how it then asks is in ``tests/e2e/test_polls.py``."""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import List, Optional

import pytest

from acmewrap.config.challenges import Webroot
from acmewrap.config.model import Poll
from acmewrap.driver.acmesh import AcmeSh
from acmewrap.driver.concealment import poll_places, shell_functions
from acmewrap.driver.process import Command, Completed, OnLine
from acmewrap.driver.release.pin import manifest, releases
from acmewrap.system import resources


@dataclass
class Reading:
    """Runs nothing, and keeps what bash would read first."""

    functions: List[str] = field(default_factory=list)

    def run(self, command: Command, on_line: Optional[OnLine] = None) -> Completed:
        del on_line
        self.functions.append(Path(command.environment["BASH_ENV"]).read_text(encoding="ascii"))
        return Completed(command, 1, (), 0.0)

    def cancel(self) -> None:
        """Nothing."""


def places(program: Path, home: Path, poll: Poll = "early", verb: str = "issue") -> str:
    runner = Reading()
    acme = AcmeSh(program, home, server="https://ca.test/dir", runner=runner, poll=poll, verify=False)
    if verb == "issue":
        acme.issue(["nas.example.test"], [Webroot(Path("/srv/web"))])
    else:
        acme.revoke("nas.example.test")
    match = re.match(
        r".*^_acmewrap_polls='(.*?)' _acmewrap_deadline=600$", runner.functions[0], re.DOTALL | re.MULTILINE
    )
    assert match is not None
    return match[1]


@pytest.mark.parametrize("version", releases())
def test_of_every_pinned_release_it_is_known_where_it_waits(version: str) -> None:
    known = poll_places(manifest(version)["acme.sh"])
    assert re.fullmatch(r"waittimes:\d{4}( _link_cert_retry:\d{4}){2,4}", known)
    assert version in [
        line.split("  ")[1] for line in resources.read_text("vendor/polls").splitlines() if known in line
    ]


def test_one_that_is_not_known_waits_by_itself_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    program = tmp_path / "acme.sh"
    program.mkdir()
    (program / "acme.sh").write_text("VER=9.9.9\n", encoding="ascii")
    with caplog.at_level(logging.INFO):
        assert places(program, tmp_path / "home") == ""
    assert "asks again every 2 s" in caplog.text


def test_what_is_known_counts_by_content_and_not_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "acme.sh"
    program.mkdir()
    (program / "acme.sh").write_text("VER=9.9.9\n", encoding="ascii")
    digest = hashlib.sha256(b"VER=9.9.9\n").hexdigest()
    monkeypatch.setattr(resources, "read_text", with_row(f"{digest}  9.9.9  waittimes:7\n"))
    assert places(program, tmp_path / "home") == "waittimes:7"
    assert places(program, tmp_path / "home", poll="acme.sh") == ""
    assert places(program, tmp_path / "home", verb="revoke") == ""


@pytest.mark.parametrize(("polls", "spared"), [("waittimes:7", True), ("", False)])
def test_only_a_release_that_is_known_is_spared_its_programs(tmp_path: Path, polls: str, spared: bool) -> None:
    text = Path(shell_functions(tmp_path, polls=polls)["BASH_ENV"]).read_text(encoding="ascii")
    assert text.endswith(resources.read_text("templates/builtins.sh")) is spared


def test_how_it_works_names_all_that_is_replaced() -> None:
    text = resources.read_text("templates/builtins.sh")
    page = (Path(__file__).parents[3] / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    names = re.search(r"names='([^']*)'", text)
    assert names is not None
    for name in (*names[1].split(), *re.findall(r"^([a-z]+)\(\)", text, re.MULTILINE), "_send_signed_request"):
        assert f"`{name}`" in page


def with_row(row: str, read: object = resources.read_text) -> object:
    assert callable(read)
    return lambda path: read(path) + (row if path == "vendor/polls" else "")
