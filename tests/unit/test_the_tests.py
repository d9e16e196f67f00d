from __future__ import annotations

import logging
from typing import List

import pytest
from conftest import GUARD


def test_the_tests_in_this_folder_are_watched_for_processes_and_connections() -> None:
    """What the guard refuses is in ``tests/process/test_unit_guard.py``: here, trying would be held against the test."""
    assert GUARD.attempts == []


@pytest.fixture(scope="module")
def ran() -> List[int]:
    return []


@pytest.mark.parametrize("number", range(5))
def test_the_tests_of_a_file_are_given_to_one_worker_in_their_order(number: int, ran: List[int]) -> None:
    ran.append(number)
    assert ran == [*range(number + 1)]


def test_what_is_no_text_does_not_end_a_worker(caplog: pytest.LogCaptureFixture) -> None:
    """It is in the report of this test, which a worker sends to pytest as UTF-8."""
    logging.getLogger(__name__).warning("\udc80")
    assert caplog.messages == ["\udc80"]
