from __future__ import annotations

import re
from typing import Callable, Dict, Union

import pytest

from acmewrap.errors import DeployError
from acmewrap.reasons import Deviation
from acmewrap.synology import account
from acmewrap.synology.channel import WebProvisioner, generate_password
from memory import NAME, PASSWORD, Nas, OnBox

Provisioner = Union[WebProvisioner, OnBox]


@pytest.fixture(params=[6, 7])
def nas(request: pytest.FixtureRequest) -> Nas:
    return Nas(request.param)


@pytest.fixture(params=["tools", "web"])
def provisioner(request: pytest.FixtureRequest, nas: Nas) -> Provisioner:
    return OnBox(nas) if request.param == "tools" else WebProvisioner(nas)


def test_an_account_is_made_with_all_that_belongs_to_it_and_nothing_more(nas: Nas, provisioner: Provisioner) -> None:
    assert account.read(provisioner, NAME) is None
    account.ensure(provisioner, NAME, PASSWORD)
    assert account.read(provisioner, NAME) == ()
    user = nas.state.users[NAME]
    assert (user.password, user.expired, user.cannot_change_password) == (PASSWORD.reveal(), "normal", True)
    assert nas.state.groups == {"administrators": ["boss", NAME], "users": ["boss", NAME]}
    permissions = {name: share.permissions.get(NAME, "") for name, share in nas.state.shares.items()}
    assert permissions == {name: "" if name == "homes" else "NA" for name in permissions}
    assert [one for one in nas.state.applications if nas.state.may_use(one, NAME)] == ["SYNO.Desktop"]
    assert all(nas.state.may_use(one, "boss") for one in nas.state.applications)


def test_an_account_that_is_as_it_should_be_is_not_touched(nas: Nas, provisioner: Provisioner) -> None:
    account.ensure(provisioner, NAME, PASSWORD)
    nas.state.requests.clear()
    account.ensure(provisioner, NAME, PASSWORD)
    assert nas.writes == []


CHANGES: Dict[Deviation, Callable[[Nas], object]] = {
    Deviation("disabled"): lambda nas: setattr(nas.state.users[NAME], "expired", "2024/1/31"),
    Deviation("not_administrator"): lambda nas: nas.state.groups["administrators"].remove(NAME),
    Deviation("may_change_password"): lambda nas: setattr(nas.state.users[NAME], "cannot_change_password", False),
    Deviation("locked_out"): lambda nas: nas.state.set_rule("SYNO.Desktop", NAME, allow_ip=[], deny_ip=["0.0.0.0"]),
    Deviation("homes_denied", ("homes",)): lambda nas: nas.state.shares["homes"].permissions.update({NAME: "NA"}),
    Deviation("open_shares", ("photo",)): lambda nas: nas.state.shares["photo"].permissions.pop(NAME),
    Deviation("open_applications", ("SYNO.FTP",)): lambda nas: nas.state.rules.pop(("SYNO.FTP", NAME)),
}


@pytest.mark.parametrize("deviation", CHANGES, ids=str)
def test_what_was_changed_is_reported_and_alone_set_right(
    nas: Nas, provisioner: Provisioner, deviation: Deviation
) -> None:
    account.ensure(provisioner, NAME, PASSWORD)
    CHANGES[deviation](nas)
    nas.state.requests.clear()
    assert account.read(provisioner, NAME) == (deviation,)
    account.ensure(provisioner, NAME, PASSWORD)
    assert len(nas.writes) == 1
    assert nas.state.users[NAME].password == PASSWORD.reveal()


def test_a_write_that_dsm_only_pretends_to_do_is_told(nas: Nas) -> None:
    class Pretending(WebProvisioner):
        def add_administrator(self, name: str) -> None:
            """Nothing, as with a parameter that DSM does not look at."""

    with pytest.raises(DeployError, match="still shows: not administrator") as caught:
        account.ensure(Pretending(nas), NAME, PASSWORD)
    assert caught.value.id == "dsm.account_not_set"


def test_other_administrators_stay_where_the_tool_can_only_replace_them_all() -> None:
    old, new = OnBox(Nas(6)), OnBox(Nas(7))
    for tools in (old, new):
        account.ensure(tools, NAME, PASSWORD)
        assert tools.nas.state.groups["administrators"] == ["boss", NAME]
    assert f"synogroup --member administrators boss {NAME}" in old.words
    assert f"synogroup --memberadd administrators {NAME}" in new.words


def test_the_password_is_in_the_words_of_no_command() -> None:
    tools = OnBox(Nas())
    account.ensure(tools, NAME, PASSWORD)
    tools.set_password(NAME, PASSWORD)
    assert tools.nas.state.users[NAME].password == PASSWORD.reveal()
    assert not [words for words in tools.words if PASSWORD.reveal() in words]


def test_a_generated_password_survives_every_shell_and_meets_every_policy() -> None:
    made = {generate_password().reveal() for _ in range(200)}
    assert len(made) == 200
    for text in made:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]{31}", text)
        assert all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[._-]"))
