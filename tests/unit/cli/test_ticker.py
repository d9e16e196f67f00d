"""The sign of life on a terminal without rich."""

from __future__ import annotations

import io
import logging
import sys
import time

import pytest

from acmewrap.cli.output import Printer
from acmewrap.cli.parser import parse
from acmewrap.cli.ticker import Ticker
from acmewrap.engine.results import StepEnded, StepLine, StepResult, StepStarted
from acmewrap.report import live
from results import DEPLOY


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def wait_for(text: str, stream: io.StringIO) -> None:
    end = time.monotonic() + 10
    while text not in stream.getvalue():
        assert time.monotonic() < end, repr(stream.getvalue())
        time.sleep(0.01)


def left_of(shown: str) -> str:
    """What a terminal shows in the end of what was written to it."""
    rows = [""]
    column = 0
    for letter in shown:
        if letter == "\r":
            column = 0
        elif letter == "\n":
            rows.append("")
            column = 0
        else:
            rows[-1] = rows[-1][:column] + letter + rows[-1][column + 1 :]
            column += 1
    return "\n".join(row.rstrip() for row in rows)


def test_what_runs_is_shown_with_its_seconds_and_gives_way_to_what_is_written() -> None:
    stream = Terminal()
    with Ticker(stream, 0.01) as ticker:
        ticker.begin(1, "issue nas")
        ticker.begin(2, "issue mail")
        wait_for("issue nas 0 s, issue mail 0 s", stream)
        with ticker.aside():
            stream.write("issue mail: done\n")
            ticker.end(2)
        wait_for("done\n\rissue nas 0 s", stream)
    assert left_of(stream.getvalue()) == "issue mail: done\n"


def test_steps_on_a_terminal_without_rich_show_that_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(live, "open_console", lambda **_: None)
    with Printer(parse(["apply"])).following() as listener:
        listener(StepStarted(DEPLOY))
        logging.getLogger("acmewrap.test").info("asking for sudo")
        wait_for("\rdeploy nas to dsm 1 s", terminal)
        shown = terminal.getvalue()
        listener(StepLine(DEPLOY, "what only --verbose shows takes the sign of life from nobody"))
        assert terminal.getvalue() == shown
        listener(StepEnded(StepResult(DEPLOY, "done", seconds=1.2)))
    rows = left_of(terminal.getvalue()).splitlines()
    assert rows[0].startswith("deploy nas to dsm: ")
    assert rows[1:] == ["  asking for sudo", "deploy nas to dsm: done in 1.2 s"]


@pytest.mark.parametrize("words", [["apply", "--quiet"], ["apply"]])
def test_a_log_a_pipe_and_quiet_get_none(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal() if "--quiet" in words else io.StringIO()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", stream)
    with Printer(parse(words)).waiting("Looking"):
        time.sleep(1.1)
    assert stream.getvalue() == ""
