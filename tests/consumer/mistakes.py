"""Each line that says so holds a mistake that a checker has to report; it must report no other line."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import assert_never

import acmewrap

config = acmewrap.laod("acmewrap.yaml")  # MISTAKE: a misspelt name
job = acmewrap.Job(acmewrap.load("acmewrap.yaml"))


def field(result: acmewrap.IssueResult) -> None:
    print(result.expires)  # MISTAKE: a field that is not there


def argument(acme: acmewrap.AcmeSh) -> None:
    acme.issue(["www.example.com"], "/var/www/html")  # MISTAKE: a path in the place of a challenge
    acme.issue(["www.example.com"], acmewrap.Webroot(Path("/var/www/html")))


def nothing(result: acmewrap.DeployResult) -> str:
    return result.failure.remedy  # MISTAKE: a failure that may be None


def notices(notice: acmewrap.Notice) -> str:
    if isinstance(notice, acmewrap.Planned):
        return "planned"
    if isinstance(notice, (acmewrap.StepStarted, acmewrap.StepLine)):
        return notice.step.kind
    assert_never(notice)  # MISTAKE: a kind of notice is left out
