"""Commands of the user's own around a run: when each runs, and what one that fails keeps from happening."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, FrozenSet, List, Optional, Sequence, Tuple

import pytest

from acmewrap.config.model import ConfiguredCommand
from acmewrap.driver.process import Command, Completed, OnLine
from acmewrap.engine.commands import Commands
from acmewrap.engine.context import RunContext
from acmewrap.engine.engine import Engine
from acmewrap.engine.results import Delivery, Run
from acmewrap.engine.steps.certificate import CertificateSteps
from acmewrap.errors import DeployError, ExitCode
from acmewrap.failures import failure
from acmewrap.plan.planner import Plan
from acmewrap.plan.steps import DeployCertificate, IssueCertificate, RenewCertificate, Step
from acmewrap.reasons import Plain
from acmewrap.report import document
from acmewrap.verify.tls_probe import Observation
from json_schema import accepts
from results import ISSUED
from wanted import CERTIFICATE, TARGET, make_config

AUTHORITY = make_config().authorities["internal"]
OTHER = replace(CERTIFICATE, name="www")
ISSUE = IssueCertificate(Plain.NOT_YET_ISSUED, CERTIFICATE, AUTHORITY)
RENEW = RenewCertificate(Plain.FORCED, CERTIFICATE, AUTHORITY)
DEPLOY = DeployCertificate(Plain.NEW_CERTIFICATE, CERTIFICATE, AUTHORITY, TARGET)
DEPLOY_OTHER = DeployCertificate(Plain.NOT_PROVEN, OTHER, AUTHORITY, TARGET)


@dataclass
class FakeRunner:
    """Starts nothing; the programs called ``bad`` end with 3."""

    ran: List[Command] = field(default_factory=list)

    def run(self, command: Command, on_line: Optional[OnLine] = None) -> Completed:  # noqa: ARG002
        self.ran.append(command)
        return Completed(command, 3 if "bad" in command.argv[0] else 0, ("its last words",), 0.0)

    def cancel(self) -> None:
        """Nothing runs."""


@dataclass(frozen=True)
class Did:
    """What came of a run, of which the steps named ``fails`` failed."""

    run: Run
    ran: Tuple[str, ...]
    given: Tuple[Any, ...]
    performed: Tuple[str, ...]


def do(
    monkeypatch: pytest.MonkeyPatch,
    steps: Sequence[Step],
    *commands: ConfiguredCommand,
    fails: FrozenSet[str] = frozenset(),
) -> Did:
    config, runner = make_config(commands=commands), FakeRunner()
    performed: List[str] = []

    def perform(_: object, step: Step, __: object) -> object:
        performed.append(f"{step.kind} {step.certificate}")
        if step.kind in fails:
            raise DeployError(failure("deploy.failed", "the hook failed", name="nas"))
        return Delivery(None, Observation(), assigned=True) if isinstance(step, DeployCertificate) else ISSUED

    monkeypatch.setattr(CertificateSteps, "perform", perform)
    monkeypatch.setattr(Engine, "_open_authorities", lambda *_: ({}, {}))
    context = RunContext({"PATH": "/bin", "LANG": "C"}, runner=runner)
    own = Commands(config, context, lambda run: document.text_of_run("apply", run, {}))
    run = Engine(config, context, None, own).execute(Plan(tuple(steps)))
    run = replace(run, commands=own.finish(run))
    given = tuple(json.loads(command.stdin) for command in runner.ran)
    return Did(run, tuple(" ".join(command.argv) for command in runner.ran), given, tuple(performed))


def before(stage: Any, *words: str) -> ConfiguredCommand:
    return ConfiguredCommand(words, before=stage)


def after(stage: Any, *words: str, when: Tuple[Any, ...] = ()) -> ConfiguredCommand:
    return ConfiguredCommand(words, after=stage, when=when)


EVERY = (
    *(before(stage, f"before-{stage}") for stage in ("run", "issue", "deploy")),
    *(after(stage, f"after-{stage}") for stage in ("run", "issue", "deploy", "error")),
)


@pytest.mark.parametrize(
    ("steps", "fails", "expected"),
    [
        ([], frozenset(), ""),
        ([DEPLOY], frozenset(), "before-run before-deploy after-run after-deploy"),
        ([RENEW], frozenset(), "before-run before-issue after-run after-issue"),
        (
            [ISSUE, DEPLOY],
            frozenset(),
            "before-run before-issue before-deploy after-run after-issue after-deploy",
        ),
        ([DEPLOY], frozenset(["deploy"]), "before-run before-deploy after-run after-deploy after-error"),
        ([ISSUE, DEPLOY], frozenset(["issue"]), "before-run before-issue after-run after-issue after-error"),
    ],
)
def test_a_command_runs_around_what_the_run_does(
    monkeypatch: pytest.MonkeyPatch, steps: Sequence[Step], fails: FrozenSet[str], expected: str
) -> None:
    assert " ".join(do(monkeypatch, steps, *EVERY, fails=fails).ran) == expected


@pytest.mark.parametrize(
    ("steps", "fails", "expected"),
    [
        ([ISSUE, DEPLOY], frozenset(), "issued deployed"),
        ([RENEW, DEPLOY], frozenset(), "renewed deployed"),
        ([RENEW, DEPLOY], frozenset(["deploy"]), "renewed failed"),
        ([DEPLOY], frozenset(["deploy"]), "failed"),
    ],
)
def test_a_command_may_depend_on_what_happened(
    monkeypatch: pytest.MonkeyPatch, steps: Sequence[Step], fails: FrozenSet[str], expected: str
) -> None:
    events = ("issued", "renewed", "deployed", "rolled_back", "failed")
    found = do(monkeypatch, steps, *(after("run", event, when=(event,)) for event in events), fails=fails)
    assert " ".join(found.ran) == expected


@pytest.mark.parametrize(
    ("stage", "performed", "code"),
    [
        ("run", (), ExitCode.UNEXPECTED),
        ("issue", ("deploy www",), ExitCode.PARTLY_FAILED),
        ("deploy", ("issue nas",), ExitCode.DEPLOY_FAILED),
    ],
)
def test_a_command_that_fails_stops_what_it_stands_before_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, stage: str, performed: Tuple[str, ...], code: ExitCode
) -> None:
    found = do(
        monkeypatch, [ISSUE, DEPLOY, DEPLOY_OTHER], before(stage, "bad"), after("error", "page"), after("run", "tell")
    )
    assert found.performed == performed
    assert found.run.exit_code == code
    assert found.ran == ("bad", "page", "tell")
    stopped = [result.failure for result in found.run.results if result.outcome == "failed"]
    assert {one.id for one in stopped if one is not None} == {"command.failed"}


def test_a_command_that_fails_at_the_end_fails_the_run_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = do(monkeypatch, [DEPLOY], after("run", "bad", "word"), after("deploy", "good"))
    assert found.ran == ("bad word", "good")
    assert (found.run.exit_code, found.run.ok) == (ExitCode.UNEXPECTED, False)
    problem = found.run.commands[0].failure
    assert problem is not None
    assert problem.lines == ("its last words",)
    assert "bad word ended with 3" in problem.message


def test_equal_commands_run_once_before_and_once_after(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [ISSUE, DEPLOY, DEPLOY_OTHER]
    commands = [
        before("run", "x"),
        before("deploy", "x"),
        after("run", "x"),
        after("deploy", "x"),
        after("issue", "x", "y"),
    ]
    assert do(monkeypatch, steps, *commands).ran == ("x", "x", "x y")


def test_a_command_is_given_the_document_of_the_run_as_far_as_it_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    found = do(monkeypatch, [DEPLOY], before("deploy", "x"), after("deploy", "y"))
    for given in found.given:
        assert accepts(document.schema(), given)
    first, last = found.given
    assert ([step["kind"] for step in first["plan"]], first["steps"]) == (["deploy"], [])
    assert [step["outcome"] for step in last["steps"]] == ["done"]
