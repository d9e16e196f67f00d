from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Set, Tuple

import pytest

from acmewrap.errors import DeployError, UnreachableError
from acmewrap.failures import failure
from acmewrap.synology.tasks import Task, TaskScheduler
from acmewrap.testing.dsm import Preset, load_preset
from memory import NAME, Nas

TASK = Task("acmewrap volume1-acmewrap.yaml", NAME, "/bin/bash -c 'true'", 4, 55, mail="ops@example.com")


@pytest.fixture(params=[6, 7])
def nas(request: pytest.FixtureRequest) -> Nas:
    found = Nas(request.param)
    found.state.add_user(NAME, "its password", administrator=True)
    return found


def test_a_task_is_made_once_and_then_left_alone(nas: Nas) -> None:
    scheduler = TaskScheduler(nas)
    assert scheduler.find(TASK.name) is None
    made = scheduler.ensure(TASK)
    assert scheduler.ensure(TASK) == made
    assert nas.writes == ["SYNO.Core.TaskScheduler.create"]
    (task,) = nas.state.tasks.values()
    assert task.extra == {
        "script": TASK.script,
        "notify_enable": True,
        "notify_mail": "ops@example.com",
        "notify_if_error": True,
    }
    assert (task.owner, task.enable, task.schedule["hour"], task.schedule["minute"]) == (NAME, True, 4, 55)


@pytest.mark.parametrize(
    "change",
    [
        {"script": "another"},
        {"hour": 5},
        {"minute": 0},
        {"interval": 6 * 3600},
        {"mail": None},
        {"mail": "b@example.com"},
    ],
    ids="-".join,
)
def test_what_is_asked_for_now_replaces_what_was_asked_for_before(nas: Nas, change: Dict[str, Any]) -> None:
    scheduler = TaskScheduler(nas)
    made = scheduler.ensure(TASK)
    wanted = replace(TASK, **change)
    assert not scheduler.matches(made, wanted)
    assert scheduler.ensure(wanted).id == made.id
    assert len(nas.state.tasks) == 1


def test_a_task_of_another_owner_is_made_anew(nas: Nas) -> None:
    scheduler = TaskScheduler(nas)
    first = scheduler.ensure(replace(TASK, owner="boss"))
    scheduler.ensure(TASK)
    assert [(task.owner, task.name) for task in nas.state.tasks.values()] == [(NAME, TASK.name)]
    assert first.owner == "boss"


def test_one_that_is_switched_off_is_switched_on_again(nas: Nas) -> None:
    scheduler = TaskScheduler(nas)
    id = scheduler.ensure(TASK).id
    nas.state.tasks[id].enable = False
    assert scheduler.ensure(TASK).id == id
    assert nas.state.tasks[id].enable


def test_other_tasks_are_not_touched(nas: Nas) -> None:
    scheduler = TaskScheduler(nas)
    other = replace(TASK, name="another", owner="boss", script="rm -rf /tmp/x")
    scheduler.ensure(other)
    scheduler.ensure(TASK)
    found = scheduler.find(TASK.name)
    assert found is not None
    scheduler.remove(found)
    assert scheduler.find(TASK.name) is None
    assert [task.name for task in nas.state.tasks.values()] == ["another"]


def test_two_tasks_of_that_name_are_an_error_and_never_a_guess(nas: Nas) -> None:
    scheduler = TaskScheduler(nas)
    first = nas.state.tasks[scheduler.ensure(TASK).id]
    nas.state.tasks[first.id + 1] = replace(first, id=first.id + 1)
    with pytest.raises(DeployError) as caught:
        scheduler.ensure(TASK)
    assert caught.value.id == "dsm.ambiguous_task"
    assert TASK.name in caught.value.remedy


@pytest.mark.parametrize(
    ("interval", "modern", "old"),
    [
        (None, (0, 0, 4), (0, 4)),
        (24 * 3600, (0, 0, 4), (0, 4)),
        (6 * 3600, (6, 0, 22), (6, 22)),
        (3600, (1, 0, 23), (1, 23)),
        (90 * 60, (1, 0, 23), (1, 23)),
        (30 * 60, (0, 30, 23), (1, 23)),
        (7 * 60, (0, 5, 23), (1, 23)),
        (60, (0, 1, 23), (1, 23)),
    ],
)
def test_an_interval_becomes_the_nearest_that_dsm_offers_and_never_a_longer_one_where_it_can(
    interval: int, modern: Tuple[int, int, int], old: Tuple[int, int]
) -> None:
    for generation, wanted in ((7, modern), (6, old)):
        nas = Nas(generation)
        TaskScheduler(nas).ensure(replace(TASK, owner="boss", interval=interval))
        (task,) = nas.state.tasks.values()
        keys = ("repeat_hour", "repeat_min", "last_work_hour") if generation == 7 else ("repeat_hour", "last_work_hour")
        assert tuple(task.schedule[key] for key in keys) == wanted


