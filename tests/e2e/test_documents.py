"""The manual: every YAML block is loaded, every command line parsed, and what a guide tells to run is run."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

import configuration_manual
from acmewrap import config as configuration
from acmewrap.cli import parser
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from forkserver import forkserver
from guides import DOCUMENTS, REPOSITORY, Block, blocks, commands
from provisioned import Machine


def named(block: Block) -> str:
    return f"{block.document.stem}: {block.text.splitlines()[0]}"


def test_the_reference_is_what_the_table_says() -> None:
    page = (REPOSITORY / "docs/configuration.md").read_text(encoding="utf-8")
    assert page == configuration_manual.document(), "write it anew: the page itself says how"


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.parametrize("block", blocks("yaml"), ids=named)
def test_every_file_that_is_shown_has_no_problems(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "acmewrap.yaml"
    file.write_text(block.text, encoding="utf-8")
    assert configuration.load(file, {"HOME": str(tmp_path)}).certificates


@pytest.mark.parametrize("block", blocks("sh"), ids=named)
def test_every_command_line_that_is_shown_parses(block: Block) -> None:
    for words in commands(block.text):
        assert parser.parse(words).command == next(word for word in words if not word.startswith("-"))
    subprocess.run(["bash", "-n"], input=block.text.encode(), check=True)


@pytest.mark.parametrize("block", blocks("python"), ids=named)
def test_every_python_block_is_python(block: Block) -> None:
    ast.parse(block.text)


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> Iterator[Machine]:
    with DsmSimulator(password="simulated") as nas:
        yield Machine(tmp_path_factory.mktemp("documents") / "machine", acme_sh_311, pebble, webserver, nas)


class Reader:
    """Somebody who follows a guide, on this machine instead of their own."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.places = {
            "https://pki.internal.example.com/acme/directory": machine.pebble.directory_url,
            "http://localhost:5000": machine.nas.url,
            "/var/lib/letsencrypt": str(machine.web.root),
            "/var/www/html": str(machine.web.root),
            "nas.internal.example.com:5001": (
                f"{{host: 127.0.0.1, port: {machine.nas.https_port}, name: nas.internal.example.com}}"
            ),
        }
        (folder / "src").mkdir(parents=True)
        (folder / "src/acme.sh").symlink_to(machine.program)
        (folder / "ca.crt").write_bytes(machine.pebble.ca_bundle.read_bytes())
        (folder / "dsm.password").write_text(machine.nas.password, encoding="utf-8")
        (folder / "dsm.password").chmod(0o600)
        table = folder / "table"
        machine.tool("crontab", f"if [ $1 = -l ]; then cat {table} || echo no crontab >&2; else cat >{table}; fi")

    def here(self, text: str) -> str:
        for place, stands_for in self.places.items():
            text = text.replace(place, stands_for)
        return text

    def follow(self, name: str) -> None:
        """Run what the guide *name* marks as to be run; its first file is written before."""
        document = REPOSITORY / "docs" / name
        shown = [block for block in blocks("yaml", "sh") if block.document == document]
        config = self.folder / "acmewrap.yaml"
        config.write_text(self.here(next(block.text for block in shown if block.kind == "yaml")), encoding="utf-8")
        for block in shown:
            for words in commands(self.here(block.text)) if block.runs else ():
                here = ["--address", "127.0.0.1", "--http-port", str(self.machine.web.port)]
                more = here if words[0] == "doctor" else []
                done = forkserver().run([*words, *more], self.machine.environment, str(self.folder))
                assert done.returncode == 0, f"{' '.join(words)}\n{done}"

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Python in the reader's folder."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=str(self.folder),
            env=self.machine.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def test_the_guide_for_a_nas_works_and_then_the_python_that_is_shown(machine: Machine, tmp_path: Path) -> None:
    reader = Reader(machine, tmp_path / "reader")
    reader.follow("guide-synology.md")
    assert machine.served() == machine.on_disk("nas.internal.example.com", str(reader.folder / ".acme.sh"))
    (reader.folder / "broken.yaml").write_text("jobs: none\n", encoding="utf-8")
    for block in blocks("python"):
        if block.document.name == "python-api.md":
            # AcmeSh looks for programs where a fresh machine has them; acme.sh would sleep for real there.
            text = block.text.replace("    ca_bundle=", f"    path={machine.environment['PATH']!r},\n    ca_bundle=")
            done = reader.start("-c", reader.here(text))
            assert done.returncode == 0, f"{block.text}\n{done.stdout}"
            assert "Failure" not in done.stdout
    assert (reader.folder / ".acme.sh/www.internal.example.com_ecc/fullchain.cer").exists()
