"""Whatever DSM, or whoever stands at its address, answers: an error of this package's own, in bounded time, and no last catch."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from acmewrap import unexpected
from acmewrap.config import Config
from acmewrap.config.model import Account, DsmCertificate, Schedule, Synology
from acmewrap.doctor import DoctorContext, dsm, support
from acmewrap.engine.steps import account
from acmewrap.errors import AcmewrapError
from acmewrap.formats import jsontext
from acmewrap.net.http import Http
from acmewrap.schedule import dsm as scheduler
from acmewrap.secrets import InlineSecret, Secret
from acmewrap.state import nas
from acmewrap.synology import certificates, reply, sessions, web
from odd_answers import ACCOUNT, PASSWORD, Mutation, Nas, mutations
from wanted import make_config

pytestmark = pytest.mark.usefixtures("nothing_unexpected")

WANTED = DsmCertificate("acme", default=True, services="all")


class Clock:
    """Time that passes when somebody sleeps, and a little whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.01
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def make(folder: Path) -> Config:
    account = Account(ACCOUNT, InlineSecret(Secret(PASSWORD)))
    base = make_config()
    certificate = replace(
        base.certificates["nas"], key="2048", targets=(replace(base.certificates["nas"].targets[0], synology=WANTED),)
    )
    return replace(
        base,
        directory=folder,
        file=folder / "acmewrap.yaml",
        certificates={"nas": certificate},
        synology=Synology("http://nas.test:5000", account, administrator=account),
        schedule=Schedule(daily=(4, 55), by="dsm"),
    )


def put_to_use(config: Config) -> None:
    with sessions.open_account(config, {}) as client:
        certificates.put_to_use(client, WANTED)


WORK: Mapping[str, Callable[[Config], object]] = {
    "look": lambda config: nas.look(config, {}),
    "account": lambda config: account.ensure(config, {}),
    "put to use": put_to_use,
    "show": lambda config: scheduler.DsmTask(config, {}).show(),
    "task": lambda config: scheduler.DsmTask(config, {}).ensure(),
    "start": lambda config: scheduler.DsmTask(config, {}).start(2),
    "support": lambda config: support.collect(config, {}),
    "doctor": lambda config: [list(one.look()) for one in dsm.checks(DoctorContext(config, {}))],
}


class Machine:
    """Work on a NAS whose answers are kept, so that one of them can be another one."""

    def __init__(self, folder: Path, nas: Nas) -> None:
        self.config = make(folder)
        self.nas = nas
        self.parsed = self.tried = 0
        self.asked: Dict[str, List[str]] = {}
        for name, work in WORK.items():  # keeps every answer there is
            nas.asked.clear()
            with contextlib.suppress(AcmewrapError):
                work(self.config)
            self.asked[name] = sorted(nas.asked)

    def work(self, name: str, mutated: str, mutation: Mutation) -> None:
        self.nas.mutated, self.nas.mutation, self.nas.last = mutated, mutation, b""
        with contextlib.suppress(AcmewrapError):  # whatever else there is fails the test, the last catch too
            WORK[name](self.config)
        self.nas.mutated = ""
        if self.nas.last:
            self.tried += 1
            self.parsed += _parses(self.nas.last)


def _parses(body: bytes) -> bool:
    try:
        return isinstance(jsontext.parse(body), dict)
    except ValueError:
        return False


@pytest.fixture(scope="module", params=[6, 7])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    def fire(error: Exception, *_: object) -> None:
        raise error

    stand_in, clock = Nas(request.param), Clock()
    with pytest.MonkeyPatch.context() as patch:
        for module in (web, scheduler):
            patch.setattr(module, "time", clock)
        patch.setattr(unexpected, "_write", fire)  # the last catch
        patch.setattr(Http, "fetch", stand_in.fetch)
        made = Machine(tmp_path_factory.mktemp("nas"), stand_in)
        yield made
    print(f"DSM {request.param}: {made.tried} mutated answers, {made.parsed} of them passed the parser")


@settings(max_examples=settings().max_examples // 2)
@given(data=some.data())
def test_no_answer_of_dsm_is_more_than_an_error_with_a_remedy(machine: Machine, data: some.DataObject) -> None:
    work = data.draw(some.sampled_from(sorted(WORK)), "work")
    mutated = data.draw(some.sampled_from(machine.asked[work]), "answer")
    started = time.monotonic()
    machine.work(work, mutated, data.draw(mutations(), "mutation"))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("value", [None, "text", 7, {"a": 1}, [7], [None]])
def test_a_list_of_objects_is_nothing_else(value: object) -> None:
    if value is None:
        assert reply.records({"users": value}, "users") == reply.records({}, "users") == ()
        return
    with pytest.raises(reply.OddReplyError) as raised:
        reply.records({"users": value}, "users")
    assert raised.value.id == "dsm.odd_reply"


@pytest.mark.parametrize(("value", "number"), [(7, 7), ("7", 7), ("-1", -1)])
def test_a_number_may_come_as_text(value: object, number: int) -> None:
    assert reply.number({"uid": value}, "uid") == number


@pytest.mark.parametrize("value", [None, True, 1.5, "", "x", "٣", "9" * 30, [], {}])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(reply.OddReplyError):
        reply.number({"uid": value}, "uid")


@pytest.mark.parametrize("value", ["", "a b", "a\r\nHost: evil", "ü", "x" * 5000, None, []])
def test_a_session_that_cannot_be_sent_back_is_refused(value: object) -> None:
    with pytest.raises(reply.OddReplyError):
        reply.word({"sid": value}, "sid")
