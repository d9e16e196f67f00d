"""One run, and its reports: its beginning once there is something to do, and its end whatever that is.

Nothing that fails here fails the run; nothing here takes longer than the seconds below, together less than ten.
"""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import Callable, Iterator, List, Mapping, Optional, Tuple, Union

from .. import paths, unexpected
from ..config.model import Config
from ..config.monitoring import RunState
from ..engine.convergence import Convergence
from ..engine.engine import Listener
from ..engine.results import Run
from ..engine.verbs.status import CertificateStatus
from ..errors import AcmewrapError, ExitCode, Failure
from ..failures import failure
from ..frozen import replace
from ..report import document
from ..system import trust
from . import curl, metrics, pings, services, textfile
from .curl import Answer
from .services import Event

BEGIN_SECONDS, END_SECONDS = 3.0, 6.0
Statuses = Mapping[str, CertificateStatus]
Change = Callable[[metrics.RunMetrics], object]


class Monitor:
    """For one run of *command*. Of one that is not of everything nobody hears; only the metrics of certificates change."""

    def __init__(self, convergence: Convergence, command: str) -> None:
        assert convergence.config.monitoring is not None
        self._convergence = convergence
        self._config = convergence.config
        self._settings = convergence.config.monitoring
        self._clock = convergence.clock
        self._command = command
        self._whole = command in ("apply", "cron") and not convergence.names
        self._run = pings.new_run()
        self._started = self._clock()
        self._failures: List[Failure] = []
        self._taken: List[Tuple[str, bool]] = []

    def follow(self, listener: Optional[Listener], status: Callable[[Run], Statuses]) -> Run:
        """Execute it, and report it. Raises what that raises."""
        try:
            run = replace(self._convergence, begin=self._begin).execute(listener)
        except Exception as error:
            known = unexpected.explain(error, paths.reports_folder(self._config), self._command)
            self._safely(lambda: self._abort(known))
            raise
        self._safely(lambda: self._finish(run, status))
        return replace(run, monitoring=tuple(self._failures))

    def _begin(self) -> None:
        if self._whole:
            self._safely(lambda: self._record(lambda found: found.begin(self._started)))
            self._safely(lambda: self._send(Event(self._run, "start"), BEGIN_SECONDS, retry=False))

    def _finish(self, run: Run, status: Callable[[Run], Statuses]) -> None:
        code, statuses = run.exit_code, status(run)
        state: RunState = "finish" if code == ExitCode.OK else "fail"
        write = partial(document.text_of_run, self._command, run, statuses)
        event = Event(self._run, state, code, run, write, idle=not run.plan.steps and code == ExitCode.OK)
        self._end(event, lambda found: found.count(run), metrics.of_certificates(self._config, statuses))

    def _abort(self, error: AcmewrapError) -> None:
        code = error.exit_code
        write = partial(document.as_text, self._command, code, error=error)
        event = Event(self._run, "fail", code, error, write)
        self._end(event, lambda found: found.count_failures([error.failure]))

    def _end(self, event: Event, count: Change, certificates: Optional[str] = None) -> None:
        def write(found: metrics.RunMetrics) -> None:
            count(found)
            for service, ok in self._taken:
                found.count_message(service, ok=ok)
            if self._whole:
                found.end(self._started, self._clock(), event.exit_code)

        if self._whole:
            self._safely(lambda: self._send(event, END_SECONDS))
        self._record(write, certificates)

    def _send(self, event: Event, seconds: float, *, retry: bool = True) -> None:
        for service, found in deliver(self._config, event, self._convergence.environ, seconds, retry=retry):
            bad = found if isinstance(found, Failure) else services.explain(found)
            self._taken.append((service, bad is None))
            if bad is not None:
                self._failures.append(bad)

    def _record(self, change: Change, certificates: Optional[str] = None) -> None:
        problem = record(self._config, change, certificates)
        if problem is not None:
            self._failures.append(problem)

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self._failures.append(unexpected.explain(error, paths.reports_folder(self._config), "monitoring").failure)


def record(config: Config, change: Change, certificates: Optional[str] = None) -> Optional[Failure]:
    """Do *change* to the metrics, if there are to be some, and replace what they say about *certificates* (None: it stays)."""
    if config.monitoring is None or config.monitoring.metrics is None:
        return None
    path, source = str(config.monitoring.metrics.textfile), str(config.file)
    try:
        samples, before = textfile.load(path, source)
        change(metrics.RunMetrics(config, samples))
        textfile.store(path, source, samples, before if certificates is None else certificates)
    except OSError as error:
        return failure("monitoring.metrics_file", f"{path}: {error.strerror or error}", path=path)
    return None


def deliver(
    config: Config, event: Event, environ: Mapping[str, str], seconds: float, *, retry: bool = True
) -> Iterator[Tuple[str, Union[Answer, Failure]]]:
    """Send *event* to all who want it; of each service its :class:`Answer`, or the :class:`Failure` that kept it from one."""
    assert config.monitoring is not None
    requests, failures = services.prepare(config.monitoring, event, environ)
    yield from failures
    if requests:
        try:
            program = find_curl(environ)
        except AcmewrapError as error:
            yield from ((request.service, error.failure) for request in requests)
            return
        for answer in services.redacted(curl.send(requests, program, environ, seconds, retry=retry)):
            yield answer.request.service, answer


def find_curl(environ: Mapping[str, str]) -> str:
    """Its full path. Raises :class:`AcmewrapError` (``tool.missing``; ``trust.weak_path``, when others can change it)."""
    search = environ.get("PATH") or os.defpath
    found = shutil.which("curl", path=search)
    if found is None:
        raise AcmewrapError(failure("tool.missing", "there is no curl in PATH", tool="curl"))
    trust.refuse_weak_command(("curl",), search)
    return found
