"""The real crontab command, on the table of a user who has none; and the entry's line under cron's bare environment."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from acmewrap.config.model import Schedule
from acmewrap.errors import CommandError
from acmewrap.schedule import crontab
from acmewrap.schedule.backend import logged
from acmewrap.schedule.crontab import CrontabEntry

OTHERS = "# mine, to the letter\nSHELL=/bin/sh\n\t15 3 * * 0  /bin/true\t# 100\\%\n"


def entry(folder: Path, command: Tuple[str, ...] = ("/bin/true",), mail: str = "") -> CrontabEntry:
    schedule = Schedule(daily=(4, 55), mail=mail or None)
    return CrontabEntry(str(folder / "acmewrap.yaml"), schedule, (command,), folder / "task 100%.log")


def real(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/usr/bin/crontab", *words], input=text, capture_output=True, text=True, check=False)


@pytest.fixture
def own_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[List[str]]:
    """The words that name the table of this test. Root takes that of `nobody`; whatever was there comes back."""
    whose = ["-u", pwd.getpwuid(65534).pw_name] if os.geteuid() == 0 else []
    shim = tmp_path / "tools" / "crontab"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec /usr/bin/crontab {shlex.join(whose)} "$@"\n', encoding="ascii")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    before = real(*whose, "-l")
    real(*whose, "-r")
    try:
        yield whose
    finally:
        real(*whose, "-r")
        if before.returncode == 0:
            real(*whose, "-", text=before.stdout)


def test_no_table_is_an_empty_one(own_table: List[str]) -> None:
    assert real(*own_table, "-l").returncode == 1
    assert crontab.read() == ""


def test_what_is_written_is_read_again_to_the_letter(own_table: List[str], tmp_path: Path) -> None:
    real(*own_table, "-", text=OTHERS)
    assert crontab.read() == OTHERS
    one = entry(tmp_path)
    crontab.write(one.merge(crontab.read()))
    written = crontab.read()
    assert written == OTHERS + one.render()
    assert one.merge(written) == written
    crontab.write(one.without(written))
    assert crontab.read() == OTHERS


def test_a_table_that_cron_refuses_is_told_and_the_old_one_stays(own_table: List[str]) -> None:
    real(*own_table, "-", text=OTHERS)
    with pytest.raises(CommandError) as caught:
        crontab.write("99 99 99 99 99 nonsense\n")
    assert caught.value.id == "schedule.refused"
    assert crontab.read() == OTHERS


def test_a_machine_without_cron_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError) as caught:
        crontab.read()
    assert caught.value.id == "schedule.no_crontab"


def fire(one: CrontabEntry) -> subprocess.CompletedProcess[str]:
    """Run the entry's line as cron does: the first unescaped % ends it, and next to nothing is in the environment."""
    line = next(line for line in one.render().splitlines() if line[0].isdigit())
    command = line.split(None, 5)[5].replace("\\%", "%")
    environment = {"HOME": "/", "LOGNAME": "nobody", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        ["/bin/sh", "-c", command], env=environment, cwd="/", capture_output=True, text=True, check=False
    )


def test_the_line_logs_both_streams_and_hands_on_the_exit_code(tmp_path: Path) -> None:
    command = ("/bin/sh", "-c", "echo one; echo two >&2; echo '50%'; exit 5")
    done = fire(entry(tmp_path, command))
    assert (done.returncode, done.stdout, done.stderr) == (5, "", "")
    assert (tmp_path / "task 100%.log").read_text(encoding="utf-8").endswith("+00:00\none\ntwo\n50%\n")
    assert (tmp_path / "task 100%.log").stat().st_mode & 0o777 == 0o600


def test_with_mail_a_good_run_says_nothing_and_a_failed_one_shows_the_end_of_its_log(tmp_path: Path) -> None:
    assert fire(entry(tmp_path, ("/bin/echo", "all is well"), mail="ops@example.com")).stdout == ""
    done = fire(entry(tmp_path, ("/bin/sh", "-c", "echo it went wrong; exit 4"), mail="ops@example.com"))
    assert "failed" in done.stdout
    assert "it went wrong" in done.stdout


EDITOR = """\
import sys
from pathlib import Path
from acmewrap.config.model import Schedule
from acmewrap.schedule import crontab

for turn in range(2):
    for number in sys.argv[1:]:
        crontab.edit(crontab.CrontabEntry(f"/srv/{number}.yaml", Schedule(daily=(4, turn)), (("true",),), Path("/srv/log")).merge)
"""


def test_of_many_that_edit_the_table_at_once_every_entry_survives(own_table: List[str]) -> None:
    real(*own_table, "-", text=OTHERS)
    started = [subprocess.Popen([sys.executable, "-c", EDITOR, str(number)]) for number in range(6)]
    assert [one.wait(timeout=60) for one in started] == [0] * 6
    table = crontab.read()
    assert table.startswith(OTHERS)
    entries = [
        CrontabEntry(f"/srv/{number}.yaml", Schedule(daily=(4, 1)), (("true",),), Path("/srv/log"))
        for number in range(6)
    ]
    assert [one.find(table) for one in entries] == [one.render() for one in entries]


def test_an_entry_that_another_program_takes_back_is_written_again(own_table: List[str], tmp_path: Path) -> None:
    real(*own_table, "-", text=OTHERS)
    spoiled: List[str] = []

    def change(text: str) -> str:
        merged = entry(tmp_path).merge(text)
        if merged != text and not spoiled:
            spoiled.append(text)
            return text + "# nothing of ours\n"
        return merged

    assert crontab.edit(change)
    assert entry(tmp_path).is_in(crontab.read())


def test_an_entry_that_does_not_last_is_an_error(own_table: List[str]) -> None:
    real(*own_table, "-", text=OTHERS)
    with pytest.raises(CommandError) as caught:
        crontab.edit(lambda text: text + "# one more\n")
    assert caught.value.id == "schedule.not_kept"


@pytest.mark.parametrize("place", ["folder", "fifo", "missing folder"])
def test_a_run_whose_log_cannot_be_opened_takes_place_and_prints_to_the_scheduler(tmp_path: Path, place: str) -> None:
    log = tmp_path / "task.log"
    if place == "folder":
        log.mkdir()
    elif place == "fifo":
        os.mkfifo(log)
    else:
        log = tmp_path / "gone" / "task.log"
    words = ("/bin/sh", "-c", f"echo ran; touch {tmp_path}/ran; exit 3")
    line = f"umask 077; {logged(shlex.join(words), shlex.quote(str(log)))}"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False, timeout=10)
    assert (tmp_path / "ran").exists()
    assert (done.returncode, done.stdout) == (3, "ran\n")


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_log_that_can_be_written_takes_both_streams_and_the_time_of_each_run(tmp_path: Path, shell: str) -> None:
    log, words = tmp_path / "it's 100%.log", ("/bin/sh", "-c", "echo out; echo err >&2; exit 4")
    for _ in range(2):
        line = logged(shlex.join(words), shlex.quote(str(log)))
        done = subprocess.run([shell, "-c", line], capture_output=True, text=True, check=False, timeout=10)
        assert (done.returncode, done.stdout, done.stderr) == (4, "", "")
    moment = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    assert re.fullmatch(rf"({moment}\nout\nerr\n){{2}}", log.read_text(encoding="utf-8"))
