"""What is written down of the last runs: bounded, free of output, and no harm to the run when it cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acmewrap import paths
from acmewrap.config import Config
from acmewrap.engine import history
from acmewrap.engine.results import CommandResult, Run, StepResult
from acmewrap.errors import AcmewrapError, ExitCode, Terminated
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from acmewrap.plan.planner import Plan
from results import CONFIG, DEPLOY, GOOD, NOT_ISSUED, NOT_PROVEN, NOW, PAST, RENEW, SECONDS

HOME = CONFIG.authorities["internal"]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "acme").mkdir(mode=0o700)
    return replace(CONFIG, directory=tmp_path, authorities={"internal": replace(HOME, home=tmp_path / "acme")})


def path_of(config: Config) -> Path:
    return paths.history_path(config.authorities["internal"].home)


def at(run: Run, seconds: float) -> Run:
    return replace(run, started=instant(SECONDS + seconds), finished=instant(SECONDS + seconds))


def test_runs_come_back_as_they_were_newest_first(config: Config) -> None:
    for number, run in enumerate((GOOD, NOT_PROVEN, NOT_ISSUED)):
        history.note(config, "cron", at(run, number))
    found = history.read(config)
    assert [run.steps for run in found] == [run.steps for run in reversed(PAST)]
    assert [(run.total, run.failed, run.exit_code) for run in found] == [(2, 2, 3), (1, 1, 4), (4, 0, 0)]
    assert path_of(config).stat().st_mode & 0o777 == 0o600


def test_of_a_failure_its_remedy_is_kept_and_no_output(config: Config) -> None:
    history.note(config, "deploy", NOT_PROVEN)
    (run,) = history.read(config)
    found = run.steps[0].failure
    assert found is not None
    assert (found.id, found.remedy != "", found.lines) == ("deploy.not_proven", True, ())
    assert "line 1" not in path_of(config).read_text(encoding="utf-8")


def test_what_failed_beside_the_steps_is_kept(config: Config) -> None:
    failed = CommandResult(("page",), "after", 0.1, failure("command.failed", "page ended with 1"))
    history.note(config, "cron", replace(GOOD, commands=(failed,)))
    assert [one.message for one in history.read(config)[0].failures] == ["page ended with 1"]


def test_a_run_with_nothing_to_do_is_not_written_down(config: Config) -> None:
    history.note(config, "cron", Run(Plan(), (), NOW, NOW))
    assert not path_of(config).exists()


def test_it_stays_within_its_count_and_its_bytes(config: Config) -> None:
    long = failure("deploy.not_proven", "\N{BLACK SQUARE}" * 10_000)
    many = tuple(StepResult(DEPLOY, "unproven", long, exit_code=ExitCode.DEPLOY_FAILED) for _ in range(60))
    for number in range(3):
        history.note(config, "cron", at(replace(GOOD, results=many), number))
    assert 0 < path_of(config).stat().st_size <= history.MOST_BYTES
    assert [len(run.steps) for run in history.read(config)] == [history.MOST_STEPS] * len(history.read(config))
    for number in range(history.MOST_RUNS + 5):
        history.note(config, "cron", at(GOOD, 10 + number))
    found = history.read(config)
    assert len(found) == history.MOST_RUNS
    assert found[0].started == instant(SECONDS + 10 + history.MOST_RUNS + 4)


def test_where_there_is_no_room_for_all_steps_those_that_failed_stay(config: Config) -> None:
    bad = StepResult(RENEW, "failed", failure("acme.unknown", "no"), exit_code=ExitCode.ISSUE_FAILED)
    history.note(config, "cron", replace(GOOD, results=(*[GOOD.results[0]] * 60, bad)))
    (run,) = history.read(config)
    assert (run.steps[0].outcome, run.total, run.failed) == ("failed", 61, 1)


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"[]", b'{"version": 9, "runs": []}', b"[" * 100_000])
def test_a_damaged_history_is_set_aside_and_a_new_one_begun(config: Config, damage: bytes) -> None:
    path_of(config).write_bytes(damage)
    assert history.read(config) == ()
    history.note(config, "cron", GOOD)
    assert len(history.read(config)) == 1
    assert (path_of(config).parent / ".damaged" / ".history.json").read_bytes() == damage


def test_a_history_that_cannot_be_written_does_not_end_the_run(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    path_of(config).mkdir()  # no file can take the place of a folder, whoever asks
    history.note(config, "cron", GOOD)
    assert "this run is not in the history" in caplog.text


def test_of_a_home_that_this_run_does_not_hold_nothing_is_changed(config: Config, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = replace(HOME, name="other", home=tmp_path / "other")
    both = replace(config, authorities={**config.authorities, "other": other})
    history.note(both, "cron", GOOD, {"internal": object()})
    assert not path_of(config).exists()
    assert len(history.read(both)) == 1


_KEYS = st.sampled_from(("runs", "steps", "kind", "error", "errors"))
_ATOMS = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(_ATOMS, lambda one: st.lists(one) | st.dictionaries(_KEYS, one)))
def test_whatever_stands_in_it_only_whole_runs_are_read(
    tmp_path_factory: pytest.TempPathFactory, found: object
) -> None:
    path = tmp_path_factory.mktemp("history") / ".history.json"
    config = replace(CONFIG, authorities={"internal": replace(HOME, home=path.parent)})
    history.note(config, "cron", GOOD)
    (good,) = json.loads(path.read_text(encoding="utf-8"))["runs"]
    path.write_text(json.dumps({"version": 1, "runs": [found, good, {**good, "steps": found}]}), encoding="utf-8")
    assert PAST[0] in history.read(config)


@pytest.mark.parametrize(
    ("error", "code", "id"),
    [
        (Terminated(), ExitCode.TERMINATED, "run.interrupted"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "run.interrupted"),
        (AcmewrapError(failure("disk.full", "no room")), ExitCode.UNEXPECTED, "disk.full"),
        (ZeroDivisionError(), ExitCode.UNEXPECTED, "internal.unexpected"),
    ],
)
def test_a_run_that_was_ended_is_there_with_what_it_did_and_why(
    config: Config, error: BaseException, code: ExitCode, id: str
) -> None:
    history.note(config, "apply", at(Run(Plan(), (), NOW, NOW), 1), error=error)
    history.note(config, "apply", at(replace(GOOD, results=GOOD.results[:1]), 2), error=error)
    found = history.read(config)
    assert [(run.exit_code, [one.id for one in run.failures], len(run.steps)) for run in found] == [
        (code, [id], 1),
        (code, [id], 0),
    ]
