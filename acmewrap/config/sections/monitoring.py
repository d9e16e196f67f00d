"""The section `monitoring`: who hears of a run, and where their secrets lie."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, get_args

from ..arguments import URL_PATTERN, unexpected
from ..binder.record import Key, Record, Section
from ..binder.types import Scalar, Sequence, choice, matching
from ..monitoring import EndState, Healthchecks, Metrics, Monitoring, Ntfy, RunState, Webhook
from .credentials import SECRET
from .paths import PathKind
from .scalars import FLAG

_BUNDLE = Key(
    PathKind("a file of root certificates", handed=False),
    "The roots that its server is trusted by; those of the system when left out.",
)


def _server(text: str) -> str:
    if re.fullmatch(URL_PATTERN, text) is None:
        raise unexpected("the address of a server such as https://ntfy.example.com", text)
    return text.rstrip("/")


def _check_textfile(section: Section) -> None:
    path: Path = section.get("textfile")
    if path.suffix != ".prom":
        section.refuse("textfile", "must end with .prom: node_exporter reads no other files")


def _states(states: object, doc: str) -> Key:
    words = get_args(states)
    return Key(Sequence(choice(words), f"a list of {', '.join(words)}", unique=True), doc)


def _refuse_nothing(section: Section) -> None:
    if not section.nodes:
        section.reader.refuse(section.node, section.path, f"is empty: expected {', '.join(_SERVICES)}")


_ENDS = _states(EndState, "Which runs it hears of; `finish`: of good ones that had something to do.")
_METRICS = Record(
    {
        "textfile": Key(
            PathKind("a path", handed=False),
            "A file in the folder that node_exporter is given with --collector.textfile.directory, ending with .prom.",
            missing="a path such as /var/lib/prometheus/node-exporter/acmewrap.prom",
        )
    },
    Metrics,
    _check_textfile,
)
_HEALTHCHECKS = Record(
    {
        "ping_url": Key(
            SECRET, "The address to ping, which is a secret.", missing="a reference such as {file: ping.url}"
        ),
        "states": _states(
            RunState,
            "What is sent: `start`, before a run that has something to do; `finish`, after each good one, also with nothing to do; "
            "`fail`, the exit code of one that failed.",
        ),
        "send_logs": Key(FLAG, "Send along what failed, and why."),
        "ca_bundle": _BUNDLE,
    },
    Healthchecks,
)
_NTFY = Record(
    {
        "topic": Key(
            matching("[-_A-Za-z0-9]{1,64}", "the name of a topic"), "The topic.", missing="the name of a topic"
        ),
        "server": Key(
            Scalar("the address of a server", _server, {"type": "string", "pattern": "^https?://"}), "The server."
        ),
        "access_token": Key(SECRET, "An access token."),
        "states": _ENDS,
        "ca_bundle": _BUNDLE,
    },
    Ntfy,
)
_WEBHOOK = Record(
    {
        "url": Key(
            SECRET, "Where the run's JSON document is sent, by POST.", missing="a reference such as {file: hook.url}"
        ),
        "token": Key(SECRET, "Sent as `Authorization: Bearer`."),
        "states": _ENDS,
        "ca_bundle": _BUNDLE,
    },
    Webhook,
)
_SERVICES: Dict[str, Key] = {
    "metrics": Key(_METRICS, "Metrics for Prometheus, written by each run."),
    "healthchecks": Key(_HEALTHCHECKS, "Pings, as healthchecks.io and its like take them."),
    "ntfy": Key(_NTFY, "Messages to phones and desktops (ntfy)."),
    "webhook": Key(_WEBHOOK, "The run's JSON document, to a service of your own."),
}
MONITORING = Record(_SERVICES, Monitoring, _refuse_nothing)
