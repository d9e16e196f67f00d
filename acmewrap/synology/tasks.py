"""DSM's Task Scheduler: one user-defined script, found by its name, in the shapes of DSM 6 (version 1) and DSM 7 (version 4).

Names are not unique in DSM, so several of one name are an error and never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Tuple

from ..catalogue import failure
from ..errors import DeployError
from .channel import Channel
from .web import ApiError

_API = "SYNO.Core.TaskScheduler"
_NO_SUCH_VERSION = 104
_DAILY = 1001
_HOUR = 3600
_DAY = 24 * _HOUR
_MINUTES = (30, 20, 15, 10, 5, 1)  # between two runs within an hour, as DSM offers them


@dataclass(frozen=True)
class Task:
    """What is to be run. ``interval`` None: once a day at ``hour``:``minute``; else every so many seconds, from then on."""

    name: str
    owner: str
    script: str
    hour: int
    minute: int
    interval: Optional[int] = None
    mail: Optional[str] = None


@dataclass(frozen=True)
class Found:
    """A task as DSM has it. ``details`` is DSM's own description of it."""

    id: int
    name: str
    owner: str
    details: Mapping[str, Any]


class TaskScheduler:
    """The scheduler behind a channel. Raises :class:`ApiError`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._modern = True

    def find(self, name: str) -> Optional[Found]:
        """The task of that name, None when there is none. Raises :class:`DeployError` (``dsm.ambiguous_task``) for several."""
        found = [task for task in self._list() if task.get("name") == name and "id" in task]
        if len(found) > 1:
            raise DeployError(failure("dsm.ambiguous_task", f"DSM has {len(found)} tasks called {name!r}", task=name))
        if not found:
            return None
        id, owner = int(found[0]["id"]), str(found[0].get("real_owner", found[0].get("owner", "")))
        # With another owner than the task's, DSM answers with an empty task.
        details = self._channel.call(_API, "get", 4 if self._modern else 1, id=id, real_owner=owner)
        return Found(id, name, owner, {**found[0], **details})

    def matches(self, found: Found, task: Task) -> bool:
        """Whether DSM's task is what *task* asks for."""
        details = found.details
        extra, schedule = details.get("extra") or {}, details.get("schedule") or {}
        desired = self._schedule(task)
        times = ("hour", "minute", "repeat_hour", *(("repeat_min",) if self._modern else ()))
        return (
            found.owner == task.owner
            and bool(details.get("enable"))
            and _comparable(extra) == _comparable(_extra(task))
            and all(schedule.get(time, 0) == desired[time] for time in times)
        )

    def ensure(self, task: Task) -> Found:
        """Make the task, or bring it into line; read it back. Raises :class:`DeployError` (``dsm.task_not_set``)."""
        found = self.find(task.name)
        if found is not None and found.owner != task.owner:
            self.remove(found)  # an owner cannot be changed: the file of the task lies in the owner's folder
            found = None
        if found is None:
            self._channel.call(_API, "create", self._version(), **self._parameters(task))
        elif not self.matches(found, task):
            self._channel.call(_API, "set", self._version(), id=found.id, **self._parameters(task))
        found = self.find(task.name)
        if found is None or not self.matches(found, task):
            message = f"DSM was asked for the task {task.name!r} and does not show it so"
            raise DeployError(failure("dsm.task_not_set", message, task=task.name))
        return found

    def run(self, found: Found) -> None:
        """Start the task now. DSM answers before it has ended."""
        self._channel.call(_API, "run", 2 if self._modern else 1, tasks=[self._key(found)])

    def history(self, found: Found) -> Tuple[Mapping[str, Any], ...]:
        """How it ended, each time; DSM keeps this only while Task Scheduler > Settings saves output."""
        data = self._channel.call(_API, "get_history_status_list", 1, id=found.id)
        return tuple(data.get("list", ()))

    def remove(self, found: Found) -> None:
        if self._modern:
            self._channel.call(_API, "delete", 2, tasks=[self._key(found)])
        else:
            self._channel.call(_API, "delete", 1, task=found.id)

    def _list(self) -> Tuple[Mapping[str, Any], ...]:
        order = {"sort_by": "next_trigger_time", "sort_direction": "ASC", "offset": 0, "limit": -1}
        if self._modern:
            try:
                return tuple(self._channel.call(_API, "list", 3, **order).get("tasks", ()))
            except ApiError as error:
                if error.code != _NO_SUCH_VERSION:
                    raise
                self._modern = False
        return tuple(self._channel.call(_API, "list", 1, **order).get("tasks", ()))

    def _version(self) -> int:
        return 4 if self._modern else 1

    def _key(self, found: Found) -> Dict[str, Any]:
        return {"id": found.id, "real_owner": found.owner}

    def _parameters(self, task: Task) -> Dict[str, Any]:
        return {
            "name": task.name,
            "owner": task.owner,
            **({"real_owner": task.owner} if self._modern else {}),
            "enable": True,
            "type": "script",
            "schedule": self._schedule(task),
            "extra": _extra(task),
        }

    def _schedule(self, task: Task) -> Dict[str, Any]:
        repeat_hour, repeat_min, last = _repetition(task, minutes=self._modern)
        schedule: Dict[str, Any] = {
            "date_type": 0,
            "week_day": "0,1,2,3,4,5,6",
            "hour": task.hour,
            "minute": task.minute,
            "repeat_hour": repeat_hour,
            "last_work_hour": last,
        }
        if self._modern:
            return {**schedule, "monthly_week": [], "repeat_date": _DAILY, "repeat_min": repeat_min, "version": 4}
        return {**schedule, "repeat_date": 0}


def _repetition(task: Task, *, minutes: bool) -> Tuple[int, int, int]:
    """``repeat_hour``, ``repeat_min`` and the hour of the last run of the day."""
    if task.interval is None or task.interval >= _DAY:
        return 0, 0, task.hour
    if task.interval < _HOUR and minutes:
        return 0, next(minutes for minutes in _MINUTES if minutes * 60 <= max(task.interval, 60)), 23
    hours = max(1, task.interval // _HOUR)
    return hours, 0, task.hour + (23 - task.hour) // hours * hours


def _extra(task: Task) -> Dict[str, Any]:
    mail = task.mail or ""
    return {"script": task.script, "notify_enable": bool(mail), "notify_mail": mail, "notify_if_error": bool(mail)}


def _comparable(extra: Mapping[str, Any]) -> Tuple[str, bool, str, bool]:
    return (
        str(extra.get("script", "")).strip(),
        bool(extra.get("notify_enable")),
        str(extra.get("notify_mail") or ""),
        bool(extra.get("notify_if_error")),
    )
