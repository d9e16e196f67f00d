"""The user's own commands, with the environment that the user has: what they print decides nothing, how they end does."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
from typing import Dict, Mapping, Optional, Sequence, Tuple

from ..config.model import Config
from ..driver import command
from ..driver.process import Command, OnLine
from ..errors import CommandError
from ..system import files, trust
from .context import RunContext

_DEADLINE = 120.0
_TAIL = 20


class Ended(Exception):  # noqa: N818 - nothing that is shown
    """A command ended badly: how, and its last lines."""

    def __init__(self, how: str, lines: Sequence[str] = ()) -> None:
        super().__init__(how)
        self.lines = tuple(lines[-_TAIL:])


def run(
    verb: str, argv: Tuple[str, ...], config: Config, context: RunContext, on_line: Optional[OnLine]
) -> Tuple[str, ...]:
    """Run *argv*, never two at once on this machine. Raises :class:`Ended`; :class:`AccessError` when root would run what others
    can change; :class:`CommandError` when the run is being stopped.
    """
    environment = environment_of(context.environ)
    refuse_weak(argv, environment)
    with files.machine_lock(_DEADLINE):
        try:
            done = context.runner.run(Command(verb, argv, environment, config.directory, _DEADLINE), on_line)
        except CommandError as error:
            if context.stopped.is_set():
                raise
            raise Ended(error.failure.message) from error
    if done.ended_by_deadline:
        raise Ended(f"did not end within {_DEADLINE:.0f} s", done.lines)
    if done.returncode != 0:
        raise Ended(f"ended with {done.returncode}", done.lines)
    return done.lines


def refuse_weak(argv: Tuple[str, ...], environ: Mapping[str, str]) -> None:
    """For root: raise :class:`AccessError` when another user can change the program of *argv*, or of its shell command."""
    words = argv
    if argv[:2] == ("/bin/sh", "-c"):
        try:
            words = tuple(shlex.split(argv[2]))
        except ValueError:  # what the shell cannot read it refuses itself
            return
    trust.refuse_weak_command(words, environ.get("PATH") or command.DEFAULT_PATH)


def environment_of(environ: Mapping[str, str]) -> Dict[str, str]:
    """The user's environment; cron and DSM leave out what `systemctl --user` and others look for."""
    environment = {**environ, "PATH": environ.get("PATH") or command.DEFAULT_PATH}
    with contextlib.suppress(KeyError):
        environment.setdefault("HOME", pwd.getpwuid(os.geteuid()).pw_dir)
    runtime = f"/run/user/{os.geteuid()}"
    if os.path.isdir(runtime):
        environment.setdefault("XDG_RUNTIME_DIR", runtime)
    return environment
