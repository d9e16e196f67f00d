"""Short questions to programs that do not behave: each is ended in time, with everything it started, and memory stays small."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from acmewrap.system import programs
from acmewrap.system.programs import ProgramError
from unprivileged import NOBODY, folder_of_nobody

REPOSITORY = Path(__file__).resolve().parent.parent.parent

PATIENCE = 10.0  # seconds on a busy machine; what is here takes less than one


def is_alive(pid_file: Path) -> bool:
    try:
        stat = Path("/proc", pid_file.read_text(encoding="ascii").strip(), "stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def ended(pid_file: Path) -> bool:
    deadline = time.monotonic() + PATIENCE
    while is_alive(pid_file) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid_file)


def test_a_program_is_looked_up_where_the_environment_that_it_is_given_says(tmp_path: Path) -> None:
    program = tmp_path / "token"
    program.write_text("#!/bin/sh\necho here\n", encoding="ascii")
    program.chmod(0o755)
    assert programs.ask("token", timeout=30.0, _env={"PATH": f"{tmp_path}:/usr/bin:/bin"}) == b"here\n"
    with pytest.raises(ProgramError) as caught:
        programs.ask("cat", timeout=30.0, _env={"PATH": str(tmp_path)})
    assert caught.value.missing


def test_with_a_program_that_does_not_answer_ends_what_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ProgramError, match="no answer for"):
        programs.ask("/bin/sh", "-c", f"sleep 60 & echo $! >{tmp_path}/pid; wait", timeout=0.3)
    assert ended(tmp_path / "pid")
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("stream", [1, 2])
def test_output_without_end_is_refused_at_once(stream: int) -> None:
    began = time.monotonic()
    with pytest.raises(ProgramError, match="prints more than"):
        programs.ask("/bin/sh", "-c", f"cat /dev/zero >&{stream}", timeout=60.0)
    assert time.monotonic() - began < PATIENCE


def test_an_answer_counts_although_a_child_goes_on_holding_the_pipe(tmp_path: Path) -> None:
    began = time.monotonic()
    assert programs.ask("/bin/sh", "-c", f"echo yes; sleep 60 & echo $! >{tmp_path}/pid", timeout=30.0) == b"yes\n"
    os.kill(int((tmp_path / "pid").read_text(encoding="ascii")), signal.SIGKILL)
    assert time.monotonic() - began < PATIENCE


def test_a_very_long_complaint_is_cut() -> None:
    with pytest.raises(ProgramError) as caught:
        programs.ask(
            "/bin/sh", "-c", "echo no crontab; head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 3", timeout=30.0
        )
    assert (caught.value.status, len(caught.value.stderr)) == (3, 2000)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_interrupted_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    code = (
        "import signal, sys\nfrom acmewrap.system import programs\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        f"programs.ask('/bin/sh', '-c', 'sleep 60 & echo $! >{tmp_path}/pid; wait', timeout=50.0)\n"
    )
    asking = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while not ((tmp_path / "pid").exists() and is_alive(tmp_path / "pid")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)  # the asking one has seen the start, too
    asking.send_signal(number)
    assert asking.wait(PATIENCE) != 0
    assert ended(tmp_path / "pid")


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can lay down its rights")
def test_a_program_that_became_root_again_is_ended_too(tmp_path: Path) -> None:
    """Whoever laid down root's rights may not send it a signal."""
    tmp_path.chmod(0o777)
    code = (
        "import os, pickle, sh\nfrom acmewrap.system import programs\nfrom acmewrap.system import privileges\n"
        "os.setresgid(65534, 65534, 0); os.setresuid(65534, 65534, 0)\n"
        f"try: programs.ask('/bin/sh', '-c', 'echo $$ >{tmp_path}/pid; sleep 60', timeout=0.3, "
        "_preexec_fn=privileges.way_back())\n"
        "except programs.ProgramError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.stdout == "no answer for 0.3 s\n", done.stderr
    assert ended(tmp_path / "pid")


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can make a program that runs as root")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("programs.ask(*words, timeout=0.3)", "ProgramError: no answer for 0.3 s"),
        (
            "print(ProcessRunner(grace=0.1).run(Command('x', words, {}, Path('/'), 0.3)).ended_by_deadline)",
            "True",
        ),
    ],
)
def test_a_program_with_the_rights_of_another_user_is_not_waited_for(call: str, says: str) -> None:
    with folder_of_nobody() as folder:
        program = folder / "perl"
        shutil.copy("/usr/bin/perl", str(program))
        program.chmod(0o4755)
        code = (
            "import sys\nfrom pathlib import Path\nfrom acmewrap.driver.process import Command, ProcessRunner\n"
            f"from acmewrap.system import programs\nwords = ('{program}', '-e', '$< = 0; sleep 60')  # sudo does likewise\n"
            f"try: {call}\nexcept Exception as error: print(f'{{type(error).__name__}}: {{error}}')\n"
        )
        words = [
            "setpriv",
            "--reuid",
            str(NOBODY),
            "--regid",
            str(NOBODY),
            "--clear-groups",
            sys.executable,
            "-c",
            code,
        ]
        began = time.monotonic()
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE, cwd=str(REPOSITORY))
        assert (done.stdout, done.returncode) == (f"{says}\n", 0), done.stderr
        assert 0.3 < time.monotonic() - began < PATIENCE
        subprocess.run(["pkill", "-KILL", "-f", str(program)], check=True)  # it was there all the time


def test_many_ask_at_once() -> None:
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(programs.ask("/bin/echo", "yes", timeout=30.0)))
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)
    assert answers == [b"yes\n"] * 8
