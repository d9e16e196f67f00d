"""The web API of the simulated DSM, without its web server."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Tuple

import pytest

from acmewrap.testing.dsm import Service, State, Task
from acmewrap.testing.dsm.store import CertificateStore
from raw_dsm import PASSWORD, Client

CERTIFICATE = "SYNO.Core.Certificate.CRT"
SERVICE = "SYNO.Core.Certificate.Service"
USER = "SYNO.Core.User"
TASK = "SYNO.Core.TaskScheduler"

SCHEDULE = {"date_type": 0, "week_day": "0,1,2,3,4,5,6", "hour": 4, "minute": 55, "repeat_date": 1001, "version": 4}
TASK_PARAMETERS: Dict[str, Any] = {
    "name": "renew",
    "owner": "ops",
    "real_owner": "ops",
    "enable": True,
    "type": "script",
    "schedule": SCHEDULE,
    "extra": {"script": "/usr/local/bin/acmewrap cron", "notify_enable": True, "notify_mail": "a@b.c"},
}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.log_in()
    return client


@pytest.fixture
def stranger() -> Client:
    return Client()


# --- information and login ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("generation", "reply"),
    [
        (7, b'{"data":{"SYNO.API.Auth":{"maxVersion":7,"minVersion":1,"path":"entry.cgi"}},"success":true}'),
        (6, b'{"data":{"SYNO.API.Auth":{"maxVersion":6,"minVersion":1,"path":"auth.cgi"}},"success":true}'),
    ],
)
def test_information_is_one_line_about_what_was_asked_for(generation: int, reply: bytes) -> None:
    parameters = {"api": "SYNO.API.Info", "version": "1", "method": "query", "query": "SYNO.API.Auth"}
    assert Client(generation).send("query.cgi", parameters).body == reply


def test_information_on_all_leaves_out_what_the_generation_lacks() -> None:
    ask = {"api": "SYNO.API.Info", "version": "1", "method": "query", "query": "all"}
    assert "SYNO.Core.TaskScheduler.Root" in Client(7).raw("entry.cgi", **ask)
    assert "SYNO.Core.TaskScheduler.Root" not in Client(6).raw("query.cgi", **ask)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"api": CERTIFICATE, "method": "list"}, 101),
        ({"api": "SYNO.Core.Nothing", "method": "list", "version": "1"}, 102),
        ({"api": CERTIFICATE, "method": "import", "version": "1"}, 103),
        ({"api": CERTIFICATE, "method": "list", "version": "2"}, 104),
        ({"api": CERTIFICATE, "method": "list", "version": "1", "_sid": "unknown"}, 119),
    ],
)
def test_common_mistakes_have_common_codes(client: Client, parameters: Dict[str, str], code: int) -> None:
    assert client.raw(**parameters) == code


def test_dsm_6_logs_in_at_auth_cgi_only() -> None:
    parameters = {"api": "SYNO.API.Auth", "method": "login", "version": "6", "account": "ops", "passwd": PASSWORD}
    assert Client(6).raw("entry.cgi", **parameters) == 102
    assert set(Client(6).raw("auth.cgi", **parameters)) == {"is_portal_port", "sid"}


def test_dsm_7_logs_in_at_both_scripts(stranger: Client) -> None:
    for script in ("entry.cgi", "auth.cgi"):
        parameters = {"api": "SYNO.API.Auth", "method": "login", "version": "7", "account": "ops", "passwd": PASSWORD}
        assert set(stranger.raw(script, **parameters)) == {
            "account",
            "device_id",
            "ik_message",
            "is_portal_port",
            "sid",
        }


def test_without_format_sid_the_session_comes_as_a_cookie_as_well(stranger: Client) -> None:
    parameters = {"api": "SYNO.API.Auth", "method": "login", "version": "7", "account": "ops", "passwd": PASSWORD}
    ((name, value),) = stranger.send("entry.cgi", parameters).headers
    assert name == "Set-Cookie"
    assert value.startswith("id=" + next(iter(stranger.state.sessions)))
    assert stranger.send("entry.cgi", {**parameters, "format": "sid"}).headers == ()


def _deny_desktop(state: State) -> None:
    state.set_rule("SYNO.Desktop", "ops", allow_ip=[], deny_ip=["0.0.0.0"])


def _set_user(**fields: Any) -> Callable[[State], None]:
    def change(state: State) -> None:
        vars(state.users["ops"]).update(fields)

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_set_user(password="another"), 400),
        (_set_user(expired="now"), 401),
        (_set_user(expired="2020/1/1"), 401),
        (_deny_desktop, 402),
        (_set_user(otp_code="123456"), 403),
        (lambda state: setattr(state, "otp_policy", "admin"), 406),
        (_set_user(password_state="expired_for_good"), 408),
        (_set_user(password_state="expired"), 409),
        (_set_user(password_state="must_change"), 410),
        (_set_user(locked=True), 411),
    ],
)
def test_each_reason_not_to_log_in_has_its_code(stranger: Client, change: Callable[[State], None], code: int) -> None:
    change(stranger.state)
    assert stranger.log_in() == code
    assert stranger.state.logins[-1].code == code
    assert stranger.state.sessions == {}


def test_a_wrong_code_is_404_and_a_trusted_device_needs_none(stranger: Client) -> None:
    stranger.state.users["ops"].otp_code = "123456"
    assert stranger.log_in(otp_code="000000") == 404
    trusted = stranger.log_in(otp_code="123456", enable_device_token="yes", device_name="laptop")
    assert isinstance(stranger.log_in(device_name="laptop", device_id=trusted["device_id"]), dict)
    assert stranger.log_in(device_name="other", device_id=trusted["device_id"]) == 403


def test_dsm_6_calls_the_trusted_device_did() -> None:
    client = Client(6)
    client.state.users["ops"].otp_code = "123456"
    assert client.log_in(otp_code="123456", enable_device_token="yes", device_name="laptop")["did"]


def test_a_session_ends_with_its_logout(client: Client) -> None:
    client.raw(api="SYNO.API.Auth", method="logout", version="7")
    assert client.call(CERTIFICATE, "list") == 119


def test_a_session_with_a_token_must_bring_it(client: Client) -> None:
    client.identity["SynoToken"] = "wrong"
    assert client.call(CERTIFICATE, "list") == 103
    assert client.call(USER, "list") == 119


def test_a_session_without_a_token_needs_none(stranger: Client) -> None:
    stranger.log_in(enable_syno_token="no")
    assert stranger.identity["SynoToken"] == ""
    assert isinstance(stranger.call(CERTIFICATE, "list"), dict)


def test_a_session_of_an_old_login_may_read_and_not_change(stranger: Client) -> None:
    stranger.log_in(version="6")
    assert isinstance(stranger.call(CERTIFICATE, "list"), dict)
    parameters = {**stranger.identity, "api": CERTIFICATE, "method": "set", "version": "1"}
    reply = stranger.send("entry.cgi", parameters)
    assert json.loads(reply.body or b"")["error"]["code"] == 105
    assert reply.headers == (("x-request-error", "noprivilege"),)


def test_who_is_no_administrator_is_refused(stranger: Client) -> None:
    stranger.state.add_user("guest", PASSWORD)
    stranger.log_in("guest")
    assert stranger.call(CERTIFICATE, "list") == 105


# --- certificates -------------------------------------------------------------------------------------------------------


def test_the_list_is_compact_and_in_the_order_that_hooks_match(client: Client) -> None:
    parameters = {**client.identity, "api": CERTIFICATE, "method": "list", "version": "1"}
    body = client.send("entry.cgi", parameters).body or b""
    assert b'{"desc":"acme","id":"8eBBBB","is_broken":false,"is_default":false,"issuer":{' in body
    assert b'"sub_alt_name":["nas.test"]' in body
    assert b"\n" not in body


def test_an_id_without_quotes_is_a_number_and_refused(client: Client) -> None:
    assert client.raw(api=CERTIFICATE, method="set", version="1", id="8eBBBB") == 5503
    assert client.raw(api=CERTIFICATE, method="set", version="1", id='"8eBBBB"') is None


def test_set_renames_and_makes_default(client: Client) -> None:
    client.call(CERTIFICATE, "set", id="8eBBBB", desc="renamed", as_default=True)
    store = client.state.certificates
    assert store.entries["8eBBBB"].description == "renamed"
    assert (store.default, store.served().id) == ("8eBBBB", "8eBBBB")
    assert store.service("smbftpd/ftpd").certificate == "8eAAAA"
    assert client.state.restart_wanted


def test_the_desktop_stays_where_it_was_when_it_does_not_follow_the_default(client: Client) -> None:
    client.state.certificates.desktop_follows_default = False
    client.call(CERTIFICATE, "set", id="8eBBBB", as_default=True)
    assert client.state.certificates.default == "8eBBBB"
    assert client.state.certificates.served().id == "8eAAAA"
    assert not client.state.restart_wanted


def test_delete_takes_a_list_named_ids_and_spares_the_default(client: Client) -> None:
    assert client.call(CERTIFICATE, "delete", id="8eBBBB") == 5503
    assert client.call(CERTIFICATE, "delete", ids=["8eAAAA"]) is None
    assert "8eAAAA" in client.state.certificates.entries
    client.state.certificates.service("smbftpd/ftpd").certificate = "8eBBBB"
    assert client.call(CERTIFICATE, "delete", ids=["8eBBBB"]) is None
    assert client.state.certificates.service("smbftpd/ftpd").certificate == "8eAAAA"


def listed_services(client: Client, id: str) -> Dict[str, Dict[str, Any]]:
    entries: List[Dict[str, Any]] = client.call(CERTIFICATE, "list")["certificates"]
    services = next(entry["services"] for entry in entries if entry["id"] == id)
    return {f"{service['subscriber']}/{service['service']}": service for service in services}


def setting(service: Dict[str, Any], old: str, new: str) -> Dict[str, Any]:
    return {"service": service, "old_id": old, "id": new}


def test_a_service_is_assigned_by_the_object_that_was_listed(client: Client) -> None:
    services = listed_services(client, "8eAAAA")
    assert client.call(SERVICE, "set", settings=[setting(services["smbftpd/ftpd"], "8eAAAA", "8eBBBB")]) == {
        "restart_httpd": False
    }
    assert list(listed_services(client, "8eBBBB")) == ["smbftpd/ftpd"]
    assert client.call(SERVICE, "set", settings=[setting(services["system/default"], "8eAAAA", "8eBBBB")]) == {
        "restart_httpd": True
    }
    assert client.state.certificates.served().id == "8eBBBB"


def test_a_service_that_is_made_up_or_served_by_another_is_refused(client: Client) -> None:
    service = listed_services(client, "8eAAAA")["smbftpd/ftpd"]
    for wrong in (
        setting({"service": "ftpd", "subscriber": "smbftpd"}, "8eAAAA", "8eBBBB"),
        setting(service, "8eBBBB", "8eBBBB"),
        setting(service, "8eAAAA", "8eZZZZ"),
    ):
        assert client.call(SERVICE, "set", settings=[wrong]) == 5503
    assert client.state.certificates.service("smbftpd/ftpd").certificate == "8eAAAA"


def test_assigning_what_is_assigned_drops_the_binding(client: Client) -> None:
    service = listed_services(client, "8eAAAA")["smbftpd/ftpd"]
    client.call(SERVICE, "set", settings=[setting(service, "8eAAAA", "8eAAAA")])
    assert "smbftpd/ftpd" not in listed_services(client, "8eAAAA")
    client.call(SERVICE, "set", settings=[setting(service, "", "8eBBBB")])
    assert "smbftpd/ftpd" in listed_services(client, "8eBBBB")


def test_quickconnect_is_silently_left_alone(client: Client) -> None:
    service = listed_services(client, "8eAAAA")["system/quickconnect"]
    assert client.call(SERVICE, "set", settings=[setting(service, "8eAAAA", "8eBBBB")]) == {"restart_httpd": False}
    assert "system/quickconnect" in listed_services(client, "8eAAAA")


def test_services_of_dsm_6_lack_what_dsm_7_added() -> None:
    store = CertificateStore(6)
    service: Service = store.add_service("smbftpd", "ftpd", "FTPS")
    assert "multiple_cert" not in service.description
    assert service.name == "smbftpd/ftpd"


# --- users, shares, applications ----------------------------------------------------------------------------------------


def test_a_user_is_created_changed_listed_and_deleted(client: Client) -> None:
    created = client.call(USER, "create", name="certupdater", password="long-enough", expired="normal", email="a@b.c")
    assert created == {"name": "certupdater", "uid": client.state.users["certupdater"].uid}
    assert client.call(USER, "create", name="certupdater", password="long-enough") == 3107
    client.call(USER, "set", name="certupdater", password="long-enough-2", expired="now")
    assert client.state.users["certupdater"].password == "long-enough-2"
    listed = client.call(USER, "list", type="local", offset=0, limit=-1, additional=["email", "expired", "groups"])
    assert listed["users"][1] == {
        "email": "a@b.c",
        "expired": "now",
        "groups": ["users"],
        "name": "certupdater",
    }
    assert client.call(USER, "delete", name="certupdater") == 3101
    client.call(USER, "delete", name=["certupdater"])
    assert client.call(USER, "get", name="certupdater") == 3106


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"password": '"short"'}, 3121),
        ({"password": "12345678"}, 3103),
        ({"password": '"long-enough"', "cannot_chg_passwd": "False"}, 3103),
        ({"password": '"long-enough"', "expired": '"soon"'}, 3103),
    ],
)
def test_a_user_with_parameters_of_the_wrong_kind_is_not_created(
    client: Client, parameters: Dict[str, str], code: int
) -> None:
    assert client.raw(api=USER, method="create", version="1", name='"new"', **parameters) == code
    assert "new" not in client.state.users


def test_a_user_that_is_renamed_keeps_its_groups(client: Client) -> None:
    client.state.add_user("old", PASSWORD, administrator=True)
    client.call(USER, "set", name="old", new_name="new")
    assert client.state.is_administrator("new")
    assert not client.state.is_administrator("old")


def test_members_are_added_by_name_and_silently_not_by_members(client: Client) -> None:
    member = "SYNO.Core.Group.Member"
    client.state.add_user("new", PASSWORD)
    assert client.call(member, "add", group="administrators", members=["new"]) is None
    assert not client.state.is_administrator("new")
    client.call(member, "add", group="administrators", name=["new"])
    names = [user["name"] for user in client.call(member, "list", group="administrators")["users"]]
    assert names == ["ops", "new"]
    assert client.call("SYNO.Core.User.Group", "get", name="new") == {"groups": ["administrators", "users"]}
    client.call(member, "change", group="administrators", add_member=[], remove_member=["new"])
    assert not client.state.is_administrator("new")


def test_shares_are_closed_for_a_user_in_one_call(client: Client) -> None:
    permission = "SYNO.Core.Share.Permission"
    names = [share["name"] for share in client.call("SYNO.Core.Share", "list", shareType="all")["shares"]]
    denied = [{"name": name, "is_readonly": False, "is_writable": False, "is_deny": True} for name in names]
    user: Dict[str, Any] = {"name": "ops", "user_group_type": "local_user"}
    client.call(permission, "set_by_user_group", **user, permissions=denied)
    assert [share["is_deny"] for share in client.call(permission, "list_by_user", **user)["shares"]] == [True] * 4
    client.call(permission, "set", name="photo", permissions=[{"name": "ops", "is_writable": True}])
    assert client.state.shares["photo"].permissions == {"ops": "RW"}
    unknown = [{"name": "nothing", "is_deny": True}]
    assert client.call(permission, "set_by_user_group", **user, permissions=unknown) == 3103


def test_an_application_is_denied_and_inherited_again(client: Client) -> None:
    rule, application = "SYNO.Core.AppPriv.Rule", "SYNO.Core.AppPriv.App"
    entity = {"entity_type": "user", "entity_name": "ops", "app_id": "SYNO.FTP"}
    assert client.call(rule, "set", rules=[entity]) == 3400
    client.call(rule, "set", rules=[{**entity, "allow_ip": [], "deny_ip": ["0.0.0.0"]}])
    assert client.call(rule, "list", app_id="SYNO.FTP")["rules"][1]["deny_ip"] == ["0.0.0.0"]
    assert client.call(rule, "get", entity_type="user", entity_name="ops")["rules"][0]["app_id"] == "SYNO.FTP"
    seen = client.call(application, "preview", 2, username="ops")["applications"]
    assert {"app_id": "SYNO.FTP", "privilelge": "deny"} in seen
    client.call(rule, "delete", rules=[entity])
    assert client.state.rules == {}
    ids = [entry["app_id"] for entry in client.call(application, "list", 3, offset=0, limit=-1)["applications"]]
    assert ids == client.state.applications
    unknown = {**entity, "entity_name": "nobody", "allow_ip": [], "deny_ip": []}
    assert client.call(rule, "set", rules=[unknown]) == 3403


def test_the_policy_on_second_factors_is_read_and_set(client: Client) -> None:
    policy = "SYNO.Core.OTP.EnforcePolicy"
    assert client.call(policy, "get") == {"otp_enforce_option": "none"}
    client.call(policy, "set", otp_enforce_option="admin")
    assert client.state.otp_policy == "admin"
    assert client.call(policy, "set", otp_enforce_option="all") == 120


# --- tasks --------------------------------------------------------------------------------------------------------------


def test_a_task_is_created_read_run_and_deleted(client: Client) -> None:
    ran: List[Task] = []

    def run_task(task: Task) -> int:
        ran.append(task)
        return 3

    client.state.run_task = run_task
    client.state.preset = client.state.preset.but(saves_output=True)
    identity = client.call(TASK, "create", 4, **TASK_PARAMETERS)
    listed = client.call(TASK, "list", 3)
    assert (listed["total"], listed["tasks"][0]["action"]) == (2, "Run: /usr/local/bin/acmewrap cron")
    assert client.call(TASK, "get", 4, id=identity["id"], real_owner="ops")["schedule"] == SCHEDULE
    assert client.call(TASK, "get", 4, id=identity["id"], real_owner="root") == {}
    reference = {"id": identity["id"], "real_owner": "ops"}
    client.call(TASK, "run", 2, tasks=[reference])
    assert [task.name for task in ran] == ["renew"]
    assert client.call(TASK, "get_history_status_list", id=identity["id"])[0]["exit_code"] == 3
    client.call(TASK, "set_enable", 2, status=[{**reference, "enable": False}])
    assert client.call(TASK, "list", 3)["tasks"][0]["next_trigger_time"] == "N/A"
    client.call(TASK, "delete", 2, tasks=[reference])
    assert client.call(TASK, "delete", 2, tasks=[reference]) == 4802


@pytest.mark.parametrize(
    "change",
    [
        {"schedule": {**SCHEDULE, "repeat_date": 0}},
        {"schedule": {**SCHEDULE, "hour": 24}},
        {"schedule": {**SCHEDULE, "repeat_min": 7}},
        {"extra": {}},
        {"owner": "nobody"},
        {"type": "service"},
    ],
)
def test_a_task_that_dsm_would_not_take_is_refused(client: Client, change: Dict[str, Any]) -> None:
    assert client.call(TASK, "create", 4, **{**TASK_PARAMETERS, **change}) == 4800
    assert client.state.tasks == {}


def test_a_task_of_root_needs_a_confirmed_password(client: Client) -> None:
    root = {**TASK_PARAMETERS, "owner": "root", "real_owner": "root"}
    assert client.call(TASK, "create", 4, **root) == 4800
    assert client.call(f"{TASK}.Root", "create", 4, **root) == 105
    assert client.call("SYNO.Core.User.PasswordConfirm", "auth", 2, password="wrong") == 400
    confirmed = client.call("SYNO.Core.User.PasswordConfirm", "auth", 2, password=PASSWORD)
    made = client.call(f"{TASK}.Root", "create", 4, **root, **confirmed)
    client.call(f"{TASK}.Root", "set", 4, **{**root, **made, **confirmed, "name": "other"})
    assert [(task.name, task.owner) for task in client.state.tasks.values()] == [("other", "root")]


def test_dsm_6_has_tasks_of_its_own_shape() -> None:
    client = Client(6)
    client.log_in()
    old: Tuple[str, ...] = ("hour", "minute", "date_type", "week_day")
    schedule = {**{name: SCHEDULE[name] for name in old}, "repeat_date": 0}
    assert client.call(TASK, "create", 4, **TASK_PARAMETERS) == 104
    assert client.call(TASK, "create", 1, **TASK_PARAMETERS) == 4800
    made = client.call(TASK, "create", 1, **{**TASK_PARAMETERS, "owner": "root", "schedule": schedule})
    client.call(TASK, "set_enable", 1, status=[{**made, "real_owner": "root", "enable": False}])
    assert client.state.tasks[made["id"]].enable
    client.call(TASK, "delete", 1, task=made["id"])
    assert client.state.tasks == {}
