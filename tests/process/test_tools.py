"""DSM's own commands, as the simulator writes them to a folder, and the channel that root has through them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from acmewrap.errors import CommandError, UnreachableError
from acmewrap.secrets import Secret
from acmewrap.synology import account, certificates
from acmewrap.synology.channel import WebProvisioner
from acmewrap.synology.tasks import Task, TaskScheduler
from acmewrap.synology.tools import Tools, find_tools
from acmewrap.synology.web import ApiError, Client
from acmewrap.system.trust import DSM_TOOLS
from acmewrap.testing.dsm import NAMES, DsmSimulator

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
    assert not [request for request in nas.requests if PASSWORD.reveal() in str(request.parameters)]


def test_what_dsm_refuses_comes_with_its_number(tools: Tools) -> None:
    with pytest.raises(ApiError, match="error 102") as caught:
        tools.call("SYNO.No.Such", "list", 1)
    assert caught.value.code == 102


def test_a_tool_that_refuses_is_told_without_its_words(tools: Tools) -> None:
    with pytest.raises(CommandError, match="synouser: --add: it ended with 1") as caught:
        tools.create_user("boss", PASSWORD)
    assert caught.value.id == "dsm.tool_failed"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__  # its text has the words, and among them a password


def test_a_machine_without_them_is_no_nas(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert find_tools({"PATH": str(folder)}) == f"{folder}:{DSM_TOOLS}"
    assert find_tools({"PATH": str(tmp_path)}) is None
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert find_tools({"PATH": str(folder)}) is None


@pytest.mark.parametrize(
    "version", [pytest.param(one, marks=() if one in (NAMES[0], NAMES[-1]) else pytest.mark.slow) for one in NAMES]
)
def test_each_version_answers_to_its_own_tools(version: str, tmp_path: Path) -> None:
    with DsmSimulator(version, account="boss", password="the password of the boss") as box:
        tools = Tools(str(box.write_tools(tmp_path / "tools")), box.url)
        account.ensure(tools, NAME, PASSWORD)
        assert account.read(tools, NAME) == ()
        task = Task("acmewrap test", NAME, "true", 4, 55)
        assert TaskScheduler(tools).ensure(task).owner == NAME
        assert box.state.users[NAME].cannot_change_password


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda box: box.change(reset_must_change=True), 410),
        (lambda box: setattr(box.state, "otp_policy", "admin"), 406),
        (lambda box: box.change(adaptive_mfa=True), 403),
    ],
)
def test_a_policy_that_leaves_an_account_half_made_is_named_and_the_next_run_ends_it(
    change: Callable[[DsmSimulator], object], code: int, tmp_path: Path
) -> None:
    with DsmSimulator(account="boss", password="the password of the boss") as box:
        tools = Tools(str(box.write_tools(tmp_path / "tools")), box.url)
        change(box)
        with pytest.raises(ApiError, match=str(code)) as caught:
            tools.create_user(NAME, PASSWORD)
        assert (caught.value.id, caught.value.code) == ("dsm.account_unfinished", code)
        assert NAME in caught.value.remedy
        box.change(reset_must_change=False, adaptive_mfa=False)
        box.state.otp_policy = "none"
        tools.set_password(NAME, PASSWORD)
        with Client(box.url, NAME, PASSWORD):
            pass


def test_permissions_that_want_a_confirmed_password_get_one() -> None:
    with DsmSimulator("7.3", account="boss", password="the password of the boss") as box:
        with Client(box.url, "boss", Secret("the password of the boss")) as client:
            account.ensure(WebProvisioner(client), NAME, PASSWORD)
            assert account.read(WebProvisioner(client), NAME) == ()
        assert box.state.shares["photo"].permissions[NAME] == "NA"


@pytest.mark.parametrize(
    "call",
    [
        "SYNO.Core.User.create",
        "SYNO.Core.Group.Member.add",
        "SYNO.Core.Share.Permission.set_by_user_group",
        "SYNO.Core.AppPriv.Rule.set",
    ],
)
def test_a_change_of_the_account_whose_answer_is_lost_is_read_back(call: str) -> None:
    with DsmSimulator(account="boss", password="the password of the boss") as box:
        fault = box.fail(call, "reply_lost")
        with Client(box.url, "boss", Secret("the password of the boss")) as client:
            account.ensure(WebProvisioner(client), NAME, PASSWORD)
            assert account.read(WebProvisioner(client), NAME) == ()
        assert fault.hits == 1
        sent = [(one.name, str(one.parameters)) for one in box.writes]
        assert len(sent) == len(set(sent))


def test_a_redirect_is_not_followed_and_its_error_says_what_to_write() -> None:
    with DsmSimulator(account="boss", password="the password of the boss") as box:
        box.change(redirects=True)
        with pytest.raises(UnreachableError) as caught, Client(box.url, "boss", Secret("x")):
            pass
        assert (caught.value.id, box.requests, box.logins) == ("dsm.redirected", [], [])
        assert box.https_url in caught.value.remedy
        digest = box.served.fingerprint.upper()
        assert ":".join(digest[at : at + 2] for at in range(0, 64, 2)) in str(caught.value)
