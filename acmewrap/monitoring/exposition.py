"""The text format of Prometheus (version 0.0.4), and every metric that there is.

A run with nothing to do comes here, so nothing is imported. No sample has a timestamp: node_exporter would drop the whole file.
Texts after HELP are constants, for two files that differ in one lose one of both; and every series names its configuration, for
of two that are equal in two files one is lost without a word (both seen with node_exporter 1.5).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Tuple

    Samples = Dict[str, str]
    """Values by series, as they are written: ``acmewrap_run_duration_seconds{config="/etc/acmewrap/config.yaml"}`` to ``1.5``."""

RUN: Mapping[str, Tuple[str, str]] = {
    "acmewrap_build_info": ("gauge", "Versions of acmewrap and of the pinned acme.sh; always 1."),
    "acmewrap_schedule_interval_seconds": ("gauge", "Time between two scheduled runs; 0 without a schedule."),
    "acmewrap_run_last_start_timestamp_seconds": (
        "gauge",
        "Start of the last run; newer than its end until it ends.",
    ),
    "acmewrap_run_last_timestamp_seconds": ("gauge", "End of the last run."),
    "acmewrap_run_last_success_timestamp_seconds": ("gauge", "End of the last run that failed in nothing."),
    "acmewrap_run_last_exit_code": ("gauge", "Exit code of the last run."),
    "acmewrap_run_duration_seconds": ("gauge", "Length of the last run."),
    "acmewrap_operations_total": ("counter", "Certificates issued and deployed, by outcome."),
    "acmewrap_errors_total": ("counter", "Failures of runs, by id (docs/errors.md)."),
    "acmewrap_monitoring_success": ("gauge", "Whether the last message to a service was taken."),
    "acmewrap_monitoring_failures_total": ("counter", "Messages that a service did not take."),
}
CERTIFICATES: Mapping[str, Tuple[str, str]] = {
    "acmewrap_certificate_ready": ("gauge", "Whether it is valid, deployed everywhere, and no failure is outstanding."),
    "acmewrap_certificate_not_before_timestamp_seconds": ("gauge", "Start of validity."),
    "acmewrap_certificate_not_after_timestamp_seconds": ("gauge", "End of validity."),
    "acmewrap_certificate_renewal_due_timestamp_seconds": ("gauge", "When it is to be renewed."),
    "acmewrap_target_in_sync": ("gauge", "Whether the target has the certificate that is stored."),
    "acmewrap_target_last_success_timestamp_seconds": ("gauge", "When the stored certificate was seen at the target."),
}
_FAMILIES = {**RUN, **CERTIFICATES}
_FIRST_OF_CERTIFICATES = f"# HELP {next(iter(CERTIFICATES))} "


def series(name: str, /, **labels: str) -> str:
    return f"{name}{{{','.join(f'{key}={_quoted(value)}' for key, value in labels.items())}}}"


def family(one: str) -> str:
    return one.partition("{")[0]


def render(samples: Samples) -> str:
    """*samples* by family, in the order of the tables above."""
    found: Dict[str, List[str]] = {}
    for one, value in samples.items():
        found.setdefault(family(one), []).append(f"{one} {value}\n")
    return "".join(_block(name, found[name]) for name in _FAMILIES if name in found)


def ended(started: float, when: float, exit_code: int) -> Dict[str, str]:
    """Values by metric, of a run that began at *started* and ended at *when*."""
    values = {
        "acmewrap_run_last_start_timestamp_seconds": str(int(started)),
        "acmewrap_run_last_timestamp_seconds": str(int(when)),
        "acmewrap_run_last_exit_code": str(int(exit_code)),
        "acmewrap_run_duration_seconds": str(round(max(when - started, 0), 3)),
    }
    return values if exit_code else {**values, "acmewrap_run_last_success_timestamp_seconds": str(int(when))}


def split(text: str) -> Tuple[str, str]:
    """The part about runs, and that about certificates."""
    head, mark, rest = text.partition(_FIRST_OF_CERTIFICATES)
    return head, mark + rest


def parse(text: str) -> Samples:
    """What :func:`render` wrote, of runs; whatever else is there is left out."""
    found: Samples = {}
    for line in text.split("\n"):
        one, _, value = line.rpartition(" ")
        if family(one) in RUN and one.endswith("}") and value.replace(".", "", 1).isdecimal():
            found[one] = value
    return found


def _block(name: str, lines: List[str]) -> str:
    kind, text = _FAMILIES[name]
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n{''.join(lines)}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
