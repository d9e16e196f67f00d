"""How well failures are told apart, by hundreds of failing runs of the real acme.sh that ``tests/failing_runs.py`` keeps."""

from __future__ import annotations

import failing_runs


def test_nearly_all_are_called_what_they_are_and_hardly_any_something_else() -> None:
    runs = failing_runs.load()
    general, wrong = failing_runs.judge(runs)
    assert len(runs) >= 200
    assert len(general) + len(wrong) <= 0.03 * len(runs), [(run.release, run.name, run.diagnosed) for run in general]
    assert len(wrong) <= 0.01 * len(runs), [(run.release, run.name, run.diagnosed, run.expected) for run in wrong]
