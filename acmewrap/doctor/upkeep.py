"""What goes wrong slowly: the schedule, a run that hangs, the disk, the log."""

from __future__ import annotations

import fcntl
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Iterator

from .. import paths
from ..backoff import CLOCK_TOLERANCE
from ..driver.command import DEADLINES
from ..engine.verbs import schedule_status
from ..formats.timefmt import span
from ..plan.due import interval_of
from ..plan.interval_check import find_too_slow
from ..plan.machine_steps import RemoveScheduleEntry, SetSchedule
from ..report import wording
from ..schedule import others
from ..schedule.entry import refuse_weak
from ..state.machine import read_state
from ..state.model import CERTIFICATE_PARTS
from ..system.reading import read_text
from .finding import Check, DoctorContext, Finding
from .machine import steps

_DAY = 86400
_LEAST_SPACE = 20 * 1024 * 1024
_LARGEST_LOG = 10 * 1024 * 1024
_LONGEST_RUN = 2 * DEADLINES["cron"]


def checks(context: DoctorContext) -> Iterator[Check]:
    yield Check("the schedule", partial(_schedule, context))
    yield Check("other scheduler entries", partial(_others, context))
    yield Check("other runs", partial(_locks, context))
    yield Check("disk space", partial(_space, context))
    yield Check("the log", partial(_log, context))


def interval(context: DoctorContext) -> float:
    """Seconds between two unattended runs; a day where the file says nothing."""
    return float(interval_of(context.config.schedule) or _DAY)


def _schedule(context: DoctorContext) -> Iterator[Finding]:
    schedule = context.config.schedule
    if schedule is None:
        yield Finding.of("doctor.no_schedule", f"{context.config.file} has no section `schedule`")
        return
    refuse_weak(context.config)
    for step in steps(context, "schedule", SetSchedule):
        message = f"the entry of {schedule.by}: {wording.reason_of(step)}"
        yield Finding.of("doctor.schedule_missing", message, by=schedule.by, fix=step)
    late = schedule_status.find_late(context.config, context.clock())
    if late is not None:
        yield Finding(late)
    slow = find_too_slow(context.config, read_state(context.config, CERTIFICATE_PARTS))
    if slow is not None:
        yield Finding.of("doctor.schedule_too_slow", slow.message, every=slow.every)


def _others(context: DoctorContext) -> Iterator[Finding]:
    for found in others.find(context.config, context.environ):
        step = RemoveScheduleEntry(found.reason, found, context.config)
        message = f"{wording.subject_of(step)}: {wording.reason_of(step)}"
        yield Finding.of("doctor.other_entry", message)


def _locks(context: DoctorContext) -> Iterator[Finding]:
    for authority in context.config.authorities.values():
        path = paths.lock_path(authority.home)
        if _is_held(path):
            age = context.clock() - path.stat().st_mtime
            if not -CLOCK_TOLERANCE <= age <= _LONGEST_RUN:
                holder = read_text(path, "replace").strip() or "unknown"
                since = f"for {span(age)}" if age > 0 else f"since a time that is {span(-age)} ahead of the clock"
                message = f"process {holder} has held {path} {since}"
                yield Finding.of("doctor.lock_held", message, process=holder)


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(str(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _space(context: DoctorContext) -> Iterator[Finding]:
    folder = context.config.directory
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(str(folder)).free
    if free < _LEAST_SPACE:
        yield Finding.of("disk.full", f"{folder} has {free // 1024} KiB left", folder=folder)


def _log(context: DoctorContext) -> Iterator[Finding]:
    path = paths.log_path(context.config)
    size = path.stat().st_size if path.exists() else 0
    if size > _LARGEST_LOG:
        message = f"{path} has grown to {size // 1024 // 1024} MiB"
        yield Finding.of("doctor.log_large", message, log=path)
