"""What healthchecks.io and its like are sent."""

from __future__ import annotations

import pytest

from acmewrap.config.monitoring import Healthchecks, Monitoring
from acmewrap.monitoring.services import Event, prepare
from acmewrap.secrets import InlineSecret, Secret


class _Code(int):
    """As ExitCode is on Python before 3.11, where an IntEnum's text is its name."""

    def __str__(self) -> str:
        return "ExitCode.ISSUE_FAILED"


@pytest.mark.parametrize(("state", "end"), [("start", "/start"), ("finish", ""), ("fail", "/3")])
def test_a_ping_ends_with_what_it_is_about_a_failure_with_the_number_of_its_exit_code(state: str, end: str) -> None:
    settings = Monitoring(healthchecks=Healthchecks(InlineSecret(Secret("https://ping.example/some-uuid"))))
    (request,), failures = prepare(settings, Event("1234", state, _Code(3)), {})  # type: ignore[arg-type]
    assert request.url == f"https://ping.example/some-uuid{end}?rid=1234"
    assert not failures
