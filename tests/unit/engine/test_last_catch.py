"""What nobody has thought of fails the one step it happens in, with a report; what a listener raises is the caller's own."""

from __future__ import annotations

import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, List, Mapping

import pytest

from acmewrap import paths, unexpected
from acmewrap.acme import directory
from acmewrap.driver.acmesh import AcmeSh
from acmewrap.driver.results import AccountResult
from acmewrap.engine.context import RunContext
from acmewrap.engine.engine import Engine, Listener
from acmewrap.engine.results import Notice, Run, StepEnded, StepLine, StepStarted
from acmewrap.engine.steps import machine as machine_steps
from acmewrap.engine.steps.certificate import CertificateSteps
from acmewrap.errors import AcmewrapError, ExitCode
from acmewrap.failures import failure
from acmewrap.plan.machine_steps import PrepareWebroot
from acmewrap.plan.planner import Plan
from acmewrap.plan.steps import IssueCertificate, Step
from acmewrap.reasons import Plain
from acmewrap.state.ledger import Ledger, LedgerEntry
from wanted import make_config

NOW = 1_800_000_000
OBTAIN = CertificateSteps._obtain
CANARY = "s3cr3t-canary"


class Engines:
    """An engine over a folder of its own, with two certificates of one authority, none of whose steps leaves this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        base = make_config()
        authority = replace(base.authorities["internal"], home=folder / ".acme.sh")
        one = replace(base.certificates["nas"], targets=())
        two = replace(one, name="web", domains=("web.internal.test",))
        self.config = replace(
            base,
            directory=folder,
            jobs=2,
            authorities={"internal": authority},
            certificates={"nas": one, "web": two},
            synology=None,
        )
        self.plan = Plan(
            (
                PrepareWebroot(Plain.MISSING, folder / "web"),
                IssueCertificate(Plain.NOT_YET_ISSUED, one, authority),
                IssueCertificate(Plain.NOT_YET_ISSUED, two, authority),
            )
        )
        self.ledger = paths.ledger_path(authority)
        self.context = RunContext({}, clock=lambda: NOW)
        monkeypatch.setattr(directory, "fetch", lambda *_: directory.Directory("https://pki.test"))
        monkeypatch.setattr(AcmeSh, "register_account", lambda *_, **__: AccountResult("unchanged"))
        monkeypatch.setattr(machine_steps, "perform", lambda *_: None)
        monkeypatch.setattr(CertificateSteps, "_obtain", lambda *_: None)

    def execute(self, listener: Listener = lambda _: None) -> Run:
        return Engine(self.config, self.context, listener).execute(self.plan)

    def entry(self, name: str) -> LedgerEntry:
        return Ledger.load(self.ledger).get(name)

    @property
    def reports(self) -> List[Path]:
        return sorted(paths.reports_folder(self.config).glob("*"))


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engines:
    return Engines(tmp_path, monkeypatch)


class Interrupt:
    """A listener that is interrupted, once it is ``armed``."""

    armed = False

    def __call__(self, _: Notice) -> None:
        if self.armed:
            raise KeyboardInterrupt


def fail(*_: object) -> None:
    answer: Dict[str, object] = {"password": CANARY}
    raise KeyError(f"no {answer['password']}")


def outcomes(run: Run) -> Mapping[str, str]:
    return {
        one.step.certificate or one.step.kind: one.failure.id if one.failure else one.outcome for one in run.results
    }


def test_an_unexpected_exception_fails_its_step_and_no_other(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    def obtain(_: CertificateSteps, step: Step, __: object) -> None:
        if step.certificate == "nas":
            fail()

    monkeypatch.setattr(CertificateSteps, "_obtain", obtain)
    run = engines.execute()
    assert outcomes(run) == {"webroot": "done", "nas": "internal.unexpected", "web": "done"}
    assert run.exit_code == ExitCode.PARTLY_FAILED
    assert engines.entry("nas").attempts == 1
    assert engines.entry("nas").next_try > NOW


def test_so_does_one_in_a_step_of_the_machine(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_steps, "perform", fail)
    assert outcomes(engines.execute()) == {"webroot": "internal.unexpected", "nas": "done", "web": "done"}


def test_and_one_at_an_authority_blocks_its_certificates_alone(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AcmeSh, "register_account", fail)
    monkeypatch.setattr(CertificateSteps, "_obtain", OBTAIN)
    assert outcomes(engines.execute()) == {
        "webroot": "done",
        "nas": "internal.unexpected",
        "web": "internal.unexpected",
    }


def test_the_report_tells_the_way_and_no_value(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_steps, "perform", fail)
    (told,) = [one.failure for one in engines.execute().results if one.failure is not None]
    (report,) = engines.reports
    text = report.read_text(encoding="utf-8")
    assert str(report) in told.message
    assert str(report) in told.remedy
    assert CANARY not in f"{text}{told}"
    assert "KeyError" in text
    assert "engine.py" in text
    assert "CPython" in text
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_the_same_fault_has_one_report_and_only_the_last_ten_stay(tmp_path: Path) -> None:
    for _ in range(2):
        for number in range(14):
            try:
                exec(compile(f"{chr(10) * number}raise ValueError", "made.py", "exec"))
            except ValueError as error:
                unexpected.explain(error, tmp_path / "reports", "a test")
    assert len(list((tmp_path / "reports").iterdir())) == unexpected.KEPT


def test_without_a_place_for_the_report_the_failure_holds_the_way(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file in the way", encoding="ascii")
    try:
        fail()
    except KeyError as error:
        told = unexpected.explain(error, tmp_path / "reports", "a test").failure
    assert any("KeyError" in line for line in told.lines)
    assert CANARY not in str(told.lines)
    assert "with the lines that are shown with it" in told.remedy


def test_what_the_interpreter_says_of_types_stays_in_a_report_and_names_do_not(tmp_path: Path) -> None:
    none: Dict[str, str] = {}
    try:
        none.get("x").encode()  # type: ignore[union-attr]
    except AttributeError as error:
        unexpected.explain(error, tmp_path / "reports", "a test")
    (report,) = (tmp_path / "reports").iterdir()
    assert "AttributeError: 'NoneType' object has no attribute '***'" in report.read_text(encoding="utf-8")


def test_a_failure_of_the_operating_system_is_no_unexpected_one(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/srv/x")

    monkeypatch.setattr(CertificateSteps, "_obtain", full)
    assert outcomes(engines.execute()) == {"webroot": "done", "nas": "disk.full", "web": "disk.full"}
    assert engines.reports == []
    assert engines.entry("nas").attempts == 1


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("x"), AcmewrapError])
@pytest.mark.parametrize("when", [StepStarted, StepLine, StepEnded])
def test_what_a_listener_raises_is_the_callers_and_comes_as_it_is(
    engines: Engines, monkeypatch: pytest.MonkeyPatch, when: type, error: object
) -> None:
    raised = error if isinstance(error, Exception) else AcmewrapError(failure("run.busy", "the caller's"))
    monkeypatch.setattr(CertificateSteps, "_obtain", lambda _, __, on_line: on_line("acme.sh says"))
    calls: List[Notice] = []

    def listen(notice: Notice) -> None:
        step = notice.result.step if isinstance(notice, StepEnded) else getattr(notice, "step", None)
        if isinstance(notice, when) and isinstance(step, IssueCertificate):
            calls.append(notice)
            raise raised

    with pytest.raises(type(raised)) as caught:
        engines.execute(listen)
    assert caught.value is raised
    assert raised.__cause__ is None
    assert raised.__context__ is None
    assert len(calls) == 1  # and nobody asks it again
    assert engines.context.stopped.is_set()
    assert not engines.ledger.exists()  # nothing failed
    assert engines.reports == []


def test_an_interruption_in_a_listener_stays_one(engines: Engines) -> None:
    def listen(_: Notice) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engines.execute(listen)
    assert engines.context.stopped.is_set()


def test_the_other_lanes_end_when_a_listener_raises(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = threading.Event()

    def obtain(_: CertificateSteps, step: Step, on_line: Callable[[str], None]) -> None:
        if step.certificate == "nas":  # the first of them waits for the other
            assert failed.wait(5)
            engines.context.sleep(60)
        on_line("acme.sh says")

    def listen(notice: Notice) -> None:
        if isinstance(notice, StepLine):
            failed.set()
            raise OSError("the caller's")

    monkeypatch.setattr(CertificateSteps, "_obtain", obtain)
    with pytest.raises(OSError, match="the caller's"):
        engines.execute(listen)
    assert not engines.ledger.exists()


def test_a_second_execution_that_is_interrupted_belongs_to_the_run_that_the_first_one_began(engines: Engines) -> None:
    interrupt = Interrupt()
    engine = Engine(engines.config, engines.context, interrupt)
    assert engine.interrupted().results == ()
    engine.execute(engines.plan)
    more, interrupt.armed = replace(engines.plan.steps[1], reason=Plain.FORCED), True
    with pytest.raises(KeyboardInterrupt):
        engine.execute(Plan((more,)))
    run = engine.interrupted()
    assert run.plan.steps == (*engines.plan.steps, more)
    assert run.plan.state is engines.plan.state
    assert {one.step for one in run.results} == set(engines.plan.steps)
