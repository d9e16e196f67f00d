from __future__ import annotations

import pytest
from conftest import GUARD


def test_the_tests_in_this_folder_are_watched_for_processes_and_connections() -> None:
    """What the guard refuses is in ``tests/process/test_unit_guard.py``: here, trying would be held against the test."""
    assert GUARD.attempts == []


def test_the_tests_of_a_file_are_given_to_one_worker(request: pytest.FixtureRequest) -> None:
    """pytest-xdist shows the group in the node id, where groups are heeded (``--dist loadgroup``)."""
    heeded = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@unit/test_the_tests.py") == heeded
