"""Requests, which curl reads from standard input, for all of them may be secret. A run with nothing to do imports this."""

from __future__ import annotations

from ..system import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Mapping, Optional, Sequence, Tuple

_ARGUMENTS = ("-q", "--config", "-")  # -q: without the user's own .curlrc
_RETRIES = 2
_ATTEMPT = 3.0  # seconds


class Request:
    """What a service is sent: a GET without a ``body``, else a POST."""

    def __init__(
        self, service: str, url: str, headers: Tuple[str, ...] = (), body: Optional[str] = None, ca_bundle: str = ""
    ) -> None:
        self.service, self.url, self.headers, self.body, self.ca_bundle = service, url, headers, body, ca_bundle


class Answer:
    """How a service answered: its HTTP status (0: not at all), curl's own exit code (None: it was killed), and some of the body."""

    def __init__(self, request: Request, status: int, code: Optional[int], text: str) -> None:
        self.request, self.status, self.code, self.text = request, status, code, text

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def send(
    requests: Sequence[Request], program: str, environ: Mapping[str, str], seconds: float, *, retry: bool = True
) -> List[Answer]:
    """Send all at the same time with the curl *program*, each again where that may help, and be done after *seconds*."""
    commands = [((program, *_ARGUMENTS), _configuration(request, retry)) for request in requests]
    return [_read(request, *ended) for request, ended in zip(requests, spawn.run(commands, environ, seconds))]


def _read(request: Request, code: Optional[int], output: bytes) -> Answer:
    body, _, status = output.decode("utf-8", "replace").rpartition("\n")
    return Answer(request, int(status) if status.isdecimal() else 0, code, body.strip()[-200:])


def _configuration(request: Request, retry: bool) -> bytes:
    lines = ["silent", "globoff", *(["retry-connrefused"] if retry else [])]
    lines += [f"{name} = {_quoted(value)}" for name, value in _options(request, retry)]
    return "\n".join((*lines, "")).encode("utf-8", "surrogateescape")


def _options(request: Request, retry: bool) -> Iterator[Tuple[str, str]]:
    yield "url", request.url
    yield "proto", "=http,https"
    yield "max-time", str(_ATTEMPT)
    yield "write-out", "\\n%{http_code}"
    if retry:
        yield from (("retry", str(_RETRIES)), ("retry-delay", "1"))
    yield from (("header", header) for header in request.headers)
    if request.body is not None:
        yield "data-raw", request.body
    if request.ca_bundle:
        yield "cacert", request.ca_bundle


def _quoted(value: str) -> str:
    """As a file for ``--config`` has it (curl(1))."""
    for letter, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(letter, escaped)
    return f'"{value}"'
