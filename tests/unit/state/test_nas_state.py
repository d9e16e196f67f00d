"""What is found on a NAS, and which steps follow from it; the NAS lies in memory."""

from __future__ import annotations

import contextlib
import json
import shlex
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

import pytest

from acmewrap.config import Config
from acmewrap.config.model import Account, Schedule, Synology
from acmewrap.engine.steps import account
from acmewrap.errors import AccessError, ConfigurationError, UnreachableError
from acmewrap.failures import failure
from acmewrap.plan.planner import Plan, PlanOptions, plan
from acmewrap.reasons import AccountDiffers, AccountNotManaged, Deviation, NotAssigned, NotObserved, Plain, Reason
from acmewrap.schedule import dsm
from acmewrap.schedule.backend import logged
from acmewrap.secrets import FileReference, Secret
from acmewrap.state import nas
from acmewrap.state.nas import NasState
from acmewrap.synology.channel import WebProvisioner
from acmewrap.synology.web import ApiError, read_reply
from acmewrap.testing.dsm import tools
from acmewrap.testing.dsm.apis import collect_apis
from acmewrap.testing.dsm.data.presets import load_preset
from acmewrap.testing.dsm.openssl import CertificateFacts
from acmewrap.testing.dsm.state import State
from acmewrap.testing.dsm.store import CertificateStore, StoredCertificate
from wanted import NOW, make_config, make_state

NAME = "certupdater"
FACTS = CertificateFacts({}, {}, (), "", "", "", 0, "", b"")


class Nas:
    """An administrator's session, and the logins of the account: refused as DSM would."""

    def __init__(self, password: Path) -> None:
        store = CertificateStore(7)
        for id, description in (("8eAAAA", ""), ("8eBBBB", "acme")):
            store.entries[id] = StoredCertificate(id, description, b"", b"", b"", FACTS)
        store.default = "8eBBBB"
        store.add_service("system", "default", "DSM Desktop Service")
        store.add_service("smbftpd", "ftpd", "FTPS")
        self.state = State(load_preset("7.2.1"), store)
        self.state.add_user("boss", "the password of the boss", administrator=True)
        self.password = password
        self.reachable = True
        self.provisioner: Optional[WebProvisioner] = WebProvisioner(self)

    def call(self, api: str, method: str, version: int, **parameters: Any) -> Dict[str, Any]:
        given = [f"{name}={json.dumps(value)}" for name, value in parameters.items()]
        words = [f"api={api}", f"method={method}", f"version={version}", *given]
        reported = tools.answer("synowebapi", words, self.state, collect_apis())
        return read_reply(
            json.loads(reported.stdout), lambda code: ApiError(failure("dsm.refused", f"error {code}"), code)
        )

    def maximum(self, api: str) -> Optional[int]:
        offer = self.state.preset.apis.get(api)
        return None if offer is None else offer.maximum

    @contextlib.contextmanager
    def open_provisioner(self, *_: object) -> Iterator[Optional[WebProvisioner]]:
        if not self.reachable:
            raise UnreachableError(failure("dsm.unreachable", "nobody there"))
        yield self.provisioner

    @contextlib.contextmanager
    def open_account(self, *_: object) -> Iterator[Nas]:
        user = self.state.users.get(NAME)
        if not self.password.exists():
            raise AccessError(failure("secret.unavailable", "no such file"))
        if user is None or user.password != self.password.read_text(encoding="ascii").strip():
            raise ApiError(failure("dsm.login_refused", "error 400"), 400)
        if user.locked:
            raise ApiError(failure("dsm.account_locked", "error 411"), 411)
        yield self

    @property
    def writes(self) -> List[str]:
        return [request.name for request in self.state.requests if tools.is_write(request, collect_apis())]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nas:
    """Nothing but an administrator is there, and no password has been chosen."""
    found = Nas(tmp_path / "made" / "secret")
    for module in (nas, account, dsm):
        monkeypatch.setattr(module, "open_provisioner", found.open_provisioner)
        monkeypatch.setattr(module, "open_account", found.open_account)
    return found


