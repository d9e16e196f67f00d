from __future__ import annotations

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
