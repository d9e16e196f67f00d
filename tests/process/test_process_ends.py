"""Real children that do not behave: each is ended in time, with everything it started."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Callable, Iterator, List, Mapping, Tuple

import pytest

from acmewrap.driver.process import Command, Completed, ProcessRunner
from acmewrap.errors import CommandError
from acmewrap.secrets import Secret

PATIENCE = 30.0  # seconds; only ever waited for in full when something is broken
GRACE = 0.3


@pytest.fixture
def runner() -> ProcessRunner:
    return ProcessRunner(grace=GRACE)


def script(
    tmp_path: Path, text: str, *, timeout: float = PATIENCE, secrets: Tuple[Secret, ...] = (), **env: str
) -> Command:
    environment: Mapping[str, str] = {"PATH": os.environ["PATH"], **env}
    return Command("renew", ("/bin/bash", "-c", text), environment, tmp_path, timeout, secrets)


def alive(tmp_path: Path) -> List[int]:
    """The processes that wrote their number to a file in ``pids`` and are still there."""
    found = []
    for path in (tmp_path / "pids").iterdir():
        status = Path("/proc", path.name, "stat")
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if status.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z":
                found.append(int(path.name))
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _no_process_is_left(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "pids").mkdir()
    yield
    left = alive(tmp_path)
    for number in left:
        os.kill(number, signal.SIGKILL)
    assert left == []


STUBBORN = """
trap '' TERM
touch pids/$$
for i in 1 2; do (trap '' TERM; touch pids/$BASHPID; (trap '' TERM; touch pids/$BASHPID; {inner}) & {inner}) & done
echo started
{inner}
"""
SLEEPING = "while :; do sleep 0.05; done"


@pytest.mark.parametrize("inner", [SLEEPING, f"exec >/dev/null 2>&1; {SLEEPING}"], ids=["loud", "silent"])
def test_after_the_deadline_nothing_is_left_of_what_ignores_term(
    tmp_path: Path, runner: ProcessRunner, inner: str
) -> None:
    for timeout in (1.0, 5.0, 25.0):  # a slow machine may not have started them all so soon
        done = runner.run(script(tmp_path, STUBBORN.format(inner=inner), timeout=timeout))
        assert done.ended_by_deadline
        assert done.returncode == -signal.SIGKILL
        if len(list((tmp_path / "pids").iterdir())) >= 5 and "started" in done.lines:
            break
    assert len(list((tmp_path / "pids").iterdir())) >= 5
    wait_until(lambda: alive(tmp_path) == [])


def test_a_parent_that_obeys_and_leaves_silent_children_behind_takes_them_along(
    tmp_path: Path, runner: ProcessRunner
) -> None:
    text = f"(trap '' TERM; touch pids/$BASHPID; exec >/dev/null 2>&1; {SLEEPING}) & while :; do sleep 0.05; done"
    for timeout in (1.0, 5.0, 25.0):
        done = runner.run(script(tmp_path, text, timeout=timeout))
        assert done.ended_by_deadline
        assert done.returncode == -signal.SIGTERM
        if list((tmp_path / "pids").iterdir()):
            break
    assert list((tmp_path / "pids").iterdir())
    wait_until(lambda: alive(tmp_path) == [])


def test_a_child_that_closed_its_output_still_has_a_deadline(tmp_path: Path, runner: ProcessRunner) -> None:
    done = runner.run(script(tmp_path, f"touch pids/$$; exec >/dev/null 2>&1; {SLEEPING}", timeout=0.5))
    assert done.ended_by_deadline


def test_a_child_that_prints_without_pause_still_has_a_deadline(tmp_path: Path, runner: ProcessRunner) -> None:
    for timeout in (0.5, 5.0, 25.0):
        done = runner.run(script(tmp_path, "touch pids/$$; exec yes", timeout=timeout))
        assert done.ended_by_deadline
        if done.lines:
            break
    assert done.lines[0] == "y"


def test_a_question_gets_the_end_of_the_file(tmp_path: Path, runner: ProcessRunner) -> None:
    done = runner.run(script(tmp_path, 'read -r -p "Enter OTP code: " answer || echo "nobody there"'))
    assert (done.returncode, done.lines[-1]) == (0, "nobody there")


def test_both_streams_keep_their_order(tmp_path: Path, runner: ProcessRunner) -> None:
    done = runner.run(script(tmp_path, "echo 1; echo 2 >&2; echo 3; exit 7"))
    assert (done.lines, done.returncode) == (("1", "2", "3"), 7)


def test_nothing_of_our_environment_reaches_a_child(
    tmp_path: Path, runner: ProcessRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE", "1")
    done = runner.run(script(tmp_path, "export -p", GIVEN="1"))
    assert any("GIVEN" in line for line in done.lines)
    assert not any("FORCE" in line for line in done.lines)


def test_a_grandchild_that_holds_the_pipe_has_a_grace(tmp_path: Path, runner: ProcessRunner) -> None:
    done = runner.run(script(tmp_path, f"(touch pids/$BASHPID; {SLEEPING}) & echo mine; exit 3"))
    assert (done.returncode, done.lines, done.ended_by_deadline) == (3, ("mine",), False)
    wait_until(lambda: alive(tmp_path) == [])


def test_what_a_grandchild_says_within_its_grace_is_heard(tmp_path: Path) -> None:
    done = ProcessRunner(grace=PATIENCE).run(script(tmp_path, "(sleep 0.2; echo late) & echo early"))
    assert done.lines == ("early", "late")


def test_a_server_that_detached_itself_is_not_waited_for_and_lives(tmp_path: Path, runner: ProcessRunner) -> None:
    done = runner.run(
        script(tmp_path, f"setsid bash -c 'touch pids/$$; {SLEEPING}' & until [ \"$(ls pids)\" ]; do :; done")
    )
    assert done.returncode == 0
    (server,) = alive(tmp_path)
    os.kill(server, signal.SIGKILL)
    wait_until(lambda: alive(tmp_path) == [])


def test_a_hundred_megabytes_do_not_fill_the_memory(tmp_path: Path, runner: ProcessRunner) -> None:
    seen = [0]

    def count(_: str) -> None:
        seen[0] += 1

    tracemalloc.start()
    try:
        line = "x" * 999
        done = runner.run(script(tmp_path, f"yes {line} | head -c 100000000; echo; echo last"), count)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert done.lines[-1] == "last"
    assert seen[0] == 100_002
    assert peak < 20_000_000


def test_a_line_that_never_ends_does_not_fill_the_memory(tmp_path: Path, runner: ProcessRunner) -> None:
    tracemalloc.start()
    try:
        done = runner.run(script(tmp_path, "head -c 50000000 /dev/zero | tr '\\0' x; echo; echo last"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(done.lines), done.lines[-1]) == (2, "last")
    assert peak < 10_000_000


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path, runner: ProcessRunner) -> None:
    assert runner.run(script(tmp_path, r"printf 'caf\351 \377\n'")).lines == ("caf\ufffd \ufffd",)


def test_a_secret_is_seen_in_none_of_its_forms(tmp_path: Path, runner: ProcessRunner) -> None:
    secret = 'it\'s "p4ss" $word & %41\\'
    text = """
    echo "raw $S"
    echo "base64 $(printf %s "$S" | base64)"
    echo "base64 with newline $(printf '%s\\n' "$S" | base64)"
    printf 'quoted %q\\n' "$S"
    set -x; : "$S"
    """
    done = runner.run(script(tmp_path, text, secrets=(Secret(secret),), S=secret))
    reported = "\n".join(done.lines)
    assert reported.count("***") >= 4
    assert not [form for form in ("p4ss", "word", "cDRzc") if form in reported]


def test_a_program_that_cannot_be_started_is_named(tmp_path: Path, runner: ProcessRunner) -> None:
    with pytest.raises(CommandError) as caught:
        runner.run(Command("renew", ("/nowhere/bash", "x"), {}, tmp_path, 1.0))
    assert caught.value.id == "tool.missing"
    assert "/nowhere/bash" in str(caught.value)
    assert caught.value.command == "/nowhere/bash x"


def test_a_signal_from_outside_is_a_negative_code(tmp_path: Path, runner: ProcessRunner) -> None:
    assert runner.run(script(tmp_path, "kill -9 $$")).returncode == -signal.SIGKILL


def test_a_cancellation_ends_what_runs_in_every_thread(tmp_path: Path, runner: ProcessRunner) -> None:
    caught: List[str] = []

    def work() -> None:
        try:
            runner.run(script(tmp_path, STUBBORN.format(inner=SLEEPING)))
        except CommandError as error:
            caught.append(error.id)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(list((tmp_path / "pids").iterdir())) == 15)
    runner.cancel()
    for thread in threads:
        thread.join(PATIENCE)
    assert caught == ["run.interrupted"] * 3
    wait_until(lambda: alive(tmp_path) == [])


def test_an_interruption_from_the_keyboard_ends_the_group(tmp_path: Path, runner: ProcessRunner) -> None:
    def interrupt() -> None:
        wait_until(lambda: len(list((tmp_path / "pids").iterdir())) == 5)
        _thread.interrupt_main()

    helper = threading.Thread(target=interrupt)
    helper.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            runner.run(script(tmp_path, STUBBORN.format(inner=SLEEPING)))
    finally:
        helper.join()
    wait_until(lambda: alive(tmp_path) == [])


def test_many_run_side_by_side(tmp_path: Path, runner: ProcessRunner) -> None:
    results: List[Completed] = []
    threads = [
        threading.Thread(target=lambda n=number: results.append(runner.run(script(tmp_path, f"echo {n}; exit {n}"))))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((done.returncode, done.lines) for done in results) == [(n, (str(n),)) for n in range(8)]


def test_no_descriptor_is_left_open(tmp_path: Path, runner: ProcessRunner) -> None:
    runner.run(script(tmp_path, "true"))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        runner.run(script(tmp_path, "echo x"))
        with pytest.raises(CommandError):
            runner.run(Command("renew", ("/nowhere",), {}, tmp_path, 1.0))
    assert len(os.listdir("/proc/self/fd")) == before
