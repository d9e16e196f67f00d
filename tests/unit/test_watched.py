from __future__ import annotations

from conftest import GUARD


def test_the_tests_in_this_folder_are_watched_for_processes_and_connections() -> None:
    """What the guard refuses is in ``tests/process/test_unit_guard.py``: here, trying would be held against the test."""
    assert GUARD.attempts == []
