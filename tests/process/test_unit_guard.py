"""The guard over ``tests/unit``: it refuses processes and the network, and who deals with the refusal fails none the less."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import conftest
import pytest
import sh

from acmewrap.driver.process import Command, ProcessRunner
from unit_guard import UnitGuard

NOWHERE = "/nonexistent/program"


def listen() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))


@pytest.fixture(scope="module")
def guard() -> UnitGuard:
    return UnitGuard()


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: subprocess.run(["true"], check=False),
        lambda: os.posix_spawn(NOWHERE, [NOWHERE], {}),
        lambda: os.execv(NOWHERE, [NOWHERE]),
        lambda: os.system("true"),
        sh.Command("true"),
        lambda: ProcessRunner().run(Command("list", ("true",), {}, Path("/"), 5.0)),
        lambda: socket.create_connection(("127.0.0.1", 9)),
        listen,
        lambda: socket.getaddrinfo("localhost", 9),
    ],
    ids=["subprocess", "posix_spawn", "exec", "system", "sh", "the driver", "connect", "bind", "resolve"],
)
def test_what_starts_a_process_or_uses_the_network_fails(guard: UnitGuard, attempt: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match="unit tests start no process and use no network"), guard.watching():
        attempt_and_deal_with_it(attempt)


def attempt_and_deal_with_it(attempt: Callable[[], object]) -> None:
    with contextlib.suppress(Exception):
        attempt()


@pytest.mark.parametrize(("folder", "outcome"), [("unit", "failed"), ("process", "passed")])
def test_what_a_file_of_unit_tests_does_when_it_is_imported_fails_it(folder: str, outcome: str) -> None:
    file: Any = SimpleNamespace(path=conftest.TESTS / folder / "test_anything.py")
    hook = conftest.pytest_make_collect_report(file)
    next(hook)
    attempt_and_deal_with_it(lambda: subprocess.run(["true"], check=False))
    with pytest.raises(StopIteration) as end:
        hook.send(pytest.CollectReport(str(file.path), "passed", None, []))
    assert end.value.value.outcome == outcome


def test_where_it_does_not_watch_all_is_allowed(guard: UnitGuard) -> None:
    with guard.watching(wanted=False):
        assert subprocess.run(["true"], check=False).returncode == 0