@pytest.fixture
def config(box: Nas) -> Config:
    synology = Synology("http://nas:5000", Account(NAME, FileReference(box.password)))
    return make_config(synology=synology, schedule=Schedule(daily=(4, 55), by="dsm"))


@pytest.fixture
def ready(box: Nas, config: Config) -> Nas:
    account.ensure(config, {})
    dsm.DsmTask(config, {}).ensure()
    box.state.requests.clear()
    return box


def test_a_task_of_another_file_with_the_same_name_is_neither_changed_nor_shown_nor_removed(
    ready: Nas, config: Config, tmp_path: Path
) -> None:
    """DSM's names hold no slash, so that these two are one."""
    first, second = (replace(config, file=tmp_path / "a" / name) for name in ("b-c.yaml", "b/c.yaml"))
    for one in (first, second):
        one.file.parent.mkdir(parents=True, exist_ok=True)
        one.file.touch()
    dsm.DsmTask(first, {}).ensure()
    ready.state.requests.clear()
    for work in (dsm.DsmTask(second, {}).ensure, dsm.DsmTask(second, {}).show, dsm.DsmTask(second, {}).remove):
        with pytest.raises(ConfigurationError, match=f"is that of {first.file}"):
            work()
    assert ready.writes == []
    first.file.rename(tmp_path / "moved")  # a file that was only renamed keeps its task
    dsm.DsmTask(second, {}).ensure()
    assert str(second.file) in dsm.DsmTask(second, {}).show()


def planned(config: Config, found: Optional[NasState]) -> Plan:
    state = replace(make_state(config), nas=found, schedule=found.task if found is not None else "same")
    return plan(config, state, NOW, PlanOptions())


def kinds(config: Config, found: Optional[NasState]) -> Tuple[Tuple[str, Reason], ...]:
    return tuple((step.kind, step.reason) for step in planned(config, found).steps)


def test_of_a_nas_that_is_as_it_should_be_nothing_follows(ready: Nas, config: Config) -> None:
    found = nas.look(config, {})
    assert found == NasState()
    assert planned(config, found) == Plan()
    assert ready.writes == []


def test_on_an_empty_nas_everything_is_planned_and_nobody_tries_to_log_in(box: Nas, config: Config) -> None:
    found = nas.look(config, {})
    assert (found.account, found.task) == (Plain.MISSING, "missing")
    assert [kind for kind, _ in kinds(config, found)] == ["account", "deploy", "schedule"]
    assert box.state.logins == []
    assert not box.password.exists()


