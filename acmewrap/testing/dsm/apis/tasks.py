"""``SYNO.Core.TaskScheduler``: scripts that DSM runs on schedule, in the shapes of DSM 6 (versions 1, 2) and DSM 7 (up to 4).

Over HTTP a task of root is made and changed through ``SYNO.Core.TaskScheduler.Root`` with the token of a confirmed password on
DSM 7; reading, running and deleting stay with the base API.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import Any, Dict, List, Tuple

from ..call import Api, Call, Method
from ..data.bodies import fill
from ..errors import Refusal
from ..state import State, Task

_INVALID = 4800
_LOAD_FAILED = 4801
_DELETE_FAILED = 4802
_RUN_FAILED = 4803
_NO_PERMISSION = 105

_AT_ONCE = 0.5  # seconds

_REPEAT_DATES = {0: (1001, 1002, 1003), 1: (0, 1, 2, 3, 5)}  # by date_type
_REPEAT_MINUTES = (0, 1, 5, 10, 15, 20, 30)


def _create(call: Call) -> Dict[str, int]:
    _forbid_root(call)
    return _store(call, Task(max(call.state.tasks, default=0) + 1, "", "", True, {}, {}))


def _create_root(call: Call) -> Dict[str, int]:
    call.require_confirmation(_NO_PERMISSION)
    return _store(call, Task(max(call.state.tasks, default=0) + 1, "", "", True, {}, {}))


def _set(call: Call) -> Dict[str, int]:
    _forbid_root(call)
    return _store(call, _find(call, call.value("id"), _LOAD_FAILED))


def _set_root(call: Call) -> Dict[str, int]:
    call.require_confirmation(_NO_PERMISSION)
    return _store(call, _find(call, call.value("id"), _LOAD_FAILED))


def _store(call: Call, task: Task) -> Dict[str, int]:
    """Everything is replaced by what the call says. The id is only taken when all of it is right."""
    name, owner = call.text("name"), call.text("owner")
    extra, schedule = call.object("extra"), call.object("schedule")
    if call.text("type") != "script" or not isinstance(extra.get("script"), str) or not name:
        raise Refusal(_INVALID)
    if task.id in call.state.tasks and not call.state.preset.tasks_change:
        return {"id": task.id}
    if owner != "root" and owner not in call.state.users:
        raise Refusal(_INVALID)
    _check_schedule(call, schedule)
    task.name, task.owner, task.enable, task.schedule, task.extra = name, owner, call.flag("enable"), schedule, extra
    call.state.tasks[task.id] = task
    return {"id": task.id}


def _check_schedule(call: Call, schedule: Dict[str, Any]) -> None:
    if not (schedule.get("hour") in range(24) and schedule.get("minute") in range(60)):
        raise Refusal(_INVALID)
    if call.state.generation < 7:
        if schedule.get("repeat_date") != 0:
            raise Refusal(_INVALID)
        return
    if "monthly_week" in schedule and not (call.version >= 4 and call.state.preset.monthly_week):
        raise Refusal(_INVALID)  # "not supported in v3" (MAGE); at version 4 disputed
    dates = _REPEAT_DATES.get(schedule.get("date_type", -1), ())
    if schedule.get("repeat_date") not in (dates if call.version >= 4 else (0, *dates)):
        raise Refusal(_INVALID)
    if schedule.get("repeat_min", 0) not in _REPEAT_MINUTES:
        raise Refusal(_INVALID)


def _get(call: Call) -> Dict[str, Any]:
    """An owner that does not fit gets an empty task, not an error."""
    task = _find(call, call.value("id"), _LOAD_FAILED)
    if call.state.generation >= 7 and call.text("real_owner", "") != task.owner:
        return {}
    return {**_describe(call.state, task), "extra": task.extra, "schedule": task.schedule}


def _list(call: Call) -> Dict[str, Any]:
    tasks = [_describe(call.state, task) for task in call.state.tasks.values()]
    if call.state.generation >= 7:
        tasks += call.state.event_tasks
    return {"tasks": call.page(tasks), "total": len(tasks)}


def _describe(state: State, task: Task) -> Dict[str, Any]:
    own: Dict[str, Any] = {
        "action": f"Run: {task.extra['script']}",
        "enable": task.enable,
        "id": task.id,
        "name": task.name,
        "next_trigger_time": _next_time(task) if task.enable else "N/A",
        "owner": task.owner,
    }
    return fill("task", **own, real_owner=task.owner) if state.generation >= 7 else fill("task_6", **own)


def _next_time(task: Task) -> str:
    now = datetime.now()
    at = now.replace(hour=task.schedule["hour"], minute=task.schedule["minute"])
    return (at if at > now else at + timedelta(days=1)).strftime("%Y-%m-%d %H:%M")


def _run(call: Call) -> None:
    """DSM answers while the task runs; here, a task that ends at once has ended when the answer goes out."""
    state = call.state
    for task in _read_tasks(call, _RUN_FAILED):
        if state.preset.task_delay is None:
            continue
        thread = threading.Thread(target=_work, args=(task, state), daemon=True)
        state.running.append(thread)
        thread.start()
        thread.join(0 if state.preset.task_delay else _AT_ONCE)


def _work(task: Task, state: State) -> None:
    if state.ending.wait(state.preset.task_delay):
        return
    start = time.time()
    exit_code = state.run_task(task)
    if state.preset.saves_output:
        times = {"start_time": _show_time(start), "stop_time": _show_time(time.time())}
        task.history.append(fill("task_history", exit_code=exit_code, timestamp=str(int(start)), **times))


def _show_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _delete(call: Call) -> None:
    for task in _read_tasks(call, _DELETE_FAILED):
        del call.state.tasks[task.id]


def _set_enable(call: Call) -> None:
    if call.state.generation < 7:
        return  # answered with success, without effect: measured on DSM 6.2.4
    for entry in call.array("status"):
        _find_owned(call, entry, _INVALID).enable = bool(entry["enable"])


def _list_history(call: Call) -> List[Dict[str, Any]]:
    return list(_find(call, call.value("id"), _LOAD_FAILED).history)


def _read_tasks(call: Call, code: int) -> List[Task]:
    """The tasks of ``tasks=[{"id":11,"real_owner":"root"}]``, or of ``task=11`` at version 1, where ``tasks`` is answered with
    success and without effect (DSM 6). The same holds for tasks of root over the web.
    """
    if call.version == 1:
        return [_find(call, call.value("task"), code)] if "task" in call.parameters else []
    tasks = [_find_owned(call, entry, code) for entry in call.array("tasks")]
    return [task for task in tasks if task.owner != "root" or call.on_box]


def _find_owned(call: Call, entry: Any, code: int) -> Task:
    task = _find(call, entry.get("id"), code)
    if entry.get("real_owner") != task.owner:
        raise Refusal(code)
    return task


def _find(call: Call, id: Any, code: int) -> Task:
    task = call.state.tasks.get(id) if isinstance(id, int) else None
    if task is None:
        raise Refusal(code)
    return task


def _forbid_root(call: Call) -> None:
    if call.state.generation >= 7 and call.text("owner") == "root" and not call.on_box:
        raise Refusal(_INVALID)  # PORK


APIS: Tuple[Api, ...] = (
    Api(
        "SYNO.Core.TaskScheduler",
        {
            "create": Method(_create, mutates=True),
            "set": Method(_set, mutates=True),
            "get": Method(_get),
            "list": Method(_list),
            "run": Method(_run, mutates=True),
            "delete": Method(_delete, mutates=True),
            "set_enable": Method(_set_enable, mutates=True),
            "get_history_status_list": Method(_list_history),
        },
        invalid=_INVALID,
    ),
    Api(
        "SYNO.Core.TaskScheduler.Root",
        {"create": Method(_create_root, mutates=True), "set": Method(_set_root, mutates=True)},
        invalid=_INVALID,
    ),
)
