"""Commands of the user's own, with the environment that the user has: what they print decides nothing, how they end does.

Those of ``install`` test and load new files. Those of the section ``commands`` stand around a run: ``before`` something, which
one that fails stops, and ``after``, whatever came of it; each is given the run's JSON document on standard input, and runs once
before and once after, however often it is named there.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import threading
from typing import Callable, Dict, Iterator, Optional, Sequence, Tuple

from ..config.model import Before, Config, ConfiguredCommand
from ..driver.command import DEFAULT_PATH
from ..driver.process import Command, OnLine
from ..errors import AcmewrapError, CommandError, ExitCode, Failure
from ..failures import KEPT_LINES, failure
from ..plan.steps import DeployCertificate, ObtainCertificate, RenewCertificate, Step
from ..system import files, trust
from .context import RunContext
from .results import CommandResult, Moment, Run

_DEADLINE = 120.0

Document = Callable[[Run], str]
Words = Tuple[str, ...]


class Ended(Exception):  # noqa: N818 - nothing that is shown
    """A command ended badly: how, and its last lines."""

    def __init__(self, how: str, lines: Sequence[str] = ()) -> None:
        super().__init__(how)
        self.lines = tuple(lines[-KEPT_LINES:])


def run(verb: str, argv: Words, config: Config, context: RunContext, on_line: Optional[OnLine]) -> Words:
    """Run a command of ``install``, never two at once on this machine. Raises what :func:`_run` raises."""
    command = Command(verb, argv, _environment(context), config.directory, _DEADLINE)
    with files.machine_lock(_DEADLINE):
        return _run(command, context, on_line)


def refuse_weak(argv: Words, context: RunContext) -> None:
    """For root: raise :class:`AccessError` when another user can change the program of *argv*, or of its shell command."""
    try:
        words = tuple(shlex.split(argv[2])) if argv[:2] == ("/bin/sh", "-c") else argv
    except ValueError:  # what the shell cannot read it refuses itself
        return
    trust.refuse_weak_command(words, _environment(context)["PATH"])


class Commands:
    """Those of the section, in one run; ``document`` writes what they are given (None: none runs). Safe between threads."""

    def __init__(self, config: Config, context: RunContext, document: Optional[Document]) -> None:
        self._config = config
        self._context = context
        self._document = document
        self._lock = threading.Lock()
        self._results: Dict[Tuple[str, Words], CommandResult] = {}

    def guard(self, stage: Before, run: Run) -> None:
        """Run what is to run before *stage*, if it has not. Raises :class:`CommandError` (``command.failed``) when one failed."""
        for command in self._config.commands if self._document is not None else ():
            if command.before == stage:
                with self._lock:  # the other certificates wait for its end
                    found = self._once("before", command, run)
                if found is not None:
                    raise CommandError(found)

    def finish(self, run: Run) -> Tuple[CommandResult, ...]:
        """Run what is to run after *run*, and return how all of them ended."""
        if self._document is not None and run.plan.steps:
            stages, events = {"run", *_stages(run)}, set(_events(run))
            for command in self._config.commands:
                if command.after in stages and (not command.when or events.intersection(command.when)):
                    self._once("after", command, run)
        return tuple(self._results.values())

    def _once(self, moment: Moment, command: ConfiguredCommand, run: Run) -> Optional[Failure]:
        key = moment, command.run
        if key not in self._results:
            started, found = self._context.clock(), self._give(command, run)
            self._results[key] = CommandResult(command.run, moment, self._context.clock() - started, found)
        return self._results[key].failure

    def _give(self, command: ConfiguredCommand, run: Run) -> Optional[Failure]:
        assert self._document is not None
        text, environment = self._document(run).encode("utf-8", "surrogateescape"), _environment(self._context)
        words = Command("command", command.run, environment, self._config.directory, command.timeout, stdin=text)
        try:
            _run(words, self._context)
        except AcmewrapError as error:
            return error.failure
        except Ended as ended:
            return failure("command.failed", f"{words.printable()} {ended}", ended.lines, program=command.run[0])
        return None


def stage_of(step: Step) -> Optional[Before]:
    """Which commands have to run before *step*, besides those before the run."""
    if isinstance(step, ObtainCertificate):
        return "issue"
    return "deploy" if isinstance(step, DeployCertificate) else None


def _stages(run: Run) -> Iterator[str]:
    yield from filter(None, (stage_of(result.step) for result in run.results if result.outcome != "skipped"))
    if run.exit_code != ExitCode.OK:
        yield "error"


def _events(run: Run) -> Iterator[str]:
    for result in run.results:
        if isinstance(result.step, ObtainCertificate) and result.changed:
            yield "renewed" if isinstance(result.step, RenewCertificate) else "issued"
        if isinstance(result.step, DeployCertificate) and result.ok and result.changed:
            yield "deployed"
        if result.outcome not in ("done", "skipped"):
            yield "failed"
        yield result.outcome


def _run(command: Command, context: RunContext, on_line: Optional[OnLine] = None) -> Words:
    """What it printed. Raises :class:`Ended`, :class:`AccessError` (:func:`refuse_weak`), CommandError when the run is stopped."""
    refuse_weak(command.argv, context)
    try:
        done = context.runner.run(command, on_line)
    except CommandError as error:
        if context.stopped.is_set():
            raise
        raise Ended(error.failure.message) from error
    if done.ended_by_deadline:
        raise Ended(f"did not end within {command.timeout:.0f} s", done.lines)
    if done.returncode != 0:
        raise Ended(f"ended with {done.returncode}", done.lines)
    return done.lines


def _environment(context: RunContext) -> Dict[str, str]:
    """The user's environment; cron and DSM leave out what `systemctl --user` and others look for."""
    environment = {**context.environ, "PATH": context.environ.get("PATH") or DEFAULT_PATH}
    with contextlib.suppress(KeyError):
        environment.setdefault("HOME", pwd.getpwuid(os.geteuid()).pw_dir)
    runtime = f"/run/user/{os.geteuid()}"
    if os.path.isdir(runtime):
        environment.setdefault("XDG_RUNTIME_DIR", runtime)
    return environment
