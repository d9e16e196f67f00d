"""The unattended run as a task of DSM's scheduler, owned by the service account, and the files which that account then needs."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shlex
import stat
import time
from pathlib import Path
from typing import Iterator, Optional

from .. import paths
from ..config.model import Config
from ..config.references import environments, find_unattended
from ..config.sections.credentials import PATH_VARIABLES
from ..errors import DeployError, Problem
from ..failures import failure, invalid
from ..host import ownership
from ..host.webroot import CHALLENGES
from ..reasons import Drift, Plain
from ..secrets import FileReference
from ..synology import account, reply, tasks
from ..synology.channel import Channel
from ..synology.sessions import Environ, nas_of, open_account, open_provisioner
from ..synology.tools import Tools
from ..synology.web import ApiError
from ..system import files
from ..system.privileges import User
from . import entry, others
from .backend import Log, StartOutcome, spread
from .others import OtherEntry

OWN = "acmewrap "  # begins the names of our tasks


def is_wanted(config: Config) -> bool:
    """Whether DSM's scheduler is the one that starts the unattended run."""
    return config.schedule is not None and config.schedule.by == "dsm"


def describe(config: Config, channel: Optional[Channel] = None) -> tasks.Task:
    """The task as it should be. Its name holds the file's path, so that each file on a NAS has a task of its own.

    Its owner is the service account, unless root works in the folder of another user on the NAS, which takes a *channel* to know.
    """
    wanted = config.schedule
    assert wanted is not None
    hour, minute = wanted.daily or (0, spread(str(config.file)) % 60)
    name, owner = _name(config), nas_of(config).account.name
    if isinstance(channel, Tools) and os.geteuid() not in (0, account.find_uid(channel, owner)):
        with contextlib.suppress(KeyError):
            owner = pwd.getpwuid(os.geteuid()).pw_name
    return tasks.Task(name, owner, entry.script(config), hour, minute, wanted.every_seconds, wanted.mail)


def _name(config: Config) -> str:
    return OWN + re.sub(r"[^A-Za-z0-9._]+", "-", str(config.file)).strip("-")


def look(config: Config, channel: Channel) -> Drift:
    """Whether the task is there, as it should be, and its owner can read what it needs. Changes nothing."""
    if not is_wanted(config):
        return "same"
    scheduler, wanted = tasks.TaskScheduler(channel), describe(config, channel)
    found = scheduler.find(wanted.name)
    if found is None:
        return "missing"
    if not scheduler.matches(found, wanted):
        return "differs"
    if os.geteuid() == 0 and isinstance(channel, Tools):
        needed = (*_alone(config), *(path for tree in _trees(config) for path in ownership.below(tree)))
        if account.find_uid(channel, wanted.owner) is not None and ownership.find_owned_by_root(needed) is not None:
            return "differs"
    return "same"


def find_others(config: Config, environ: Environ, channel: Channel) -> Iterator[OtherEntry]:
    """Tasks of the NAS that should not be there; none where the account may not look."""
    with contextlib.suppress(ApiError):
        for task in tasks.TaskScheduler(channel).list_all():
            name, script = str(task.get("name", "")), str(task.get("action", ""))
            if name == _name(config) and not is_wanted(config):
                yield OtherEntry("dsm", name, Plain.NOT_CONFIGURED)
            elif not name.startswith(OWN) and others.runs_acme_sh(config, script, environ):
                yield OtherEntry("dsm", name, Plain.RUNS_ACME_SH)


