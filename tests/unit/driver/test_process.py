"""How a child is started and what becomes of its lines; no process is."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import List, Tuple

import pytest
from pytest_subprocess import FakeProcess

from acmewrap.driver.process import KEPT, LINE_LIMIT, Command, ProcessRunner, _Lines
from acmewrap.errors import CommandError
from acmewrap.secrets import Redactor, Secret

SECRET = Secret("p4ss word'\"$&%")


def command(*secrets: Secret) -> Command:
    return Command("renew", ("/bin/bash", "acme.sh", "--renew"), {"PATH": "/bin", "X": "1"}, Path("/"), 5.0, secrets)


@pytest.fixture
def sent() -> List[Tuple[int, int]]:
    return []


@pytest.fixture
def runner(sent: List[Tuple[int, int]]) -> ProcessRunner:
    return ProcessRunner(kill_group=lambda group, number: sent.append((group, number)))


def test_a_child_gets_its_environment_a_closed_input_and_a_session_of_its_own(
    fp: FakeProcess, runner: ProcessRunner
) -> None:
    recorder = fp.register(["/bin/bash", "acme.sh", "--renew"], stdout=["one", "two"])
    done = runner.run(command())
    (call,) = recorder.calls
    arguments = call.kwargs
    assert arguments is not None
    assert arguments["env"] == {"PATH": "/bin", "X": "1"}
    assert arguments["stdin"] == subprocess.DEVNULL
    assert arguments["stderr"] == subprocess.STDOUT
    assert arguments["cwd"] == "/"
    assert arguments["start_new_session"] is True
    assert "shell" not in arguments
    assert (done.returncode, done.lines, done.ended_by_deadline) == (0, ("one", "two"), False)


def test_a_bad_end_is_a_result(fp: FakeProcess, runner: ProcessRunner, sent: List[Tuple[int, int]]) -> None:
    fp.register(["/bin/bash", fp.any()], returncode=2, stdout="no newline at the end")
    done = runner.run(command())
    assert (done.returncode, done.lines, sent) == (2, ("no newline at the end",), [])


def test_lines_come_as_they_are_printed_without_secrets(fp: FakeProcess, runner: ProcessRunner) -> None:
    fp.register(["/bin/bash", fp.any()], stdout=[f"login with {SECRET.reveal()}", "done"])
    seen: List[str] = []
    done = runner.run(command(SECRET), seen.append)
    assert seen == ["login with ***", "done"]
    assert done.lines == ("login with ***", "done")


def test_an_error_of_the_listener_ends_the_group(
    fp: FakeProcess, runner: ProcessRunner, sent: List[Tuple[int, int]]
) -> None:
    fp.register(["/bin/bash", fp.any()], stdout=["one"])

    def fail(_: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        runner.run(command(), fail)
    assert [number for _, number in sent] == [signal.SIGTERM, signal.SIGKILL]


def test_after_a_cancellation_nothing_starts(fp: FakeProcess, runner: ProcessRunner) -> None:
    runner.cancel()
    with pytest.raises(CommandError) as caught:
        runner.run(command())
    assert caught.value.id == "run.interrupted"
    assert list(fp.calls) == []


def test_the_environment_and_the_secrets_of_a_command_are_not_printed() -> None:
    reported = repr(Command("deploy", ("x",), {"SYNO_PASSWORD": "hunter2"}, Path("/"), 1.0, (Secret("hunter2"),)))
    assert "hunter2" not in reported


def test_a_printable_command_can_be_pasted_and_holds_no_secret() -> None:
    one = Command("deploy", ("a b", SECRET.reveal()), {}, Path("/"), 1.0, (SECRET,))
    assert one.printable() == "'a b' ***"


# --- lines ---


def lines(*data: bytes, secrets: Tuple[Secret, ...] = ()) -> Tuple[str, ...]:
    collected = _Lines(Redactor(secrets), None)
    for part in data:
        collected.feed(part)
    collected.end()
    return collected.kept()


def test_lines_are_put_together_from_what_the_pipe_gives() -> None:
    assert lines(b"on", b"e\ntw", b"o\r\n\nthr", b"ee") == ("one", "two", "", "three")


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert lines(b"caf\xe9 \xff\xfe\n\xe2\x82", b"\xac\n") == ("caf\ufffd \ufffd\ufffd", "€")


def test_a_line_without_an_end_is_cut() -> None:
    (line,) = lines(*[b"x" * 65536] * 20)
    assert line == "x" * LINE_LIMIT + " ..."
    assert lines(b"x" * LINE_LIMIT + b"\n") == ("x" * LINE_LIMIT,)


@pytest.mark.parametrize("begin", range(-20, 21))
def test_a_secret_that_lies_across_the_cut_is_not_seen(begin: int) -> None:
    secret = "correct-horse-battery"
    (line,) = lines(b"x" * (LINE_LIMIT + begin) + secret.encode() + b"y" * 100 + b"\n", secrets=(Secret(secret),))
    assert "c" not in line
    assert line.startswith("x" * 1000)


def test_a_secret_that_lies_across_two_reads_is_not_seen() -> None:
    assert lines(b"a corr", b"ect-horse b\n", secrets=(Secret("correct-horse"),)) == ("a *** b",)


def test_a_secret_of_several_lines_is_not_seen() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----"
    assert lines(f"key: {key}\n".encode(), secrets=(Secret(key),)) == ("key: ***", "***", "***")


def test_of_very_much_the_middle_is_left_out() -> None:
    collected = _Lines(Redactor(), None)
    count = 200_000
    for number in range(count):
        collected.feed(b"line %d\n" % number)
    collected.end()
    kept = collected.kept()
    gap = next(line for line in kept if "left out" in line)
    assert kept[0] == "line 0"
    assert kept[-1] == f"line {count - 1}"
    assert int(gap.split()[1]) + len(kept) - 1 == count
    assert sum(map(len, kept)) < 2 * KEPT


def test_long_lines_take_no_more_room_than_many() -> None:
    collected = _Lines(Redactor(), None)
    for _ in range(200):
        collected.feed(b"x" * 60_000 + b"\n")
    assert sum(map(len, collected.kept())) < 2 * KEPT + 100
