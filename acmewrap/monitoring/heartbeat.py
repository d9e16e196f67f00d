"""Reports a run that is known to find nothing to do, from its record: metrics and one ping. It imports next to nothing."""

from __future__ import annotations

import os

from ..system.reading import read_text
from . import curl, exposition, pings, textfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Mapping, Optional, Tuple

    from ..config.model import Config
    from ..errors import Failure

_SECONDS = 6.0


def describe(config: Config, environ: Mapping[str, str]) -> Optional[str]:
    """The line: words that are separated by tabs, none where there is nothing to tell. None when each run has to read the file:
    for an address in that file itself, which is not written down a second time, and one that a command prints.
    """
    from ..secrets import CredentialReference, EnvironmentReference, FileReference
    from .monitor import find_curl

    settings = config.monitoring
    if settings is None:
        return ""
    words = [str(config.file), str(settings.metrics.textfile) if settings.metrics is not None else ""]
    service = settings.healthchecks
    if service is not None and "finish" in service.states:
        reference = service.ping_url
        if isinstance(reference, EnvironmentReference):
            place = ("env", reference.name)
        elif isinstance(reference, CredentialReference):
            place = ("credential", reference.name)
        elif isinstance(reference, FileReference):
            place = ("file", str(reference.path))
        else:
            return None
        words += [*place, str(service.ca_bundle or ""), find_curl(environ)]
    return None if any("\t" in word or "\n" in word for word in words) else "\t".join(words)


def beat(
    line: str, environ: Mapping[str, str], started: float, clock: Callable[[], float]
) -> Optional[Tuple[Failure, ...]]:
    """Do what *line* says. What was not taken is returned; None: the run has to be done in full."""
    source, path, *ping = line.split("\t")
    try:
        samples, certificates = textfile.load(path, source) if path else ({}, "")
        if path and not certificates:
            return None
        request = _request(ping, environ) if ping else None
    except (OSError, ValueError, LookupError):
        return None  # which says why
    failures: Tuple[Failure, ...] = ()
    if request is not None:
        (answer,) = curl.send([request], ping[3], environ, _SECONDS)
        if not answer.ok:
            from .services import explain, redacted

            failures = tuple(filter(None, (explain(*redacted([answer])),)))
    if path:
        _update(samples, started, clock(), None if request is None else not failures)
        try:
            textfile.store(path, source, samples, certificates)
        except OSError as error:
            from ..failures import failure

            failures += (failure("monitoring.metrics_file", f"{path}: {error.strerror or error}", path=path),)
    return failures


def _request(words: List[str], environ: Mapping[str, str]) -> curl.Request:
    kind, place, ca_bundle, _ = words
    if kind == "env":
        url = environ[place]
    else:
        url = read_text(place if kind == "file" else os.path.join(environ["CREDENTIALS_DIRECTORY"], place))
    url = url.strip()
    if not url or not url.isprintable():
        raise ValueError
    return curl.Request("healthchecks", pings.address(url, "", pings.new_run()), (), None, ca_bundle)


def _update(samples: exposition.Samples, started: float, ended: float, taken: Optional[bool]) -> None:
    """As :class:`.metrics.RunMetrics` does it, of samples that are there."""
    values = exposition.ended(started, ended, 0)
    for one, value in samples.items():
        name = exposition.family(one)
        if name in values:
            samples[one] = values[name]
        elif taken is not None and 'service="healthchecks"' in one:
            counted = name == "acmewrap_monitoring_failures_total"
            samples[one] = str(int(float(value)) + (not taken)) if counted else str(int(taken))