def test_a_run_leaves_its_exit_code_in_the_history() -> None:
    nas = Nas()
    scheduler = TaskScheduler(nas)
    found = scheduler.ensure(replace(TASK, owner="boss"))
    assert scheduler.history(found) == ()
    nas.state.preset = nas.state.preset.but(saves_output=True)
    nas.state.run_task = lambda _: 3
    scheduler.run(found)
    nas.state.finish_tasks()
    assert [one["exit_code"] for one in scheduler.history(found) or ()] == [3]


def test_a_write_that_dsm_only_pretends_to_do_is_told() -> None:
    class Pretending(Nas):
        def call(self, api: str, method: str, version: int, **parameters: Any) -> Dict[str, Any]:
            return {"id": 1} if method == "create" else super().call(api, method, version, **parameters)

    with pytest.raises(DeployError) as caught:
        TaskScheduler(Pretending()).ensure(TASK)
    assert caught.value.id == "dsm.task_not_set"


class Scheduler(Nas):
    """A scheduler of its own version, with the calls that were made."""

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.state.preset = preset
        self.calls: List[Tuple[str, int]] = []
        self.lost: Set[str] = set()

    def call(self, api: str, method: str, version: int, **parameters: Any) -> Dict[str, Any]:
        self.calls.append((method, version))
        answer = super().call(api, method, version, **parameters)
        if method in self.lost:
            self.lost.remove(method)
            raise UnreachableError(failure("dsm.unreachable", "the answer is lost"))
        return answer


OWN = replace(TASK, owner="boss")


@pytest.mark.parametrize(
    ("preset", "version", "monthly"),
    [
        (load_preset("7.2.1"), 4, True),
        (load_preset("7.2.1").but(monthly_week=False), 4, False),
        (load_preset("7.2.1").with_scheduler(3), 3, False),
        (load_preset("7.2.1").with_scheduler(2), 1, False),
        (load_preset("7.4"), 4, False),
    ],
    ids=["4", "4 without monthly_week", "3", "2", "7.4"],
)
def test_the_highest_version_that_dsm_offers_is_spoken_in_the_shape_it_takes(
    preset: Preset, version: int, monthly: bool
) -> None:
    nas = Scheduler(preset)
    TaskScheduler(nas).ensure(OWN)
    assert nas.calls[-2:] == [("list", min(version, 3)), ("get", version)]
    (task,) = nas.state.tasks.values()
    assert ("monthly_week" in task.schedule, task.schedule["hour"]) == (monthly, OWN.hour)


def test_a_version_that_dsm_did_not_name_is_found_by_going_down() -> None:
    class Silent(Scheduler):
        def maximum(self, api: str) -> None:
            """Nothing, as synowebapi may."""

    nas = Silent(load_preset("7.2.1").with_scheduler(3))
    TaskScheduler(nas).ensure(OWN)
    assert ("create", 3) in nas.calls


def test_a_task_that_dsm_only_pretends_to_change_is_replaced() -> None:
    nas = Scheduler(load_preset("7.2.1").but(tasks_change=False))
    scheduler = TaskScheduler(nas)
    scheduler.ensure(OWN)
    scheduler.ensure(replace(OWN, hour=5))
    assert [task.schedule["hour"] for task in nas.state.tasks.values()] == [5]
    assert [method for method, _ in nas.calls if method in ("create", "set", "delete")] == [
        "create",
        "set",
        "delete",
        "create",
    ]


@pytest.mark.parametrize("method", ["create", "set"])
def test_a_write_whose_answer_is_lost_is_read_back_and_not_repeated(method: str) -> None:
    nas = Scheduler(load_preset("7.2.1"))
    scheduler = TaskScheduler(nas)
    nas.lost = {method}
    scheduler.ensure(OWN)
    scheduler.ensure(replace(OWN, hour=5))
    assert len([one for one, _ in nas.calls if one == method]) == 1
    assert [task.schedule["hour"] for task in nas.state.tasks.values()] == [5]


@pytest.mark.parametrize(("name", "value"), [("week_day", "1"), ("repeat_date", 1003), ("last_work_hour", 5)])
def test_what_was_changed_by_hand_in_the_schedule_is_seen(name: str, value: object) -> None:
    nas = Scheduler(load_preset("7.2.1"))
    scheduler, hourly = TaskScheduler(nas), replace(OWN, interval=3600)
    found = scheduler.ensure(hourly)
    nas.state.tasks[found.id].schedule[name] = value
    changed = scheduler.find(hourly.name)
    assert changed is not None
    assert not scheduler.matches(changed, hourly)


def test_dsm_6_has_no_history_and_runs_by_task() -> None:
    nas = Nas(6)
    scheduler = TaskScheduler(nas)
    ran: List[str] = []

    def run_task(task: Any) -> int:
        ran.append(task.name)
        return 0

    nas.state.run_task = run_task
    found = scheduler.ensure(OWN)
    assert scheduler.history(found) is None
    scheduler.run(found)
    assert ran == [OWN.name]
    scheduler.remove(found)
    assert nas.state.tasks == {}
