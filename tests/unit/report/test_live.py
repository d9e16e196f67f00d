"""What a terminal shows: steps while they run, the table of certificates in 80 columns; nothing of it in a pipe."""

from __future__ import annotations

import io
import logging
from dataclasses import replace

import pytest
from rich.console import Console

from acmewrap.cli.output import Printer
from acmewrap.cli.parser import parse
from acmewrap.engine.results import StepEnded, StepLine, StepResult, StepStarted
from acmewrap.failures import failure
from acmewrap.plan.steps import IssueCertificate
from acmewrap.reasons import Plain
from acmewrap.report import live, screen
from acmewrap.state.ledger import LedgerEntry
from results import AUTHORITY, CERTIFICATE, DEPLOY, MISSING, NOW, SEEN, VALID

ISSUE = IssueCertificate(Plain.NOT_YET_ISSUED, replace(CERTIFICATE, name="nas [main]"), AUTHORITY)


def terminal(width: int = 80) -> Console:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=True, width=width, highlight=False, soft_wrap=True, color_system=None)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_step_stays_on_the_screen_with_its_outcome() -> None:
    console = terminal()
    steps = live.LiveSteps(console)
    steps.start()
    steps(StepStarted(ISSUE))
    steps(StepLine(ISSUE, "acme.sh talks"))
    steps(StepEnded(StepResult(ISSUE, "done", seconds=2.5)))
    steps(StepStarted(DEPLOY))
    reported = failure("deploy.failed", "it [did] not", ["last words"])
    steps(StepEnded(StepResult(DEPLOY, "failed", reported, 1.0)))
    steps.stop()
    text = text_of(console)
    assert "✓ issue nas [main]: done in 2.5 s" in text
    assert "✗ deploy nas to dsm: FAILED after 1.0 s" in text
    assert "  it [did] not [deploy.failed]" in text
    assert "  | last words" in text
    assert "acme.sh talks" not in text


def test_what_is_logged_meanwhile_stands_above_the_steps_that_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console, printer = terminal(), Printer(parse(["apply"]))
    monkeypatch.setattr(printer, "_console", lambda: console)
    with printer.following() as listener:
        listener(StepStarted(ISSUE))
        logging.getLogger("acmewrap.driver.release.sources").info("the release URL is tried")
        listener(StepEnded(StepResult(ISSUE, "done", seconds=2.5)))
    assert "  the release URL is tried\n" in text_of(console)
    assert capsys.readouterr().err == ""


def test_lines_of_acme_sh_are_shown_when_asked_for() -> None:
    console = terminal()
    steps = live.LiveSteps(console, verbose=True)
    steps.start()
    steps(StepStarted(ISSUE))
    steps(StepLine(ISSUE, "acme.sh [talks]"))
    steps(StepEnded(StepResult(ISSUE, "done", seconds=2.5)))
    steps.stop()
    assert "  | acme.sh [talks]" in text_of(console)


def test_a_step_that_was_skipped_was_never_started() -> None:
    console = terminal()
    steps = live.LiveSteps(console)
    steps.start()
    steps(StepEnded(StepResult(DEPLOY, "skipped", failure("step.skipped", "no certificate"))))
    steps.stop()
    assert "- deploy nas to dsm: skipped" in text_of(console)


def test_a_certificate_with_two_targets_fits_into_80_columns() -> None:
    names = ("nas.internal.example.com", "files.internal.example.com")
    nas = replace(
        VALID,
        certificate=replace(CERTIFICATE, domains=names),
        targets={"dsm": SEEN, "web": replace(SEEN, state="pending", entry=LedgerEntry())},
    )
    new = replace(MISSING, certificate=replace(MISSING.certificate, domains=("new.example.com",)))
    console = terminal()
    live.print_status(console, {"nas": nas, "new": new}, NOW)
    lines = text_of(console).splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for piece in (
        "nas.internal.example.com",
        "files.internal.example.com",
        "valid, 1 day left",
        "dsm: deployed, seen",
        "web: pending",
        "missing",
    ):
        assert piece in text
    assert "- left" not in text


def test_a_pipe_is_no_terminal() -> None:
    assert live.open_console() is None


def test_the_table_is_the_same_with_and_without_rich() -> None:
    plain = [
        "".join(part for part, _ in line) for line in screen.status_table({"nas": VALID, "bare": MISSING}, NOW, 80)
    ]
    console = terminal()
    live.print_status(console, {"nas": VALID, "bare": MISSING}, NOW)
    assert text_of(console).splitlines() == plain


@pytest.mark.parametrize("colours", [True, False])
def test_no_color_takes_away_colours_and_nothing_else(colours: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = live.open_console(colours=colours)
    assert console is not None
    with console.capture() as captured:
        live.print_status(console, {"nas": VALID}, NOW)
    assert ("\x1b[32m" in captured.get()) == colours
    assert "\x1b[1m" in captured.get()
    assert "dsm: " in captured.get()
