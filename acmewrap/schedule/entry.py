"""The unattended run: what the scheduler is to start, and when."""

from __future__ import annotations

import contextlib
import filecmp
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Iterator, Mapping, Optional, Tuple

from .. import paths
from ..config.challenges import Alpn, Standalone
from ..config.model import Config
from ..errors import AccessError, Problem
from ..failures import failure, invalid
from ..system import files, privileges, resources, trust
from ..system.reading import LARGE, read_bytes
from .backend import logged
from .crontab import CrontabEntry
from .systemd import Units, folder_of_units


def invocation(copy: Optional[Path] = None) -> Tuple[str, ...]:
    """The words that start this very acmewrap, or the *copy* of its single file, from any folder, and import nothing from there."""
    # With -m, the current folder comes first of all that Python imports from, and a `yaml.py` in it would be run.
    package = Path(os.path.abspath(__file__)).parent.parent
    return sys.executable, "-I", str(copy or resources.single_file() or package / "__main__.py")


def is_placed(config: Config) -> bool:
    """Whether the single file that a scheduler is to start lies beside the certificates; so it does when there is none."""
    own, place = resources.single_file(), place_of(config)
    if own is None or config.schedule is None or config.schedule.run != "acmewrap":
        return True
    return all(os.access(str(path), os.R_OK) for path in (own, place)) and filecmp.cmp(str(own), str(place))


def place(config: Config) -> None:
    """Copy the single file to where the scheduler is to find it: it may have been started from a folder of downloads.

    Raises what :func:`refuse_weak` raises.
    """
    refuse_weak(config)
    own, log = resources.single_file(), paths.log_path(config)
    if log.exists() and not os.access(str(log), os.W_OK):  # root's, from before it worked as this user
        with contextlib.suppress(OSError):
            os.replace(str(log), f"{log}.1")
    if own is not None and not is_placed(config):
        files.write_atomic(place_of(config), read_bytes(own, LARGE), files.SCRIPT)


def refuse_weak(config: Config) -> None:
    """Raise :class:`AccessError`: ``trust.weak_path`` when root's scheduler would start, read, or write to what others can
    exchange, ``schedule.unreadable`` when another user's could not read what it is to.
    """
    own = resources.single_file()
    log, read = paths.log_path(config), (config.file, own or Path(__file__), Path(sys.executable))
    for path in (log, *read):
        trust.refuse_weak(path)
        if path != log and privileges.way_back() is not None and not os.access(str(path), os.R_OK):
            user = privileges.User.current().name
            message = f"the unattended run is {user}'s, who owns {config.directory}, and {user} cannot read {path}"
            raise AccessError(failure("schedule.unreadable", message, path=path, user=user))


def place_of(config: Config) -> Path:
    """Where the single file lies that a scheduler starts; nothing is there while acmewrap runs from elsewhere."""
    return config.directory / "acmewrap.pyz"


def commands(config: Config) -> Tuple[Tuple[str, ...], ...]:
    """What is started, for a configuration with a schedule: acmewrap itself, or the wrapper of each authority."""
    assert config.schedule is not None
    if config.schedule.run == "wrapper":
        return tuple((str(wrapper.path), "--cron") for wrapper in paths.wrappers(config))
    own = invocation(None if resources.single_file() is None else place_of(config))
    return ((*own, "--config", str(config.file), "cron"),)


def refuse_unprintable(config: Config) -> None:
    """Raise :class:`ConfigurationError` for what a scheduler could not keep on one line, where the rest would be entries too."""
    assert config.schedule is not None
    words = (word for line in commands(config) for word in line)
    for value in (str(config.file), str(paths.log_path(config)), config.schedule.mail or "", *words):
        if not value.isprintable():
            message = f"{value!r} holds a control character, or what is no Unicode"
            raise invalid((Problem(str(config.file), 1, 1, "schedule", message),))


def crontab_entry(config: Config) -> CrontabEntry:
    assert config.schedule is not None
    return CrontabEntry(str(config.file), config.schedule, commands(config), paths.log_path(config))


def systemd_units(config: Config, environ: Mapping[str, str]) -> Units:
    assert config.schedule is not None
    log = paths.log_path(config)
    homes = (authority.home for authority in config.authorities.values())
    metrics = None if config.monitoring is None else config.monitoring.metrics
    read = () if metrics is None else (metrics.textfile.parent,)
    written = (*paths.webroots(config), *homes, log.parent, *_folders_of_hooks(config), *read)
    outside = [path for path in written if path != config.directory and config.directory not in path.parents]
    return Units(
        name=unit_name(config.file),
        source=config.file,
        schedule=config.schedule,
        commands=commands(config),
        log=log,
        writable=tuple(dict.fromkeys((config.directory, *outside))),
        folder=folder_of_units(environ),
        system=privileges.may_be_root(),
        user="" if os.geteuid() == 0 or not privileges.may_be_root() else privileges.User.current().name,
        listens=any(isinstance(challenge, (Standalone, Alpn)) for challenge in config.challenges()),
        runs_others=bool(config.commands) or any(target.synology is None for _, target in config.targets()),
    )


def _folders_of_hooks(config: Config) -> Iterator[Path]:
    """Where deploy hooks install to, such as DEPLOY_HAPROXY_PEM_PATH: the folder, or that of the file."""
    for _, target in config.targets():
        named = [Path(value) for value in target.env.values() if isinstance(value, str) and value.startswith("/")]
        yield from (path if path.is_dir() else path.parent for path in named)
        if target.install is not None:  # new files are made beside the old ones
            yield from (place.parent for place in target.install.places)


def unit_name(file: Path) -> str:
    """A name of its own for each configuration file, without its ending."""
    return "acmewrap-" + re.sub(r"[^A-Za-z0-9_]+", "-", str(file.with_suffix(""))).strip("-")


def script(config: Config) -> str:
    """One line of shell for schedulers that run scripts from any folder and with no environment: both streams go to the log,
    and it ends with 0 only if every command did.
    """
    log = shlex.quote(str(paths.log_path(config)))
    lines = [logged(" ".join(map(shlex.quote, words)), log) for words in commands(config)]
    if len(lines) > 1:
        lines = ["status=0", *(f"{line} || status=$?" for line in lines), "exit $status"]
    return f"/bin/bash -c {shlex.quote('; '.join(('umask 077', *lines)))}"
