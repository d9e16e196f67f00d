"""Entries of schedulers that work on a configuration's certificates and are not what it asks for: what a former version of it left
behind, what belongs to a file that is gone, and what runs acme.sh on the same homes by itself.
"""

from __future__ import annotations

import os
import re
import shlex
from functools import partial
from pathlib import Path
from typing import Iterator, Mapping, Optional

from .. import paths
from ..config.model import Config, Schedule, Scheduler
from ..errors import AcmewrapError
from ..frozen import frozen, replace
from ..reasons import Plain
from ..system import privileges
from ..system.privileges import home_of
from ..system.reading import read_text
from . import crontab, entry, systemd

_MARK = re.compile(r"# (BEGIN|END) acmewrap (/.*)")
PROGRAM = "acme.sh"
_HOMES = ("--home", "--config-home", "--cert-home")


@frozen
class OtherEntry:
    """What ``by`` has under ``name``: the file of a block of the crontab or a line of it, a unit without its ending, a task.

    ``reason``: ``NOT_CONFIGURED``, ``FILE_GONE`` or, when somebody else made it, ``RUNS_ACME_SH``. ``roots``: it is in root's
    crontab, while acmewrap works as another user.
    """

    by: Scheduler
    name: str
    reason: Plain
    roots: bool = False


def find(config: Config, environ: Mapping[str, str]) -> Iterator[OtherEntry]:
    """Those of cron and systemd; :func:`acmewrap.schedule.dsm.find_others` has those of a NAS. Starts ``crontab -l``."""
    try:
        yield from in_crontab(config, crontab.read(), environ)
        if privileges.way_back() is not None:
            table = privileges.as_root(crontab.read)
            for found in in_crontab(config, table, environ):
                if found.name != str(config.file) or found.by != _by(config):  # that one moves by itself
                    yield replace(found, roots=True)
    except AcmewrapError:  # no cron, no entry
        pass
    yield from _units(config, environ)


def in_crontab(config: Config, text: str, environ: Mapping[str, str]) -> Iterator[OtherEntry]:
    """Those of a crontab."""
    inside = False
    for line in text.split("\n"):
        mark = _MARK.fullmatch(line.rstrip("\r"))
        if mark is not None:
            inside = mark[1] == "BEGIN"
            reason = _reason(config, "crontab", mark[2]) if inside else None
            if reason is not None:
                yield OtherEntry("crontab", mark[2], reason)
        elif not inside and not line.lstrip().startswith("#") and runs_acme_sh(config, line, environ):
            yield OtherEntry("crontab", line, Plain.RUNS_ACME_SH)


def runs_acme_sh(config: Config, command: str, environ: Mapping[str, str]) -> bool:
    """Whether the shell *command* starts acme.sh on a home of *config*, or the acme.sh or wrapper script that belongs to it."""
    try:
        words = [word for quoted in shlex.split(command) for word in quoted.split()]
    except ValueError:
        words = command.split()
    user = str(home_of(environ))
    words = [re.sub(r"^(?:~|\$HOME|\$\{HOME\})(?=/|$)", lambda _: user, word.strip(";|&()")) for word in words]
    if not any(os.path.basename(word) == PROGRAM for word in words):
        return False
    homes = [authority.home for authority in config.authorities.values()]
    ours = (*homes, paths.program_folder(config), *(wrapper.path for wrapper in paths.wrappers(config)))
    named = [Path(os.path.normpath(word)) for word in words if word.startswith("/")]
    if not any(word in _HOMES for word in words) and Path(user, ".acme.sh") in homes:
        return True  # acme.sh's own default
    return any(place == path or place in path.parents for path in named for place in ours)


def remove(found: OtherEntry, config: Config, environ: Mapping[str, str]) -> None:
    """Take an entry of cron or systemd out; a timer that somebody else made is disabled. Raises :class:`AcmewrapError`."""
    if found.by == "systemd":
        units = _units_called(config, found.name, environ)
        units.disable() if found.reason is Plain.RUNS_ACME_SH else units.remove()
        return
    block = crontab.CrontabEntry(found.name, Schedule(), (), Path())
    foreign = found.reason is Plain.RUNS_ACME_SH
    edit = partial(crontab.edit, partial(_without, found.name) if foreign else block.without)
    privileges.as_root(edit) if found.roots else edit()


def _units(config: Config, environ: Mapping[str, str]) -> Iterator[OtherEntry]:
    folder = systemd.folder_of_units(environ)
    for path in sorted(folder.glob("*.service")) if folder.is_dir() else ():
        try:
            text = read_text(path, "replace")
        except OSError:
            continue
        source = systemd.source_of(text)
        if source is not None:
            reason = _reason(config, "systemd", source)
            if reason is not None:
                yield OtherEntry("systemd", path.stem, reason)
        elif path.with_suffix(".timer").exists():
            lines = re.findall(r"^\s*ExecStart\s*=\s*[-@:+!]*(.*)$", text, re.MULTILINE)
            running = any(runs_acme_sh(config, line, environ) for line in lines)
            if running and _units_called(config, path.stem, environ).is_enabled():
                yield OtherEntry("systemd", path.stem, Plain.RUNS_ACME_SH)


def _units_called(config: Config, name: str, environ: Mapping[str, str]) -> systemd.Units:
    schedule = config.schedule or Schedule(every_seconds=3600)
    return replace(entry.systemd_units(replace(config, schedule=schedule), environ), name=name)


def _reason(config: Config, by: Scheduler, source: str) -> Optional[Plain]:
    """Why an entry of acmewrap for the file *source* should not be there."""
    if source == str(config.file):
        return None if _by(config) == by else Plain.NOT_CONFIGURED
    return None if os.path.lexists(source) else Plain.FILE_GONE


def _by(config: Config) -> Optional[Scheduler]:
    return None if config.schedule is None else config.schedule.by


def _without(line: str, text: str) -> str:
    return "\n".join(kept for kept in text.split("\n") if kept != line)
