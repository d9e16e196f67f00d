"""The page of HTML: whole, loading nothing, and with every value from outside shown as what it is."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from acmewrap.config.model import Schedule
from acmewrap.engine.history import past
from acmewrap.engine.results import StepResult
from acmewrap.errors import ExitCode
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from acmewrap.plan import due
from acmewrap.report.page import Report
from results import CERTIFICATE, DEPLOY, ELSEWHERE, GOOD, NOT_ISSUED, NOW, PAST, RENEW, SECONDS, STATUSES, VALID
from wanted import make_config

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=a()>\x1b[2J\u202e{{ 7*7 }}"
REPORT = Report(
    Path("/srv/acme/acmewrap.yaml"),
    NOW,
    STATUSES,
    (RENEW, DEPLOY),
    (),
    PAST,
    instant(SECONDS - 3600),
    instant(SECONDS + 3600),
)


class Page(HTMLParser):
    """Tags with their attributes, those that are open, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: List[Tuple[str, Dict[str, str]]] = []
        self.open: List[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        self.tags.append((tag, {name: str(value) for name, value in attrs}))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += "" if self.open[-1:] == ["style"] else data


def test_it_says_what_is_wrong_what_is_pending_and_what_the_last_runs_did() -> None:
    page = Page(REPORT.html())
    assert page.open == []
    for words in (
        "2 of 2 certificates not well.",
        "dsm: pending, next try in 20 minutes",
        "nas.test:5001 does not serve it",
        "Order failed:the authority refuses nas.test",
        "Pending: deploy nas to dsm (new certificate)",
        "cron: 2 of 2 steps failed, exit code 3",
        "deploy nas to dsm (new certificate): unproven 60.0 s",
    ):
        assert words in page.text


def test_a_line_shows_how_far_a_life_has_come() -> None:
    half = replace(VALID, due_at=instant(SECONDS - 10 + 57_606), leaf=VALID.leaf)
    page = Page(replace(REPORT, certificates={"nas": half}, at=instant(SECONDS - 10 + 43_205), pending=()).html())
    assert "The certificate is valid and in place." in page.text
    (line,) = (found for tag, found in page.tags if found.get("class") == "life")
    assert line["style"] == "--now:50.0%;--at:66.7%"
    assert [found["style"] for tag, found in page.tags if tag == "i"][-1] == "left:50.0%"


def test_a_run_that_did_not_come_is_told() -> None:
    page = Page(replace(REPORT, next_run_at=instant(SECONDS - 3600)).html())
    assert re.search(r"The run expected at .* has not come", page.text)


def test_a_run_that_did_not_come_is_no_mark_ahead_on_the_line() -> None:
    for seconds, marks in ((3600, 1), (-3600, 0)):
        page = Page(replace(REPORT, next_run_at=instant(SECONDS + seconds)).html())
        assert sum(attributes.get("class") == "next" for _, attributes in page.tags) == marks


def test_the_run_after_one_is_that_of_the_schedule() -> None:
    daily = due.next_run(make_config().schedule, SECONDS)
    assert daily is not None
    assert 0 < daily - SECONDS <= 86400
    assert due.next_run(make_config().schedule, daily) == daily + 86400
    assert due.next_run(Schedule(every_seconds=600), SECONDS) == SECONDS + 600
    assert due.next_run(None, SECONDS) is None


def test_every_value_from_outside_is_text_and_visible() -> None:
    refused = replace(failure("acme.unknown", "x"), message=HOSTILE, remedy=HOSTILE)
    wanted = replace(CERTIFICATE, name=HOSTILE, domains=(HOSTILE,), authority=HOSTILE)
    error = {"id": HOSTILE, "message": HOSTILE, "remedy": HOSTILE}
    target = replace(ELSEWHERE, entry=replace(ELSEWHERE.entry, error=error))
    assert VALID.leaf is not None
    bad = replace(
        VALID,
        certificate=wanted,
        leaf=replace(VALID.leaf, issuer=HOSTILE),
        targets={HOSTILE: target},
        attempts=replace(VALID.attempts, error=error),
    )
    failed = StepResult(DEPLOY, "failed", refused, exit_code=ExitCode.DEPLOY_FAILED)
    runs = (replace(past(HOSTILE, replace(NOT_ISSUED, results=(failed,))), errors=(error,)), past("cron", GOOD))
    evil = tuple(
        replace(run, steps=tuple(replace(one, kind=HOSTILE, reason=HOSTILE, target=HOSTILE) for one in run.steps))
        for run in runs
    )
    report = replace(REPORT, file=Path(HOSTILE), certificates={HOSTILE: bad}, unread=(refused,), runs=evil)
    text, plain = report.html(), replace(REPORT, runs=PAST[2:]).html()  # which failed, as that does
    page = Page(text)
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in Page(plain).tags}
    names = {name for _, attributes in page.tags for name in attributes}
    assert names <= {name for _, attributes in Page(plain).tags for name in attributes}
    assert page.text.count("<script>alert(1)</script>") > 10
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "49" not in page.text.replace(HOSTILE, "")


def test_it_loads_nothing_and_runs_nothing() -> None:
    page = Page(REPORT.html())
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not {"src", "href", "action"} & {name for _, attributes in page.tags for name in attributes}
    assert "url(" not in REPORT.html()
    assert "@import" not in REPORT.html()
    assert any("default-src 'none'" in found.get("content", "") for tag, found in page.tags if tag == "meta")
