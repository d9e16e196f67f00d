"""Commands as a user that the password file does not know, without HOME, and as one to whom the folder is closed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Iterator

import pytest

from acmewrap.cli import main
from configuration import BASE
from unprivileged import folder_of_nobody, run_unprivileged

UNKNOWN = 4242
COMMANDS = (
    "check",
    "plan",
    "apply",
    "cron",
    "status",
    "doctor",
    "doctor --fix",
    "schedule show",
    "revoke nas --yes",
    "install",
)
IN_EACH_RUN = (
    "check",
    "plan",
    "status",
)  # of the others there is each time the same wait for a server that is not there


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_of_nobody() as found:
        (found / "acmewrap.yaml").write_text(BASE.replace("/var/www", f"{found}/web"), encoding="utf-8")
        (found / "acmewrap.yaml").chmod(0o644)
        yield found


def started(folder: Path, words: str) -> Callable[[], int]:
    def work() -> int:
        for name in ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            os.environ.pop(name, None)
        return main(["--config", str(folder / "acmewrap.yaml"), *words.split()])

    return work


@pytest.mark.parametrize(
    "words", [pytest.param(words, marks=() if words in IN_EACH_RUN else pytest.mark.slow) for words in COMMANDS]
)
def test_a_user_without_a_name_or_a_home_meets_no_unexpected_error(folder: Path, tmp_path: Path, words: str) -> None:
    if os.geteuid() == 0:
        os.chown(str(folder), UNKNOWN, UNKNOWN)
    run_unprivileged(started(folder, words), tmp_path / "output", UNKNOWN)
    said = (tmp_path / "output").read_text(encoding="utf-8")
    assert "Traceback" not in said
    assert "internal.unexpected" not in said


@pytest.mark.parametrize("words", ["plan", "--json plan", "status", "--json status", "doctor", "revoke nas --yes"])
def test_a_certificate_that_this_user_may_not_see_is_not_called_missing(
    folder: Path, tmp_path: Path, words: str
) -> None:
    stored = folder / ".acme.sh" / "nas.example.com_ecc"
    stored.mkdir(parents=True)
    (stored / "nas.example.com.conf").write_text("Le_Domain='nas.example.com'\n", encoding="utf-8")
    (stored / "nas.example.com.conf").chmod(0)
    assert run_unprivileged(started(folder, words), tmp_path / "output") == (
        6 if words == "doctor" else 77
    )  # its first finding
    said = (tmp_path / "output").read_text(encoding="utf-8")
    assert "nas.example.com.conf: Permission denied" in said
    assert "not yet issued" not in said
    assert "was not issued" not in said
