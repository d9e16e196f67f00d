"""What the command line ends with, and on which stream it says why."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from acmewrap import cli
from acmewrap.cli import output  # noqa: F401 - loaded while they can be read
from acmewrap.cli.commands import reports, runs  # noqa: F401 - likewise
from acmewrap.system import files
from forkserver import acmewrap
from unprivileged import folder_of_nobody, run_unprivileged

GOOD = """\
directory: .
authorities:
  internal: {server: "https://localhost:1/dir", ca_bundle: ca.crt}
certificates:
  nas: {domains: [nas.test], challenge: {webroot: /tmp}}
"""
BAD = """\
directory: .
authorities:
  internal: {server: "http://pki.test/dir", colour: red}
certificates:
  nas: {domains: [nas.test], challenge: {webrot: /tmp}, key: rsa}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "acmewrap.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "ca.crt").write_text("", encoding="utf-8")
    return tmp_path


def words(folder: Path, *more: str) -> List[str]:
    return ["--config", str(folder / "acmewrap.yaml"), *more]


@pytest.mark.parametrize(
    "wrong",
    [["nonsense"], ["apply", "--nonsense"], ["--timeout", "-3", "apply"], ["--timeout", "x", "apply"], ["completion"]],
)
def test_wrong_usage_ends_with_2_and_a_usage_line_on_standard_error(wrong: List[str]) -> None:
    done = acmewrap(*wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: acmewrap")


def test_help_names_every_exit_code() -> None:
    done = acmewrap("--help")
    assert done.returncode == 0
    for code in ("0", "1", "2", "3", "4", "5", "6", "69", "75", "77", "78", "130", "143"):
        assert f" {code} " in done.stdout.replace("\n", " ").replace(":", " ")


def test_problems_of_the_file_end_with_78_all_of_them_and_the_remedy_last(folder: Path) -> None:
    (folder / "acmewrap.yaml").write_text(BAD, encoding="utf-8")
    for command in ("check", "apply", "cron", "status"):
        done = acmewrap(*words(folder, command))
        assert (done.returncode, done.stdout) == (78, "")
        *problems, remedy = done.stderr.splitlines()
        assert remedy.startswith("What to do: ")
        assert len(problems) >= 3
        assert all(line.startswith(f"{folder / 'acmewrap.yaml'}:") for line in problems)
    assert sorted(one.name for one in folder.iterdir() if one.name != "home") == ["acmewrap.yaml", "ca.crt"]


def test_a_file_that_is_not_there_ends_with_78(tmp_path: Path) -> None:
    done = acmewrap("--config", str(tmp_path / "none.yaml"), "check")
    assert done.returncode == 78
    assert "does not exist" in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"What to do: Write one with `{sys.executable} -m acmewrap init`")


def test_an_unknown_certificate_is_told_with_those_that_are_known(folder: Path) -> None:
    done = acmewrap(*words(folder, "issue", "nsa"))
    assert done.returncode != 0
    assert "[certificate.unknown]" in done.stderr
    assert done.stderr.splitlines()[-1] == "What to do: Name one of these: nas."


def test_another_run_at_work_ends_with_75(folder: Path) -> None:
    with files.lock(folder / ".acme.sh" / ".lock"):
        done = acmewrap(*words(folder, "--json", "issue"))
    document = json.loads(done.stdout)
    assert (done.returncode, document["exit_code"], document["error"]["id"]) == (75, 75, "run.busy")
    assert str(os.getpid()) in document["error"]["message"]


def test_a_file_of_another_user_ends_with_77() -> None:
    with folder_of_nobody() as place:
        file = place / "acmewrap.yaml"
        file.write_text(GOOD.replace(", ca_bundle: ca.crt", ""), encoding="utf-8")
        assert cli.main(["--config", str(file), "check"]) == 0  # what is imported may lie where only root can read
        file.chmod(0o000)
        code = run_unprivileged(lambda: cli.main(["--config", str(file), "check"]), place / "output")
        reported = (place / "output").read_text(encoding="utf-8")
    assert code == 77, reported
    assert "What to do: " in reported


def test_a_reader_that_has_seen_enough_is_no_error_worth_a_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "acmewrap", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_what_nobody_expected_is_one_document_and_one_report(tmp_path: Path) -> None:
    program = (
        "import sys; from acmewrap import cli; from acmewrap.cli import commands\n"
        "def run(_): raise ValueError('\\x1b]0;owned\\x07 s3cr3t')\n"
        "commands.run = run; sys.argv = ['acmewrap', '--json', 'version']; sys.exit(cli.start())"
    )
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environ)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, done.stderr, error["id"]) == (1, "", "internal.unexpected")
    (report,) = (tmp_path / "acmewrap").iterdir()
    assert str(report) in error["remedy"]
    assert "s3cr3t" not in report.read_text(encoding="utf-8") + done.stdout


