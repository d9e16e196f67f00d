"""What is printed may get lost; what is done is done all the same, and the exit code tells."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import List, Optional

import pytest
from rich.console import Console
from rich.progress import Progress

from acmewrap import cli
from acmewrap.cli import commands, streams
from acmewrap.cli.invocation import Invocation
from acmewrap.cli.output import Printer
from acmewrap.cli.parser import parse
from acmewrap.engine.results import StepEnded, StepResult, StepStarted
from acmewrap.errors import ExitCode
from acmewrap.report import live, screen
from acmewrap.system.privileges import cache_folder
from results import DEPLOY


class Broken(io.StringIO):
    """A stream that takes so many writes, and then fails."""

    encoding = "utf-8"

    def __init__(self, error: Exception, after: int = 0) -> None:
        super().__init__()
        self._error = error
        self._left = after

    def write(self, text: str) -> int:
        self._left -= 1
        if self._left < 0:
            raise self._error
        return super().write(text)


FULL = OSError(errno.ENOSPC, "No space left on device")


def ascii_stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """What a command did that prints before, meanwhile and after."""
    did: List[str] = []

    def run(invocation: Invocation) -> ExitCode:
        with invocation.printer.following() as listen:
            listen(StepStarted(DEPLOY))
            did.append("the work")
            listen(StepEnded(StepResult(DEPLOY, "done")))
        invocation.printer.lines(["ünicode ✓"])
        did.append("the end")
        return CODE[0]

    CODE[0] = ExitCode.OK
    monkeypatch.setattr(commands, "run", run)
    return did


CODE: List[ExitCode] = [ExitCode.OK]


def run_with(
    monkeypatch: pytest.MonkeyPatch, stdout: Optional[io.TextIOBase], stderr: Optional[io.TextIOBase] = None
) -> int:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", stderr)
        return cli.main(["apply"])


@pytest.mark.parametrize("after", range(4))
def test_a_full_standard_output_ends_no_work_and_is_told(
    done: List[str], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    stderr = io.StringIO()
    assert run_with(monkeypatch, Broken(FULL, after), stderr) == ExitCode.REPORT_LOST
    assert done == ["the work", "the end"]
    assert "standard output: No space left on device [output.lost]" in stderr.getvalue()


def test_both_streams_full_end_no_work(done: List[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_with(monkeypatch, Broken(FULL), Broken(FULL)) == ExitCode.REPORT_LOST
    assert done == ["the work", "the end"]


@pytest.mark.usefixtures("done")
def test_a_failure_is_said_before_a_lost_report(monkeypatch: pytest.MonkeyPatch) -> None:
    CODE[0] = ExitCode.DEPLOY_FAILED
    assert run_with(monkeypatch, Broken(FULL), Broken(FULL)) == ExitCode.DEPLOY_FAILED


def test_a_reader_that_has_gone_and_a_closed_stream_are_no_failure(
    done: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = io.StringIO()
    assert run_with(monkeypatch, Broken(BrokenPipeError(), 1)) == ExitCode.OK
    assert run_with(monkeypatch, None) == ExitCode.OK
    closed.close()
    assert run_with(monkeypatch, closed, io.StringIO()) == ExitCode.REPORT_LOST  # it was open when we began to count
    assert done == 3 * ["the work", "the end"]


@pytest.mark.usefixtures("done")
def test_a_letter_that_the_encoding_lacks_is_spelt_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = ascii_stream()
    assert run_with(monkeypatch, stdout) == ExitCode.OK
    stdout.flush()
    assert b"\\xfcnicode \\u2713\n" in stdout.buffer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("done")
def test_the_streams_are_the_callers_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        cli.main(["apply"])
        assert sys.stdout is stdout


def test_a_fault_in_what_is_shown_ends_no_work(
    done: List[str], monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("a word")

    monkeypatch.setattr(screen, "result_lines", fail)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    stderr = io.StringIO()
    assert run_with(monkeypatch, io.StringIO(), stderr) == ExitCode.UNEXPECTED
    assert done == ["the work", "the end"]
    assert "[internal.unexpected]" in stderr.getvalue()
    assert list(cache_folder(os.environ).glob("unexpected-*.txt"))


@pytest.mark.parametrize("method", ["start", "stop", "add_task"])
def test_a_terminal_that_takes_no_more_ends_no_work(
    done: List[str], monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    real = getattr(Progress, method)

    def fail(*given: object, **named: object) -> None:
        if method != "start":
            real(*given, **named)
        raise OSError(errno.EIO, "Input/output error")

    stdout, stderr = io.StringIO(), io.StringIO()
    monkeypatch.setattr(stdout, "isatty", lambda: True)
    monkeypatch.setattr(live, "open_console", lambda **_: Console(file=stdout, force_terminal=True))
    monkeypatch.setattr(Progress, method, fail)
    assert run_with(monkeypatch, stdout, stderr) != ExitCode.OK
    assert done == ["the work", "the end"]
    assert "Input/output error" in stdout.getvalue() + stderr.getvalue()


def test_whoever_closed_standard_input_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert not Printer(parse(["apply"])).can_ask()


def test_a_closed_stream_is_no_terminal() -> None:
    assert not streams.Stream("standard output", None).isatty()
    closed = io.StringIO()
    closed.close()
    assert not streams.Stream("standard output", closed).isatty()
