"""Who hears of a run: a monitor that reads metrics, one that waits for pings, a phone, a program of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Literal, Optional, Tuple, Union

from ..frozen import frozen
from ..secrets import Reference

RunState = Literal["start", "finish", "fail"]
EndState = Literal["finish", "fail"]


@frozen
class Metrics:
    """A file for the textfile collector of Prometheus' node_exporter."""

    textfile: Path


@frozen
class Healthchecks:
    """Pings as healthchecks.io and its like take them, for ``states``; the failed steps go along only with ``send_logs``."""

    ping_url: Reference
    states: Tuple[RunState, ...] = ("start", "finish", "fail")
    send_logs: bool = False
    ca_bundle: Optional[Path] = None


@frozen
class Ntfy:
    """Messages to a topic of ntfy."""

    topic: str
    server: str = "https://ntfy.sh"
    access_token: Optional[Reference] = None
    states: Tuple[EndState, ...] = ("fail",)
    ca_bundle: Optional[Path] = None


@frozen
class Webhook:
    """The run's JSON document, as the body of a POST; ``token`` is shown as a bearer's (RFC 6750)."""

    url: Reference
    token: Optional[Reference] = None
    states: Tuple[EndState, ...] = ("finish", "fail")
    ca_bundle: Optional[Path] = None


Service = Union[Healthchecks, Ntfy, Webhook]


@frozen
class Monitoring:
    """All that is reported of runs, and where to."""

    metrics: Optional[Metrics] = None
    healthchecks: Optional[Healthchecks] = None
    ntfy: Optional[Ntfy] = None
    webhook: Optional[Webhook] = None

    @property
    def services(self) -> Dict[str, Service]:
        """Those that get messages, by the name of their key."""
        found = {"healthchecks": self.healthchecks, "ntfy": self.ntfy, "webhook": self.webhook}
        return {name: service for name, service in found.items() if service is not None}

    @property
    def secrets(self) -> Dict[str, Reference]:
        """Addresses and tokens, by the path of their key below the section."""
        found: Dict[str, Optional[Reference]] = {}
        if self.healthchecks is not None:
            found["healthchecks.ping_url"] = self.healthchecks.ping_url
        if self.ntfy is not None:
            found["ntfy.access_token"] = self.ntfy.access_token
        if self.webhook is not None:
            found.update({"webhook.url": self.webhook.url, "webhook.token": self.webhook.token})
        return {path: reference for path, reference in found.items() if reference is not None}
