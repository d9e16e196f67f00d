"""Commands of the user's own around a run: ``before`` something, which one that fails stops, and ``after``, whatever came of it.

Each is given the run's JSON document on standard input, and runs once before and once after, however often it is named there.
"""

from __future__ import annotations

import threading
from typing import Callable, Dict, Iterator, Literal, Optional, Tuple

from ..catalogue import failure
from ..config.commands import Before, ConfiguredCommand
from ..config.model import Config
from ..driver.process import Command
from ..errors import AcmewrapError, CommandError, ExitCode, Failure
from ..plan.steps import DeployCertificate, ObtainCertificate, RenewCertificate, Step
from ..system import trust
from .commands import environment_of
from .context import RunContext
from .results import CommandResult, Run

Document = Callable[[Run], str]


class Commands:
    """Those of one run; ``document`` writes what they are given. Safe to use from several threads."""

    def __init__(self, config: Config, context: RunContext, document: Optional[Document]) -> None:
        self._config = config
        self._context = context
        self._document = document
        self._lock = threading.Lock()
        self._results: Dict[Tuple[str, Tuple[str, ...]], CommandResult] = {}

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

    def _once(self, moment: Literal["before", "after"], command: ConfiguredCommand, run: Run) -> Optional[Failure]:
        key = moment, command.run
        if key not in self._results:
            started = self._context.clock()
            found = self._run(command, run)
            seconds = self._context.clock() - started
            self._results[key] = CommandResult(command.run, moment, seconds, found)
        return self._results[key].failure

    def _run(self, command: ConfiguredCommand, run: Run) -> Optional[Failure]:
        assert self._document is not None
        environ = environment_of(self._context.environ)
        text = self._document(run).encode("utf-8", "surrogateescape")
        words = Command("command", command.run, environ, self._config.directory, command.timeout, stdin=text)
        try:
            trust.refuse_weak_command(command.run, environ["PATH"])
            done = self._context.runner.run(words)
        except AcmewrapError as error:
            return error.failure
        if done.returncode == 0 and not done.ended_by_deadline:
            return None
        how = f"did not end within {command.timeout} s" if done.ended_by_deadline else f"ended with {done.returncode}"
        return failure("command.failed", f"{words.printable()} {how}", done.lines[-20:], program=command.run[0])


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
