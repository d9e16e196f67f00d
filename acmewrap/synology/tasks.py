"""DSM's Task Scheduler: one user-defined script, found by its name, in the shapes of DSM 6 (version 1) and DSM 7 (3 and 4).

Names are not unique in DSM, so several of one name are an error and never a guess.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from ..errors import DeployError, UnreachableError
from ..failures import failure
from ..frozen import frozen
from . import reply
from .channel import Channel
from .web import ApiError

logger = logging.getLogger(__name__)

_API = "SYNO.Core.TaskScheduler"
_SHAPES = (4, 3, 1)
_NO_SUCH_VERSION = 104
_NOT_THERE = (102, 103, 104)
_INVALID = 4800
_TRIES = 3  # change, replace, and once more after a lost answer
_DAILY = 1001
_EVERY_DAY = "0,1,2,3,4,5,6"
_HOUR = 3600
_DAY = 24 * _HOUR
_MINUTES = (30, 20, 15, 10, 5, 1)  # between two runs within an hour, as DSM offers them


@frozen
class Task:
    """What is to be run. ``interval`` None: once a day at ``hour``:``minute``; else every so many seconds, from then on."""

    name: str
    owner: str
    script: str
    hour: int
    minute: int
    interval: Optional[int] = None
    mail: Optional[str] = None


@frozen
class Found:
    """A task as DSM has it. ``details`` is DSM's own description of it."""

    id: int
    name: str
    owner: str
    details: Mapping[str, Any]