class DsmTask:
    """The entry in DSM's Task Scheduler. Root uses DSM's tools, others an administrator's session, or else the account's own."""

    def __init__(self, config: Config, environ: Environ) -> None:
        self._config = config
        self._environ = environ

    def drift(self) -> Drift:
        with self._open() as scheduler:
            return look(self._config, scheduler.channel)

    def ensure(self) -> None:
        """As root in a folder of its own, also hand that over to the task's owner; from the next run on root works as that user."""
        with self._open() as scheduler:
            wanted = describe(self._config, scheduler.channel)
            self._find(scheduler)
            scheduler.ensure(wanted)
            if not isinstance(scheduler.channel, Tools):
                return
            log = paths.log_path(self._config)
            if not log.exists():
                files.write_atomic(log, "")
            owner = account.find_uid(scheduler.channel, wanted.owner)
            if owner is not None and os.geteuid() == 0:
                ownership.hand_over(_trees(self._config), _alone(self._config), User(owner, -1, wanted.owner, ""))

    def show(self) -> str:
        with self._open() as scheduler:
            found = self._find(scheduler)
        return "" if found is None else _tell(found)

    def check_start(self) -> None:
        return

    def start(self, timeout: float) -> StartOutcome:
        log, deadline = Log(paths.log_path(self._config)), time.monotonic() + timeout
        with self._open() as scheduler:
            found = self._find(scheduler)
            if found is None:
                raise DeployError(failure("dsm.no_task", "DSM's Task Scheduler has no task for this file"))
            before = scheduler.history(found)
            scheduler.run(found)
            # DSM answers before the task has ended, and may start it minutes later; without a history nothing says that it ended.
            while True:
                ended = scheduler.history(found) if before is not None else None
                if ended is None or len(ended) > len(before or ()) or time.monotonic() >= deadline:
                    break
                time.sleep(1)
        if ended is None:
            return StartOutcome(None, "DSM accepted the start, and this version keeps no results", log.added())
        if len(ended) == len(before or ()):
            why = "it starts late, or results are not kept (Task Scheduler > Settings > Save output results)"
            return StartOutcome(None, f"DSM accepted the start and shows no result: {why}", log.added())
        last = max(ended, key=lambda one: str(one.get("start_time", "")))
        code, way = reply.number(last, "exit_code", -1), reply.text(last, "exit_type", "normal")
        return StartOutcome(way == "normal" and code == 0, f"DSM says: exit code {code}, {way}", log.added())

    def remove(self) -> bool:
        with self._open() as scheduler:
            found = self._find(scheduler)
            if found is not None:
                scheduler.remove(found)
        return found is not None

    def remove_other(self, name: str) -> None:
        """Take out a task that is none of this file's schedule. Raises :class:`AcmewrapError`."""
        with self._open() as scheduler:
            found = scheduler.find(name)
            if found is not None:
                scheduler.remove(found)
                if scheduler.find(name) is not None:
                    message = f"DSM was asked to delete the task {name!r} of {found.owner} and still shows it"
                    raise DeployError(failure("dsm.task_not_set", message, task=name))

    def _find(self, scheduler: tasks.TaskScheduler) -> Optional[tasks.Found]:
        """The task of this file. Raises :class:`ConfigurationError` for that of another one: the name does not tell them apart."""
        own, name = self._config.file, describe(self._config).name
        found = scheduler.find(name)
        for other in () if found is None else _files_of(found):
            if other != own and other.is_file():
                message = f"DSM's task {name!r} is that of {other}, whose path differs in signs alone"
                raise invalid((Problem(str(own), 1, 1, "schedule", f"{message}: rename one of them"),))
        return found

    @contextlib.contextmanager
    def _open(self) -> Iterator[tasks.TaskScheduler]:
        with contextlib.ExitStack() as stack:
            channel: Optional[Channel] = stack.enter_context(open_provisioner(self._config, self._environ))
            if channel is None:
                channel = stack.enter_context(open_account(self._config, self._environ))
            yield tasks.TaskScheduler(channel)


def _files_of(found: tasks.Found) -> Iterator[Path]:
    """The configuration files that the task's script is to be run with; see :func:`acmewrap.schedule.entry.script`."""
    with contextlib.suppress(ValueError):  # no script of ours
        parts = shlex.split(str(reply.mapping(found.details, "extra").get("script")))
        words = [word for part in parts for word in shlex.split(part)]
        yield from (Path(words[at + 1]) for at, word in enumerate(words[:-1]) if word == "--config")


def _tell(found: tasks.Found) -> str:
    extra, times = reply.mapping(found.details, "extra"), reply.mapping(found.details, "schedule")
    again = reply.number(times, "repeat_hour", 0), reply.number(times, "repeat_min", 0)
    every = "".join(f", then every {count} {unit}" for count, unit in zip(again, ("hours", "minutes")) if count)
    return "\n".join(
        (
            f"task:    {found.name} (number {found.id}, {'enabled' if found.details.get('enable') else 'DISABLED'})",
            f"owner:   {found.owner}",
            f"runs:    daily at {reply.number(times, 'hour', 0):02}:{reply.number(times, 'minute', 0):02}{every}",
            f"next:    {found.details.get('next_trigger_time', 'unknown')}",
            f"mail:    {extra.get('notify_mail') or 'none'}",
            f"script:  {extra.get('script', '')}",
        )
    )


def _trees(config: Config) -> Iterator[Path]:
    """What the unattended run reads and writes with everything in it: all that acmewrap made."""
    yield from _made(config)
    yield from (path / CHALLENGES for path in paths.webroots(config))


def _alone(config: Config) -> Iterator[Path]:
    """What it reads besides and not everybody may read; then the folders on the way there, from the inside out."""
    read = tuple(_read(config))
    yield from filter(_is_closed, read)
    folders = {folder for path in (*_made(config), *read) for folder in path.parents}
    inside = (folder for folder in folders if config.directory in folder.parents)
    yield from sorted(inside, key=lambda folder: len(folder.parts), reverse=True)
    yield config.directory


def _read(config: Config) -> Iterator[Path]:
    """The configuration, and the files that it names for the unattended run to read."""
    yield config.file
    yield from (authority.ca_bundle for authority in config.authorities.values() if authority.ca_bundle is not None)
    yield from (reference.path for _, reference in find_unattended(config) if isinstance(reference, FileReference))
    for _, _, env in environments(config):
        yield from (Path(one) for name, one in env.items() if name in PATH_VARIABLES and isinstance(one, str))


def _is_closed(path: Path) -> bool:
    """Whether it is a file of root's that not everybody may read; a link is none."""
    with contextlib.suppress(OSError):
        status = os.lstat(str(path))
        return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o004
    return False


def _made(config: Config) -> Iterator[Path]:
    for authority in config.authorities.values():
        yield authority.home
        if authority.pem is not None and authority.ca_bundle is not None:
            yield authority.ca_bundle
    yield paths.program_folder(config).parent  # it is a link to a folder beside it
    yield from (wrapper.path for wrapper in paths.wrappers(config))
    yield entry.place_of(config)
    yield paths.log_path(config)
    yield paths.reports_folder(config)
