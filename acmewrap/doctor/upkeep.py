"""What goes wrong slowly: the schedule, a run that hangs, the disk, the log."""

from __future__ import annotations

import fcntl
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Iterator

from .. import paths
from ..catalogue import failure
from ..driver.command import DEADLINES
from ..plan.due import interval_of
from ..plan.interval_check import find_too_slow
from ..state.machine import CERTIFICATE_PARTS, read_state
from ..timefmt import span
from .finding import Check, DoctorContext, Finding
from .machine import mender, steps

_DAY = 86400
_LEAST_SPACE = 20 * 1024 * 1024
_LARGEST_LOG = 10 * 1024 * 1024
_LONGEST_RUN = 2 * DEADLINES["cron"]


def checks(patient: DoctorContext) -> Iterator[Check]:
    yield Check("the schedule", partial(_schedule, patient))
    yield Check("other runs", partial(_locks, patient))
    yield Check("space on the disk", partial(_space, patient))
    yield Check("the log", partial(_log, patient))


def interval(patient: DoctorContext) -> float:
    """Seconds between two unattended runs; a day where the file says nothing."""
    return float(interval_of(patient.config.schedule) or _DAY)


def _schedule(patient: DoctorContext) -> Iterator[Finding]:
    schedule = patient.config.schedule
    if schedule is None:
        yield Finding(failure("doctor.no_schedule", f"{patient.config.file} has no section `schedule`"))
        return
    for step in steps(patient, "schedule", "schedule"):
        told = failure("doctor.schedule_missing", f"{step.subject}: {step.reason}", by=step.subject)
        yield Finding(told, mend=mender(patient, step))
    slow = find_too_slow(patient.config, read_state(patient.config, CERTIFICATE_PARTS))
    if slow is not None:
        yield Finding(failure("doctor.schedule_too_slow", slow.message, every=slow.every))


def _locks(patient: DoctorContext) -> Iterator[Finding]:
    for authority in patient.config.authorities.values():
        path = paths.lock_path(authority.home)
        if _is_held(path):
            age = patient.clock() - path.stat().st_mtime
            if age > _LONGEST_RUN:
                holder = path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
                told = f"process {holder} has held {path} for {span(age)}"
                yield Finding(failure("doctor.lock_held", told, process=holder))


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _space(patient: DoctorContext) -> Iterator[Finding]:
    folder = patient.config.directory
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(str(folder)).free
    if free < _LEAST_SPACE:
        yield Finding(failure("disk.full", f"{folder} has {free // 1024} KiB left", folder=folder))


def _log(patient: DoctorContext) -> Iterator[Finding]:
    path = paths.log_path(patient.config)
    size = path.stat().st_size if path.exists() else 0
    if size > _LARGEST_LOG:
        told = f"{path} has grown to {size // 1024 // 1024} MiB"
        yield Finding(failure("doctor.log_large", told, log=path))
