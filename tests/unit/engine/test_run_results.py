"""What a run is worth as an exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Optional, Type

import pytest

from acmewrap.engine.results import CommandResult, Delivery, Outcome, Run, StepResult
from acmewrap.errors import AcmewrapError, CommandError, DeployError, ExitCode, Failure, IssueError, UnprovenError
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from acmewrap.plan.machine_steps import PrepareWebroot
from acmewrap.plan.planner import Plan
from acmewrap.plan.steps import IssueCertificate, Kind, Step
from acmewrap.reasons import Plain
from acmewrap.verify.tls_probe import Observation
from results import ASK, AUTHORITY, CERTIFICATE, DELIVERED, DEPLOY, INSTALL, RENEW
from results import ISSUED as RENEWED


def result(
    kind: Kind, certificate: Optional[str], outcome: Outcome = "done", code: ExitCode = ExitCode.OK
) -> StepResult:
    request = replace(CERTIFICATE, name=certificate or "")
    steps: Dict[str, Step] = {
        "install": INSTALL,
        "webroot": PrepareWebroot(Plain.NO_CHALLENGE_FOLDER, Path("/srv/web")),
        "issue": IssueCertificate(Plain.NOT_YET_ISSUED, request, AUTHORITY),
        "renew": replace(RENEW, request=request),
        "deploy": replace(DEPLOY, request=request),
    }
    problem = None if outcome == "done" else failure("acme.unknown", "it failed")
    return StepResult(steps[kind], outcome, problem, exit_code=code)


ISSUED = result("issue", "nas")
DEPLOYED = result("deploy", "nas")
NOT_ISSUED = result("issue", "nas", "failed", ExitCode.ISSUE_FAILED)
UNREACHABLE = result("issue", "nas", "failed", ExitCode.UNREACHABLE)
SKIPPED = result("deploy", "nas", "skipped")
UNPROVEN = result("deploy", "nas", "unproven", ExitCode.DEPLOY_FAILED)
INSTALLED = result("install", None)
NOT_INSTALLED = result("install", None, "failed", ExitCode.DRIFT)
NO_WEBROOT = result("webroot", None, "failed", ExitCode.PERMISSION)
OTHER = [result("renew", "mail"), result("deploy", "mail")]


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], 0),
        ([INSTALLED, ISSUED, DEPLOYED], 0),
        ([NOT_ISSUED], 3),
        ([NOT_ISSUED, SKIPPED], 3),
        ([ISSUED, UNPROVEN], 4),
        ([UNPROVEN], 4),
        ([INSTALLED, ISSUED, UNPROVEN], 4),
        ([UNREACHABLE, SKIPPED], 69),
        ([NOT_ISSUED, SKIPPED, *OTHER], 5),
        ([*OTHER, UNPROVEN], 5),
        ([UNREACHABLE, SKIPPED, *OTHER], 5),
        ([NOT_INSTALLED], 6),
        ([NOT_INSTALLED, *OTHER], 6),
        ([NO_WEBROOT, NOT_ISSUED, SKIPPED], 77),
    ],
)
def test_the_exit_code_is_the_worst_that_happened(results: List[StepResult], code: int) -> None:
    assert int(Run(Plan(), tuple(results), instant(0), instant(1)).exit_code) == code


SEEN = Observation(served="1f" * 32)


@pytest.mark.parametrize(
    ("result", "changed"),
    [
        (INSTALLED, True),
        (NOT_INSTALLED, False),
        (SKIPPED, False),
        (UNPROVEN, True),  # the hook ran, and what came of it is not what it should be
        (StepResult(ASK, "done"), False),
        (StepResult(DEPLOY, "done", evidence=DELIVERED), True),
        (StepResult(DEPLOY, "done", evidence=Delivery(None, SEEN)), False),  # it was served already
        (StepResult(DEPLOY, "done", evidence=Delivery(None, SEEN, assigned=True)), True),
        (StepResult(RENEW, "done", evidence=RENEWED), True),
        (StepResult(RENEW, "failed", evidence=replace(RENEWED, outcome="not_issued")), False),
    ],
)
def test_a_run_has_changed_something_when_one_of_its_steps_has(result: StepResult, changed: bool) -> None:
    assert Run(Plan(), (SKIPPED, result), instant(0), instant(1)).changed is changed


@pytest.mark.parametrize(
    ("ended", "error"),
    [
        (NOT_INSTALLED, AcmewrapError),
        (NOT_ISSUED, IssueError),
        (UNPROVEN, UnprovenError),
        (result("deploy", "nas", "failed"), DeployError),
    ],
    ids=["install", "issue", "unproven", "deploy"],
)
def test_what_failed_is_raised_as_what_was_to_be_done(ended: StepResult, error: Type[AcmewrapError]) -> None:
    run = Run(Plan(), (INSTALLED, ended), instant(0), instant(1))
    assert not run.ok
    for failing in (ended, run):
        with pytest.raises(AcmewrapError) as caught:
            failing.raise_for_failure()
        assert type(caught.value) is error


def test_what_is_well_is_handed_on_and_a_command_that_failed_is_not_well() -> None:
    assert ISSUED.raise_for_failure() is ISSUED
    run = Run(Plan(), (ISSUED,), instant(0), instant(1))
    assert run.ok
    assert run.raise_for_failure() is run
    ended = CommandResult(("true",), "after", 0.0, Failure("command.failed", "it ended with 1", "look at it"))
    bad = replace(run, commands=(ended,))
    assert not bad.ok
    with pytest.raises(CommandError):
        bad.raise_for_failure()


@pytest.mark.parametrize(
    ("id", "code"), [("ca.unreachable", ExitCode.UNREACHABLE), ("acme.unknown", ExitCode.ISSUE_FAILED)]
)
def test_an_order_that_failed_ends_with_3_unless_the_authority_was_out_of_reach(id: str, code: ExitCode) -> None:
    problem = Failure(id, "it failed", "wait", (), code)
    assert StepResult.unissued(NOT_ISSUED.step, RENEWED, problem).exit_code is code
