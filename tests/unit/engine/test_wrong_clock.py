"""Nothing is ordered while the clock of this machine is so wrong that what comes would be thrown away."""

from __future__ import annotations

from pathlib import Path

import pytest

from acmewrap.acme.directory import Directory
from acmewrap.driver.results import AccountResult
from acmewrap.engine import authorities
from acmewrap.engine.context import RunContext
from acmewrap.plan.steps import RenewCertificate
from acmewrap.reasons import Plain
from configuration import BASE, loaded
from synthetic import DAY, NOW, Folder


@pytest.mark.parametrize(
    ("ahead", "ordered"),
    [(0, True), (DAY, True), (89 * DAY, True), (90 * DAY, False), (-DAY // 2, True), (-30 * DAY, False)],
)
@pytest.mark.parametrize("stored", [True, False])
def test_an_order_needs_a_clock_by_which_its_certificate_is_valid(
    ahead: int, *, ordered: bool, stored: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = loaded(tmp_path, BASE)
    (certificate,), (authority,) = config.certificates.values(), config.authorities.values()
    if stored:
        Folder(begin=NOW - DAY, end=NOW + 89 * DAY).write(authority.home)
    monkeypatch.setattr(RunContext, "directory", lambda *_: Directory("https://ca.test", date=NOW))
    monkeypatch.setattr(RunContext, "register", lambda *_: AccountResult("unchanged"))
    step = RenewCertificate(Plain.FORCED, certificate, authority)
    blocked, _ = authorities.open_for((step,), config, RunContext({}, clock=lambda: NOW + ahead))
    expected = [] if ordered or (ahead > 0 and not stored) else ["ca.clock_skew"]
    assert [error.id for error in blocked.values()] == expected