def test_a_traceback_is_clean_too() -> None:
    program = (
        "import sys; from acmewrap import cli; from acmewrap.cli import parser\n"
        "def run(_): raise ValueError('\\x1b]0;owned\\x07 \\x9b31m')\n"
        "parser.parse = run; sys.argv = ['acmewrap', 'version']; sys.exit(cli.start())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.endswith("ValueError: \\x1b]0;owned\\x07 \\x9b31m\n")
    assert done.stderr.replace("\n", "").isprintable()


def test_pending_changes_end_with_2_on_request(folder: Path) -> None:
    assert acmewrap(*words(folder, "plan")).returncode == 0
    assert acmewrap(*words(folder, "plan", "--exit-code")).returncode == 2
    document = json.loads(acmewrap(*words(folder, "--json", "plan", "--exit-code")).stdout)
    assert (document["exit_code"], document["outcome"], document["changed"]) == (2, "pending", True)


def test_options_may_stand_before_and_after_the_command(folder: Path) -> None:
    before = acmewrap(*words(folder, "--json", "check"))
    after = acmewrap("check", "--json", "--config", str(folder / "acmewrap.yaml"))
    assert before.stdout == after.stdout
    assert list(json.loads(after.stdout)["certificates"]) == ["nas"]


def test_quiet_says_nothing_when_all_is_well(folder: Path) -> None:
    done = acmewrap(*words(folder, "-q", "check"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_a_step_does_beside_itself_is_told_on_standard_error(folder: Path) -> None:
    text = GOOD + "acme_sh: {archive: nowhere.tar.gz}\n"
    (folder / "acmewrap.yaml").write_text(text, encoding="utf-8")
    loud, quiet_one = acmewrap(*words(folder, "install")), acmewrap(*words(folder, "--quiet", "install"))
    assert loud.returncode == quiet_one.returncode == 6
    assert "acme.sh 3.1.1: trying " in loud.stderr
    assert "trying" not in quiet_one.stderr


def test_installing_acme_sh_asks_no_nas(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nas:
        nas.setblocking(False)
        port = nas.getsockname()[1]
        text = GOOD.replace("{webroot: /tmp}", "{webroot: /tmp}, deploy: {dsm: synology}") + (
            "acme_sh: {archive: nowhere.tar.gz}\n"
            f"synology: {{url: 'http://127.0.0.1:{port}', verify: '127.0.0.1:{port}', "
            "account: {name: u, password: {env: P}}}\n"
        )
        (folder / "acmewrap.yaml").write_text(text, encoding="utf-8")
        assert acmewrap(*words(folder, "install")).returncode == 6
        with pytest.raises(BlockingIOError):
            nas.accept()


IN_CLEAR = """\
synology:
  url: http://nas.test:5000
  account: {name: u, password: {env: P}}
  verify: no
"""


def test_warnings_are_shown_and_are_no_failure(folder: Path) -> None:
    (folder / "acmewrap.yaml").write_text(GOOD + IN_CLEAR, encoding="utf-8")
    done = acmewrap(*words(folder, "check"))
    assert (done.returncode, done.stdout) == (0, f"{folder}/acmewrap.yaml: no problems, 1 warning, 1 certificate\n")
    assert done.stderr.startswith(
        f"{folder}/acmewrap.yaml:7:3: warning: synology.url: http to nas.test, which is not this"
    )
    assert len(done.stderr.splitlines()) == 1
    quiet_one = acmewrap(*words(folder, "--quiet", "check"))
    assert (quiet_one.returncode, quiet_one.stdout, quiet_one.stderr) == (0, "", "")


def test_warnings_are_in_the_documents_of_check_and_doctor(folder: Path) -> None:
    (folder / "acmewrap.yaml").write_text(GOOD + IN_CLEAR, encoding="utf-8")
    for command in ("check", "doctor"):
        done = acmewrap(*words(folder, "--json", command))
        (warning,) = json.loads(done.stdout)["warnings"]
        assert sorted(warning) == ["column", "file", "line", "message", "path"]
        assert (warning["line"], warning["column"], warning["path"]) == (7, 3, "synology.url")
        assert done.stderr == ""
    assert "warning: synology.url: http to nas.test" in acmewrap(*words(folder, "doctor")).stderr


def test_a_rehearsal_at_a_directory_in_clear_is_refused_as_one_in_the_file_is(folder: Path) -> None:
    done = acmewrap(*words(folder, "rehearse", "--server", "http://pki.test/dir"))
    assert done.returncode == 2
    assert "--server: expected https: a directory read in the clear can be replaced" in done.stderr
