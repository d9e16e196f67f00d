"""What a run and the state of the certificates are as metrics; see :mod:`.exposition` for their names."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Mapping, Optional, Sequence

from .. import __version__
from ..config.model import Config
from ..engine.results import Run
from ..engine.verbs.status import CertificateStatus
from ..errors import Failure
from ..formats.text import visible
from ..plan.due import interval_of
from ..plan.steps import DeployCertificate, ObtainCertificate
from . import exposition, textfile
from .exposition import render, series

if TYPE_CHECKING:
    from .exposition import Samples

_OUTCOMES = {"issue": ("done", "failed"), "deploy": ("done", "failed", "unproven", "rolled_back")}


def of_certificates(config: Config, statuses: Mapping[str, CertificateStatus]) -> str:
    """The text about *statuses*."""
    found: Samples = {}

    def put(metric: str, value: float, /, **labels: str) -> None:
        found[series(metric, config=visible(str(config.file)), **labels)] = str(int(value))

    for name, status in statuses.items():
        put("acmewrap_certificate_ready", status.is_healthy, name=name)
        if status.leaf is not None:
            begin, end = status.leaf.validity
            put("acmewrap_certificate_not_before_timestamp_seconds", begin, name=name)
            issuer = visible(status.leaf.issuer or "")
            put("acmewrap_certificate_not_after_timestamp_seconds", end, name=name, issuer=issuer)
        if status.due_at is not None:
            put("acmewrap_certificate_renewal_due_timestamp_seconds", status.due_at.timestamp(), name=name)
        for target, one in status.targets.items():
            put("acmewrap_target_in_sync", one.state in ("deployed", "unverified"), name=name, target=target)
            if one.proven_at is not None:
                seen = one.proven_at.timestamp()
                put("acmewrap_target_last_success_timestamp_seconds", seen, name=name, target=target)
    return render(found)


def text(config: Config, statuses: Mapping[str, CertificateStatus]) -> str:
    """All of it: *statuses*, and what the file of `monitoring.metrics` has of runs, where there is one."""
    samples: Samples = {}
    if config.monitoring is not None and config.monitoring.metrics is not None:
        with contextlib.suppress(OSError):
            samples, _ = textfile.load(str(config.monitoring.metrics.textfile), str(config.file))
    return render(RunMetrics(config, samples).samples) + of_certificates(config, statuses)


class RunMetrics:
    """The samples of runs, as those before left them in *samples*, changed in place."""

    def __init__(self, config: Config, samples: Samples) -> None:
        self.samples = samples
        self._config = visible(str(config.file))
        for one in [one for one in samples if one.startswith("acmewrap_build_info{")]:
            del samples[one]
        self.set("acmewrap_build_info", 1, version=__version__, acme_sh_version=config.acme_sh.release)
        self.set("acmewrap_schedule_interval_seconds", interval_of(config.schedule))
        for operation, outcomes in _OUTCOMES.items():
            for outcome in outcomes:
                self._count("acmewrap_operations_total", 0, operation=operation, outcome=outcome)

    def begin(self, when: float) -> None:
        self.set("acmewrap_run_last_start_timestamp_seconds", int(when))

    def end(self, started: float, when: float, exit_code: int) -> None:
        for name, value in exposition.ended(started, when, exit_code).items():
            self.set(name, value)

    def count(self, run: Run) -> None:
        """What *run* did."""
        for result in run.results:
            kinds = ((ObtainCertificate, "issue"), (DeployCertificate, "deploy"))
            operation = next((name for kind, name in kinds if isinstance(result.step, kind)), None)
            if operation is not None and result.outcome != "skipped":
                self._count("acmewrap_operations_total", 1, operation=operation, outcome=result.outcome)
        failed = [result.failure for result in run.results if result.outcome != "skipped"]
        self.count_failures([*failed, *run.plan.state.unread, *(one.failure for one in run.commands)])

    def count_failures(self, failures: Sequence[Optional[Failure]]) -> None:
        for failure in failures:
            if failure is not None:
                self._count("acmewrap_errors_total", 1, error_id=failure.id)

    def count_message(self, service: str, *, ok: bool) -> None:
        """Whether *service* took what it was sent."""
        self.set("acmewrap_monitoring_success", int(ok), service=service)
        self._count("acmewrap_monitoring_failures_total", int(not ok), service=service)

    def set(self, name: str, value: object, /, **labels: str) -> None:
        self.samples[series(name, config=self._config, **labels)] = str(value)

    def _count(self, name: str, more: int, /, **labels: str) -> None:
        before = self.samples.get(series(name, config=self._config, **labels), "0")
        self.set(name, int(float(before)) + more, **labels)