def test_a_password_is_chosen_and_kept_for_its_owner_before_the_account_is_made(
    box: Nas, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Dict[str, object] = {}

    def create_user(name: str, password: Secret) -> None:
        seen.update(name=name, stored=box.password.read_text(encoding="ascii") == password.reveal() + "\n")
        seen["mode"] = stat.S_IMODE(box.password.stat().st_mode)
        WebProvisioner(box).create_user(name, password)

    monkeypatch.setattr(box.provisioner, "create_user", create_user)
    account.ensure(config, {})
    assert seen == {"name": NAME, "stored": True, "mode": 0o600}


def test_a_password_that_lies_ready_is_the_one_that_is_used(box: Nas, config: Config) -> None:
    box.password.parent.mkdir()
    box.password.write_text("Chosen-by-hand.1\n", encoding="ascii")
    account.ensure(config, {})
    assert box.state.users[NAME].password == "Chosen-by-hand.1"


def test_a_password_that_was_changed_is_set_again_and_nothing_else(ready: Nas, config: Config) -> None:
    ready.state.users[NAME].password = "changed by hand"
    assert nas.look(config, {}).account == AccountDiffers((Deviation("wrong_password"),))
    account.ensure(config, {})
    assert ready.writes == ["SYNO.Core.User.set"]
    assert nas.look(config, {}) == NasState()


def test_a_password_that_was_lost_is_chosen_anew(ready: Nas, config: Config) -> None:
    ready.password.unlink()
    assert nas.look(config, {}).account == AccountDiffers((Deviation("no_password"),))
    account.ensure(config, {})
    assert nas.look(config, {}) == NasState()


def test_what_another_password_does_not_fix_is_not_answered_with_one(ready: Nas, config: Config) -> None:
    ready.state.users[NAME].locked = True
    assert nas.look(config, {}).account is None
    with pytest.raises(ApiError) as caught:
        account.ensure(config, {})
    assert caught.value.id == "dsm.account_locked"
    assert ready.writes == []


def test_without_the_right_to_change_accounts_the_rest_is_still_looked_after(ready: Nas, config: Config) -> None:
    ready.provisioner = None
    ready.state.users[NAME].expired = "now"
    found = nas.look(config, {})
    assert (found.account, found.assignments, found.task) == (None, {}, "same")
    assert planned(config, found).steps == ()
    (note,) = planned(config, found).notes
    assert note == AccountNotManaged(NAME)
    with pytest.raises(AccessError) as caught:
        account.ensure(config, {})
    assert caught.value.id == "dsm.no_provisioner"


def test_a_certificate_that_is_not_in_use_is_delivered_again_and_says_why(ready: Nas, config: Config) -> None:
    ready.state.certificates.service("smbftpd/ftpd").certificate = "8eAAAA"
    ready.state.certificates.default = "8eAAAA"
    found = nas.look(config, {})
    assert kinds(config, found) == (("deploy", NotAssigned(("default", "FTPS"))),)


def test_a_nas_that_cannot_be_reached_makes_the_run_fail_and_not_stay_silent(ready: Nas, config: Config) -> None:
    ready.reachable = False
    found = nas.look(config, {})
    assert [kind for kind, _ in kinds(config, found)] == ["account", "deploy", "schedule"]
    why = [reason for kind, reason in kinds(config, found) if kind != "schedule"]
    assert why == [NotObserved(failure("dsm.unreachable", "nobody there"))] * 2


def test_a_certificate_that_is_not_there_yet_is_not_delivered_because_of_it(config: Config) -> None:
    state = replace(make_state(config, stored=None), nas=NasState(assignments={"acme": NotAssigned(("FTPS",))}))
    steps = plan(config, state, NOW, PlanOptions(kinds=("deploy",))).steps
    assert steps == ()


def test_the_name_of_the_task_tells_which_file_it_is_for(config: Config) -> None:
    assert dsm.describe(config).name == "acmewrap srv-acme-acmewrap.yaml"
    other = replace(config, file=Path("/volume1/homes/certupdater/acmewrap.yaml"))
    assert dsm.describe(other).name == "acmewrap volume1-homes-certupdater-acmewrap.yaml"


def test_the_task_belongs_to_the_account_and_begins_when_the_file_says(config: Config) -> None:
    wanted = dsm.describe(config)
    assert (wanted.owner, wanted.hour, wanted.minute, wanted.interval) == (NAME, 4, 55, None)
    often = dsm.describe(replace(config, schedule=Schedule(every_seconds=6 * 3600, by="dsm")))
    assert (often.hour, often.interval) == (0, 6 * 3600)
    assert 0 <= often.minute < 60
    assert often.minute == dsm.describe(replace(config, schedule=Schedule(every_seconds=3600, by="dsm"))).minute


def test_several_wrappers_in_one_task_end_with_the_failure_of_any(config: Config) -> None:
    home = config.authorities["internal"]
    two: Mapping[str, Any] = {
        "internal": home,
        "other": replace(home, name="other", home=home.home.with_name(".acme.sh-b")),
    }
    script = dsm.describe(
        replace(config, authorities=two, schedule=Schedule(daily=(1, 2), by="dsm", run="wrapper"))
    ).script
    one, other = (logged(f"/srv/acme/{name} --cron", "/srv/acme/task.log") for name in ("acme.sh", "acme.sh-b"))
    assert shlex.split(script) == [
        "/bin/bash",
        "-c",
        f"umask 077; status=0; {one} || status=$?; {other} || status=$?; exit $status",
    ]
