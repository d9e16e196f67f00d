"""The presets of DSM versions: each says where it is from, takes what was recorded, and does as its switches say."""

from __future__ import annotations

import json
import time
from typing import Any, Dict, List

import pytest

from acmewrap.testing.dsm import NAMES, Task, load_preset, tools
from acmewrap.testing.dsm.data.bodies import Body, fill, load_bodies
from acmewrap.testing.dsm.data.presets import read_document
from raw_dsm import PASSWORD, Client

CERTIFICATE = "SYNO.Core.Certificate.CRT"
PERMISSION = "SYNO.Core.Share.Permission"
TASK = "SYNO.Core.TaskScheduler"
BODIES = load_bodies()
DENIED = {"is_readonly": False, "is_writable": False, "is_deny": True, "is_custom": False}

# What is recorded elsewhere and a preset is known to refuse.
REFUSED = {
    ("7.3", "task_create_4"): 104,
    ("7.4", "task_create_4"): 4800,
    ("7.3", "share_permissions"): 403,
    ("7.4", "share_permissions"): 403,
    ("7.4", "group_add"): 103,
}


RECORDED = tuple(
    (version, body)
    for version in NAMES
    for body in BODIES.values()
    if body.accepted and load_preset(version).generation in body.generations
)


def connect(version: str = "7.2.1", **switches: Any) -> Client:
    client = Client(version=version)
    client.state.preset = client.state.preset.but(**switches)
    client.log_in()
    return client


def send(client: Client, name: str, /, **changes: Any) -> Any:
    """The recorded request *name*, with other parameters where given."""
    parameters = {**BODIES[name].accepted, **changes}
    api, version, method = (parameters.pop(key) for key in ("api", "version", "method"))
    return client.call(api, method, version, **parameters)


@pytest.mark.parametrize("version", NAMES)
def test_every_value_of_a_preset_has_a_source(version: str) -> None:
    document = read_document(version)
    assert load_preset(version).generation in (6, 7)
    assert document["apis"]["source"]
    assert [name for name, value in document["switches"].items() if len(value) != 2 or not value[1]] == []


def test_every_body_has_a_source() -> None:
    assert [name for name, body in BODIES.items() if not body.source or not (body.sent or body.accepted)] == []


def watch(client: Client) -> List[str]:
    """The names of the tasks that run from now on."""
    ran: List[str] = []

    def run_task(task: Task) -> int:
        ran.append(task.name)
        return 0

    client.state.run_task = run_task
    return ran


@pytest.mark.parametrize(
    ("version", "body"), RECORDED, ids=lambda value: value if isinstance(value, str) else value.name
)
def test_what_was_recorded_is_accepted(version: str, body: Body) -> None:
    client = connect(version)
    outcome = send(client, body.name)
    if (version, body.name) in REFUSED:
        assert outcome == REFUSED[version, body.name]
    else:
        assert not isinstance(outcome, int)


def test_what_is_sent_has_only_keys_that_were_recorded() -> None:
    client = connect(saves_output=True)
    entry = client.call(CERTIFICATE, "list")["certificates"][0]
    assert set(entry) == set(BODIES["certificate"].sent)
    assert set(entry["services"][0]) - {"display_name_i18n"} == set(BODIES["service_7"].sent)
    made = send(client, "task_create_4")
    assert set(made) == set(BODIES["task_create_4"].sent)
    listed = client.call(TASK, "list", 3)["tasks"]
    assert [set(one) for one in listed] == [set(BODIES["task"].sent), set(BODIES["event_task"].sent)]
    with pytest.raises(KeyError, match="was not recorded"):
        fill("task", colour="red")


@pytest.mark.parametrize(
    ("version", "api", "number", "method", "code"),
    [
        ("7.2.1", "SYNO.Core.Nothing", 1, "list", 102),
        ("6.2", "SYNO.Core.TaskScheduler.Root", 1, "create", 102),
        ("7.2.1", CERTIFICATE, 1, "get", 103),
        ("7.2.1", CERTIFICATE, 2, "list", 104),
        ("7.3", TASK, 4, "list", 104),
        ("6.2", TASK, 3, "list", 104),
        ("6.2", TASK, 2, "list", 103),
        ("6.2", TASK, 1, "get_history_status_list", 103),
        ("7.4", "SYNO.Core.Group.Member", 1, "add", 103),
        ("7.2.1", "SYNO.Core.AppPriv.App", 1, "list", 103),
    ],
)
def test_what_a_version_lacks_has_its_common_code(version: str, api: str, number: int, method: str, code: int) -> None:
    assert connect(version).call(api, method, number) == code


def test_a_session_in_the_body_is_seen_by_the_list_of_certificates_alone() -> None:
    client = connect()
    client.sid_in_address = False
    assert isinstance(client.call(CERTIFICATE, "list"), dict)
    assert client.call("SYNO.Core.User", "list") == 119


def test_the_first_call_of_a_session_may_be_refused() -> None:
    client = connect(first_call_refusal=109)
    assert client.call(CERTIFICATE, "list") == 109
    assert isinstance(client.call(CERTIFICATE, "list"), dict)


