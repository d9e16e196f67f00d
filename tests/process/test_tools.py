"""DSM's own commands, as the simulator writes them to a folder, and the channel that root has through them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from acmewrap.errors import CommandError
from acmewrap.secrets import Secret
from acmewrap.synology import account, certificates
from acmewrap.synology.tools import FOLDERS, Tools, find_tools
from acmewrap.synology.web import ApiError, Client
from acmewrap.testing.dsm import DsmSimulator

NAME, PASSWORD = "certupdater", Secret("A-good.password_1")


@pytest.fixture(scope="module")
def nas() -> Iterator[DsmSimulator]:
    with DsmSimulator(account="boss", password="the password of the boss") as simulator:
        yield simulator


@pytest.fixture
def folder(nas: DsmSimulator, tmp_path: Path) -> Path:
    return nas.write_tools(tmp_path / "tools")


@pytest.fixture
def tools(nas: DsmSimulator, folder: Path) -> Tools:
    return Tools(str(folder), nas.url)


def run(folder: Path, tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(folder / tool), *words], env={}, capture_output=True, text=True, check=False)


def test_they_print_what_dsm_prints_and_end_as_it_does(folder: Path) -> None:
    done = run(folder, "synouser", "--get", "boss")
    assert (done.returncode, done.stderr) == (0, "")
    assert "User Name   : [boss]" in done.stdout.splitlines()
    assert run(folder, "synouser", "--get", "nobody").returncode == 255
    assert "0:[boss]" in run(folder, "synogroup", "--get", "administrators").stdout
    done = run(folder, "synowebapi", "--exec", "api=SYNO.Core.Certificate.CRT", "method=list", "version=1")
    assert len(json.loads(done.stdout)["data"]["certificates"]) == 1
    assert "runner=SYSTEM_ADMIN" in done.stderr


def test_an_account_that_root_makes_can_log_in_and_read_the_certificates(nas: DsmSimulator, tools: Tools) -> None:
    account.ensure(tools, NAME, PASSWORD)
    assert account.read(tools, NAME) == ()
    with Client(nas.url, NAME, PASSWORD) as client:
        assert certificates.read(client) == certificates.read(tools)
    assert nas.state.users[NAME].password == PASSWORD.reveal()
    assert not [one for one in nas.requests if PASSWORD.reveal() in str(one.parameters)]


def test_what_dsm_refuses_comes_with_its_number(tools: Tools) -> None:
    with pytest.raises(ApiError, match="error 102") as caught:
        tools.call("SYNO.No.Such", "list", 1)
    assert caught.value.code == 102


def test_a_tool_that_refuses_is_told_without_its_words(tools: Tools) -> None:
    with pytest.raises(CommandError, match="synouser: --add ended with 1") as caught:
        tools.create_user("boss", PASSWORD)
    assert caught.value.id == "dsm.tool_failed"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__  # its text has the words, and among them a password


def test_a_machine_without_them_is_no_nas(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert find_tools({"PATH": str(folder)}) == f"{folder}:{FOLDERS}"
    assert find_tools({"PATH": str(tmp_path)}) is None
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert find_tools({"PATH": str(folder)}) is None
