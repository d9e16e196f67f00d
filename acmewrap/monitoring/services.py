"""What each service is sent, and what its answer means."""

from __future__ import annotations

import json
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..config.monitoring import Healthchecks, Monitoring, Ntfy, RunState, Service
from ..driver.output.error_codes import CURL
from ..errors import AccessError, AcmewrapError, Failure
from ..failures import failure
from ..frozen import frozen
from ..report import messages
from ..report.messages import Ending
from ..secrets import Redactor, Reference, Secret, resolve
from . import pings
from .curl import Answer, Request

_BODY, _MESSAGE = 10_000, 4096
"""Bytes of a ping's body that servers take which somebody runs at home, and of a message that ntfy does not make an attachment."""
_REFUSED: Mapping[int, str] = {
    401: "the token is wrong or missing",
    403: "the token may not do that",
    404: "there is no such address",
    413: "the message is too long",
    429: "too many requests",
}


@frozen
class Event:
    """What is reported: the ``state`` of the run with the id ``run``; at its end what it was, and its JSON ``document``.
    ``idle``: it found nothing to do, which is news for nobody but who waits for pings; ``is_trial``: it goes to all services.
    """

    run: str
    state: RunState
    exit_code: int = 0
    ending: Ending = None
    document: Callable[[], str] = str
    idle: bool = False
    is_trial: bool = False


Prepared = Tuple[List[Request], List[Tuple[str, Failure]]]


def prepare(settings: Monitoring, event: Event, environ: Mapping[str, str]) -> Prepared:
    """The requests for *event*, and of which services the secrets cannot be read."""
    requests: List[Request] = []
    failures: List[Tuple[str, Failure]] = []
    for name, service in settings.services.items():
        idle = event.idle and not isinstance(service, Healthchecks)
        if event.is_trial or (event.state in service.states and not idle):
            try:
                requests.append(_request(name, service, event, environ))
            except AcmewrapError as error:
                failures.append((name, error.failure))
    return requests, failures


def _request(name: str, service: Service, event: Event, environ: Mapping[str, str]) -> Request:
    bundle = str(service.ca_bundle or "")
    if isinstance(service, Healthchecks):
        word = {"start": "start", "finish": "", "fail": f"{int(event.exit_code)}"}[event.state]
        url = pings.address(_reveal(service.ping_url, environ), word, event.run)
        body = _end(messages.text(event.ending), _BODY) if service.send_logs and event.ending is not None else None
        return Request(name, url, (), body, bundle)
    if isinstance(service, Ntfy):
        text = _begin(messages.text(event.ending), _MESSAGE)
        message: Dict[str, object] = {"topic": service.topic, "title": messages.title(event.ending), "message": text}
        if event.state == "fail":
            message.update(priority=4, tags=["warning"])
        return Request(name, service.server, _bearer(service.access_token, environ), json.dumps(message), bundle)
    headers = ("Content-Type: application/json", *_bearer(service.token, environ))
    return Request(name, _reveal(service.url, environ), headers, event.document(), bundle)


def _end(text: str, size: int) -> str:
    """The last *size* bytes of it, in whole characters."""
    return text.encode("utf-8", "replace")[-size:].decode("utf-8", "ignore")


def _begin(text: str, size: int) -> str:
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def _bearer(reference: Optional[Reference], environ: Mapping[str, str]) -> Tuple[str, ...]:
    return () if reference is None else (f"Authorization: Bearer {_reveal(reference, environ)}",)


def _reveal(reference: Reference, environ: Mapping[str, str]) -> str:
    text = resolve(reference, environ).reveal().strip()
    if not text or not text.isprintable():
        raise AccessError(failure("secret.unavailable", "an address or a token is empty, or has several lines"))
    return text


def explain(answer: Answer) -> Optional[Failure]:
    """Why the service did not take what it was sent; None: it did."""
    if answer.ok:
        return None
    name = answer.request.service
    if answer.status:
        why = _REFUSED.get(answer.status, answer.text)
        return failure("monitoring.refused", f"{name}: HTTP {answer.status}, {why}", service=name)
    why = CURL.get(answer.code or 28, ("", "the transfer failed"))[1]
    return failure("monitoring.unreachable", f"{name}: {why}", service=name)


def redacted(answers: Sequence[Answer]) -> List[Answer]:
    """*answers* without the secrets that the requests held, in whatever one of them says."""
    urls = [answer.request.url for answer in answers]
    tokens = [header.rpartition(" ")[2] for answer in answers for header in answer.request.headers]
    parts = [word for url in urls for word in url.partition("?")[0].split("/")[3:] if len(word) > 8]
    hide = Redactor(map(Secret, (*urls, *tokens, *parts))).redact
    return [Answer(answer.request, answer.status, answer.code, hide(answer.text)) for answer in answers]