def test_text_beyond_ascii_is_written_raw_or_escaped() -> None:
    for escapes, written in ((False, "Gr\u00fc\u00dfe".encode()), (True, b"Gr\\u00fc\\u00dfe")):
        client = connect(escapes_unicode=escapes)
        client.call(CERTIFICATE, "set", id="8eBBBB", desc="Gr\u00fc\u00dfe")
        parameters = {**client.identity, "api": CERTIFICATE, "method": "list", "version": "1"}
        assert written in (client.send("entry.cgi", parameters).body or b"")


# --- logins -------------------------------------------------------------------------------------------------------------


def test_an_administrator_without_a_second_factor_is_asked_for_one_by_adaptive_mfa() -> None:
    client = Client()
    client.state.preset = client.state.preset.but(adaptive_mfa=True)
    client.state.add_user("plain", PASSWORD)
    assert client.log_in() == 403
    assert isinstance(client.log_in("plain"), dict)


def test_failed_logins_end_in_a_block_for_all() -> None:
    client = Client()
    client.state.preset = client.state.preset.but(auto_block_after=2)
    assert [client.log_in(password="wrong"), client.log_in(password="wrong"), client.log_in()] == [400, 400, 407]


def test_a_second_factor_can_be_demanded_of_named_users() -> None:
    client = Client()
    client.state.otp_users.add("ops")
    assert client.log_in() == 406


def test_a_password_that_somebody_else_gave_must_be_changed() -> None:
    client = connect(reset_must_change=True)
    send(client, "user_create")
    assert client.log_in("new", "Long-enough.1") == 410
    client.log_in()
    client.call("SYNO.Core.User", "set", name="ops", password="Another-one.2")
    assert isinstance(client.log_in(password="Another-one.2"), dict)


# --- users, shares, applications ----------------------------------------------------------------------------------------


def test_the_list_of_users_leaves_out_what_only_get_has() -> None:
    client = connect()
    (listed,) = client.call("SYNO.Core.User", "list", additional=["uid", "cannot_chg_passwd"])["users"]
    assert set(listed) == {"name", "uid"}
    (bare,) = client.call("SYNO.Core.User", "list")["users"]
    assert set(bare) == {"name"}
    assert send(client, "user_get")["users"][0]["cannot_chg_passwd"] is False


def test_permissions_of_shares_may_need_a_confirmed_password() -> None:
    client = connect(share_writes_confirmed=True)
    assert send(client, "share_permissions") == 403
    assert client.state.shares["photo"].permissions == {}
    assert send(client, "share_permissions", SynoConfirmPWToken="made up") == 403
    confirmed = send(client, "password_confirm", password=PASSWORD)
    send(client, "share_permissions", **confirmed)
    assert client.state.shares["photo"].permissions == {"ops": "NA"}


def test_there_are_rules_for_everyone_beside_those_for_users() -> None:
    client = connect()
    send(client, "application_rule")
    rules = client.call("SYNO.Core.AppPriv.Rule", "list", app_id="SYNO.FTP")["rules"]
    assert [rule["entity_type"] for rule in rules] == ["everyone", "user"]


# --- certificates -------------------------------------------------------------------------------------------------------


def test_a_service_that_does_not_move_is_answered_with_success_and_stays() -> None:
    client = connect()
    fixed = client.state.certificates.add_fixed_service("system", "fixed", "Fixed")
    assert fixed.description["user_setable"] is False
    setting = {"service": fixed.description, "old_id": "8eAAAA", "id": "8eBBBB"}
    assert client.call("SYNO.Core.Certificate.Service", "set", settings=[setting]) == {"restart_httpd": False}
    assert fixed.certificate == "8eAAAA"


def test_the_default_is_not_deleted_and_that_is_called_success() -> None:
    client = connect()
    assert client.call(CERTIFICATE, "delete", ids=["8eAAAA"]) is None
    assert client.state.certificates.default in client.state.certificates.entries


# --- tasks --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "code"), [("7.2.1", None), ("7.4", 4800)])
def test_monthly_week_is_disputed_at_version_4(version: str, code: Any) -> None:
    outcome = send(connect(version), "task_create_4")
    assert outcome == code or code is None
    schedule = {**BODIES["task_create_4"].accepted["schedule"]}
    del schedule["monthly_week"]
    assert isinstance(send(connect(version), "task_create_4", schedule=schedule), dict)


def test_version_3_never_takes_monthly_week_and_takes_no_repetition_by_date() -> None:
    client = connect("7.3")
    schedule = BODIES["task_create_3"].accepted["schedule"]
    assert isinstance(send(client, "task_create_3"), dict)
    assert send(client, "task_create_3", schedule={**schedule, "monthly_week": []}) == 4800
    newer = connect()
    assert send(newer, "task_create_3", version=4) == 4800  # 0 is no repeat_date there