class TaskScheduler:
    """The scheduler behind a channel. Raises :class:`ApiError`.

    Its shapes are those of versions 4, 3 and 1; the highest that DSM offers is used, and on DSM's word that there is no such
    version the next one. ``monthly_week`` is disputed at version 4: some builds refuse a schedule that has it, so that one is
    sent without it then.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        offered = channel.maximum(_API) or _SHAPES[0]
        self._version = next((shape for shape in _SHAPES if shape <= offered), _SHAPES[-1])
        self._monthly = True

    def find(self, name: str) -> Optional[Found]:
        """The task of that name, None when there is none. Raises :class:`DeployError` (``dsm.ambiguous_task``) for several."""
        found = [task for task in self.list_all() if task.get("name") == name and "id" in task]
        if len(found) > 1:
            raise DeployError(failure("dsm.ambiguous_task", f"DSM has {len(found)} tasks called {name!r}", task=name))
        if not found:
            return None
        id, owner = reply.number(found[0], "id"), owner_of(found[0])
        # With another owner than the task's, DSM answers with an empty task.
        details = self._call("get", lambda: {"id": id, "real_owner": owner})
        return Found(id, name, owner, {**found[0], **details})

    def matches(self, found: Found, task: Task) -> bool:
        """Whether DSM's task is what *task* asks for."""
        details = found.details
        extra, schedule = reply.mapping(details, "extra"), reply.mapping(details, "schedule")
        desired = self._schedule(task)
        times = ["hour", "minute", "repeat_hour", *(("repeat_min",) if self._version > 1 else ())]
        if desired["repeat_hour"] or desired.get("repeat_min"):
            times.append("last_work_hour")  # of no meaning in a task that runs once a day
        return (
            found.owner == task.owner
            and bool(details.get("enable"))
            and _comparable(extra) == _comparable(_extra(task))
            and all(schedule.get(time, 0) == desired[time] for time in times)
            and set(str(schedule.get("week_day", _EVERY_DAY)).split(",")) == set(_EVERY_DAY.split(","))
            and schedule.get("repeat_date", _DAILY) in (0, _DAILY)  # version 3 is sent 0, version 4 the other
        )

    def ensure(self, task: Task) -> Found:
        """Make the task, or bring it into line; read it back. One that DSM only pretends to change is replaced, and what an
        answer that was lost has left undone is done. Raises :class:`DeployError` (``dsm.task_not_set``).
        """
        changed = False
        for _ in range(_TRIES):
            found = self.find(task.name)
            if found is not None and self.matches(found, task):
                return found
            try:
                # An owner cannot be changed: the file of the task lies in the owner's folder.
                if found is not None and (changed or found.owner != task.owner):
                    self.remove(found)
                    found = None
                if found is None:
                    self._call("create", partial(self._parameters, task))
                else:
                    changed = True
                    self._call("set", partial(self._parameters, task, id=found.id))
            except UnreachableError as error:
                logger.debug("no answer to a change of the task %s: %s", task.name, error)
        found = self.find(task.name)
        if found is not None and self.matches(found, task):
            return found
        message = f"DSM was asked for the task {task.name!r} and does not show it so"
        raise DeployError(failure("dsm.task_not_set", message, task=task.name))

    def run(self, found: Found) -> None:
        """Start the task. DSM answers before it has ended, and before it has started."""
        self._for_one("run", found)

    def history(self, found: Found) -> Optional[Tuple[Mapping[str, Any], ...]]:
        """How it ended, each time; DSM keeps this only while Task Scheduler > Settings saves output. None: there is no history,
        as on DSM 6.
        """
        try:
            data = self.channel.call(_API, "get_history_status_list", 1, id=found.id)
        except ApiError as error:
            if error.code in _NOT_THERE:
                return None
            raise
        return reply.records(data, "list")

    def remove(self, found: Found) -> None:
        self._for_one("delete", found)

    def _for_one(self, method: str, found: Found) -> None:
        if self._version > 1:
            self.channel.call(_API, method, 2, tasks=[{"id": found.id, "real_owner": found.owner}])
        else:
            self.channel.call(_API, method, 1, task=found.id)

    def list_all(self) -> Tuple[Mapping[str, Any], ...]:
        """All tasks in DSM's own shape, those of other owners too."""
        order = {"sort_by": "next_trigger_time", "sort_direction": "ASC", "offset": 0, "limit": -1}
        return reply.records(self._call("list", lambda: order, highest=3), "tasks")

    def _call(self, method: str, parameters: Callable[[], Mapping[str, Any]], *, highest: int = 4) -> Dict[str, Any]:
        """A call in the shape of the version in use, or of one further down when DSM knows no such version."""
        while True:
            try:
                return self.channel.call(_API, method, min(self._version, highest), **parameters())
            except ApiError as error:
                lower = [shape for shape in _SHAPES if shape < min(self._version, highest)]
                if error.code == _NO_SUCH_VERSION and lower:
                    self._version = lower[0]
                elif error.code == _INVALID and self._monthly and self._version == _SHAPES[0]:
                    self._monthly = False
                else:
                    raise

    def _parameters(self, task: Task, **more: int) -> Dict[str, Any]:
        return {
            **more,
            "name": task.name,
            "owner": task.owner,
            **({"real_owner": task.owner} if self._version > 1 else {}),
            "enable": True,
            "type": "script",
            "schedule": self._schedule(task),
            "extra": _extra(task),
        }

    def _schedule(self, task: Task) -> Dict[str, Any]:
        repeat_hour, repeat_min, last = _repetition(task, minutes=self._version > 1)
        schedule: Dict[str, Any] = {
            "date_type": 0,
            "week_day": _EVERY_DAY,
            "hour": task.hour,
            "minute": task.minute,
            "repeat_hour": repeat_hour,
            "last_work_hour": last,
        }
        if self._version == 1:
            return {**schedule, "repeat_date": 0}
        if self._version == 3:
            return {**schedule, "repeat_date": 0, "repeat_min": repeat_min}
        monthly: Dict[str, Any] = {"monthly_week": []} if self._monthly else {}
        return {**schedule, **monthly, "repeat_date": _DAILY, "repeat_min": repeat_min, "version": 4}


def owner_of(task: Mapping[str, Any]) -> str:
    """Whose a task in DSM's own shape is."""
    return reply.text(task, "real_owner", reply.text(task, "owner", ""))


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
