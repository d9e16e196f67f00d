"""A name server that does not answer holds nothing up: the C library knows no deadline, so we leave it."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Iterator

import pytest

from acmewrap.config.model import Endpoint
from acmewrap.net import connection
from acmewrap.net.connection import Deadline
from acmewrap.net.http import Http, HttpError, Reason
from acmewrap.verify import tls_probe


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No look-up ends while the test runs."""
    over = threading.Event()

    def wait(*_: object, **__: object) -> Any:
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    yield
    over.set()


@pytest.mark.usefixtures("silence")
def test_a_look_up_that_never_ends_is_left_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_probe, "_LOOK_TIMEOUT", 0.2)
    started = time.monotonic()
    with pytest.raises(HttpError) as caught:
        Http(0.2, 1000).fetch("http://ca.test/dir")
    assert caught.value.reason is Reason.TIMEOUT
    assert "no name server answered for nas.test" in str(tls_probe.look(Endpoint("nas.test", 443, "nas.test")).error)
    assert time.monotonic() - started < 5


def test_what_the_look_up_says_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(socket.gaierror):
        connection.resolve(("ca.test", 443), Deadline(1))
