"""The whole job, from a YAML file: plan, apply, watch, report."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Dict, List, Optional

from typing_extensions import assert_never

import acmewrap


def renew(path: str) -> Dict[str, str]:
    """What became of each certificate. Raises what the first failed step raises."""
    job = acmewrap.Job(acmewrap.load(path), listener=watch)
    run = job.apply().raise_for_failure()
    print((run.finished - run.started).total_seconds(), int(run.exit_code))
    return {name: results[-1].outcome for name, results in run.by_certificate.items()}


def watch(notice: acmewrap.Notice) -> None:
    if isinstance(notice, acmewrap.Planned):
        print(len(notice.plan.steps), "steps")
    elif isinstance(notice, acmewrap.StepStarted):
        print(notice.step.kind, describe(notice.step.reason))
    elif isinstance(notice, acmewrap.StepLine):
        print(notice.line)
    elif isinstance(notice, acmewrap.StepEnded):
        failure = notice.result.failure
        print(notice.result.outcome, "" if failure is None else failure.remedy)
    else:
        assert_never(notice)


def describe(reason: acmewrap.Reason) -> str:
    if isinstance(reason, acmewrap.reasons.Due):
        return f"due for {datetime.now(timezone.utc) - reason.since}"
    return reason.kind


def expiring(job: acmewrap.Job) -> List[str]:
    soon = datetime.now(timezone.utc)
    return [name for name, one in job.status().items() if one.leaf is not None and one.leaf.not_after < soon]


def wrong(job: acmewrap.Job) -> Optional[acmewrap.Failure]:
    def hear(notice: acmewrap.DoctorNotice) -> None:
        if isinstance(notice, acmewrap.Checked):
            print(notice.name, len(notice.findings), [fact.value for fact in notice.facts])
        elif isinstance(notice, acmewrap.Fixed):
            print(len(notice.errors))
        else:
            assert_never(notice)

    findings = job.doctor(listener=hear)
    return findings[0].failure if findings else None