def test_a_task_of_root_is_refused_over_the_web_and_left_alone() -> None:
    client = connect()
    assert send(client, "task_create_4", owner="root", real_owner="root") == 4800
    confirmed = send(client, "password_confirm", password=PASSWORD)
    root = {"api": f"{TASK}.Root", "owner": "root", "real_owner": "root", **confirmed}
    key = {**send(client, "task_create_4", **root), "real_owner": "root"}
    ran = watch(client)
    assert client.call(TASK, "run", 2, tasks=[key]) is None
    assert client.call(TASK, "delete", 2, tasks=[key]) is None
    assert (ran, list(client.state.tasks)) == ([], [key["id"]])


def test_a_change_of_a_task_may_be_answered_and_not_made() -> None:
    client = connect(tasks_change=False)
    made = send(client, "task_create_4")
    assert send(client, "task_create_4", method="set", name="other", **made) == made
    assert client.state.tasks[made["id"]].name == "t"


def history(client: Client, id: int) -> Any:
    client.call(TASK, "run", 2, tasks=[{"id": id, "real_owner": "ops"}])
    return client.call(TASK, "get_history_status_list", 1, id=id)


def test_there_is_a_history_only_while_output_is_saved() -> None:
    for saves, length in ((False, 0), (True, 1)):
        client = connect(saves_output=saves)
        assert len(history(client, send(client, "task_create_4")["id"])) == length


def test_a_task_may_start_late_or_never() -> None:
    late, never = connect(saves_output=True, task_delay=0.2), connect(saves_output=True, task_delay=None)
    for client in (late, never):
        assert history(client, send(client, "task_create_4")["id"]) == []
    time.sleep(0.5)
    assert len(late.state.tasks[1].history) == 1
    never.state.finish_tasks()
    assert never.state.tasks[1].history == []


def test_dsm_6_runs_and_deletes_by_task_and_by_nothing_else() -> None:
    client = connect("6.2")
    ran = watch(client)
    id = send(client, "task_create_1")["id"]
    for method in ("run", "delete"):
        assert client.call(TASK, method, 1, tasks=[{"id": id, "real_owner": "ops"}]) is None
    assert (ran, list(client.state.tasks)) == ([], [id])
    client.call(TASK, "run", 1, task=id)
    client.call(TASK, "delete", 1, task=id)
    assert (ran, list(client.state.tasks)) == (["t"], [])


# --- DSM's own tools ----------------------------------------------------------------------------------------------------


def ask_tool(client: Client, api: str, method: str, version: int, *switches: str, **given: Any) -> tools.Output:
    words = [f"{name}={json.dumps(value)}" for name, value in given.items()]
    call = ["--exec", f"api={api}", f"method={method}", f"version={version}", *words]
    return tools.answer("synowebapi", [*switches, *call], client.state, client.apis)


@pytest.mark.parametrize(
    ("version", "without", "with_it"),
    [("7.2.1", "tasks", "tasks"), ("7.0", "", "tasks"), ("7.1", "105", "tasks"), ("6.2", "tasks", "")],
)
def test_the_switch_s_is_needed_refused_or_of_no_effect(version: str, without: str, with_it: str) -> None:
    client, number = connect(version), 1 if version == "6.2" else 3
    for switches, expected in (((), without), (("-s",), with_it)):
        reported = ask_tool(client, TASK, "list", number, *switches)
        assert reported.status == 0
        assert (expected in reported.stdout) if expected else (reported.stdout == "")


@pytest.mark.parametrize("where", ["stderr", "stdout"])
def test_the_noise_of_the_tool_has_braces_of_its_own(where: str) -> None:
    reported = ask_tool(connect(tool_noise=where), "SYNO.Core.User", "list", 1, limit=-1)
    noise = reported.stderr if where == "stderr" else reported.stdout.splitlines()[0]
    assert noise.startswith("[Line 295]")
    assert "param={" in noise
    assert json.loads(reported.stdout[reported.stdout.index("{\n") :])["success"] is True


def test_root_on_the_nas_needs_no_confirmation_and_may_own_tasks() -> None:
    client = connect("7.4")
    reported = ask_tool(client, PERMISSION, "set_by_user_group", 1, **_permissions())
    assert json.loads(reported.stdout)["success"] is True
    schedule = {**BODIES["task_create_3"].accepted["schedule"], "repeat_date": 1001}
    root: Dict[str, Any] = {
        **BODIES["task_create_4"].accepted,
        "owner": "root",
        "real_owner": "root",
        "schedule": schedule,
    }
    for key in ("api", "version", "method"):
        root.pop(key)
    assert json.loads(ask_tool(client, TASK, "create", 4, **root).stdout)["success"] is True


def test_members_are_replaced_where_they_cannot_be_added() -> None:
    for version, added in (("6.2", False), ("7.0", False), ("7.2.1", True)):
        client = connect(version)
        assert ("--memberadd" in tools.answer("synogroup", ["--help"], client.state, client.apis).stdout) is added


def _permissions() -> Dict[str, Any]:
    return {"name": "ops", "user_group_type": "local_user", "permissions": [{"name": "photo", **DENIED}]}
