"""One message to each who is to hear of runs, whatever of them, and the metrics once more; to see what comes of it."""

from __future__ import annotations

from functools import partial
from typing import Iterator, Mapping, Optional, Tuple

from ..config.model import Config
from ..errors import AcmewrapError, ExitCode, Failure
from ..failures import failure
from ..frozen import frozen
from ..report import document
from . import pings, services
from .monitor import END_SECONDS, deliver, record


@frozen
class Sent:
    """How ``service`` took it: its HTTP ``status`` (None: it is the metrics, or nobody answered) and some of its ``answer``."""

    service: str
    status: Optional[int] = None
    answer: str = ""
    failure: Optional[Failure] = None


def run(config: Config, environ: Mapping[str, str]) -> Tuple[Sent, ...]:
    """See :meth:`acmewrap.job.Job.test_monitoring`."""
    if config.monitoring is None:
        raise AcmewrapError(failure("monitoring.none", f"{config.file} has no section `monitoring:`"))
    return tuple(_send(config, environ))


def _send(config: Config, environ: Mapping[str, str]) -> Iterator[Sent]:
    settings = config.monitoring
    assert settings is not None
    if settings.metrics is not None:
        problem = record(config, lambda _: None)
        yield Sent("metrics", None, "" if problem else str(settings.metrics.textfile), problem)
    write = partial(document.as_text, "monitoring", ExitCode.OK)
    event = services.Event(pings.new_run(), "finish", document=write, is_trial=True)
    for service, answer in deliver(config, event, environ, END_SECONDS):
        if isinstance(answer, Failure):
            yield Sent(service, failure=answer)
        else:
            yield Sent(service, answer.status or None, answer.text, services.explain(answer))
