"""An authority that lost its accounts gets ours once more, once in a run, and the order is repeated; no other failure does that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, List

import pytest

from acmewrap.acme import directory
from acmewrap.driver.acmesh import AcmeSh
from acmewrap.driver.homes.home import Home
from acmewrap.driver.results import AccountResult, IssueResult
from acmewrap.engine.context import RunContext
from acmewrap.engine.engine import Engine
from acmewrap.failures import failure
from acmewrap.plan.planner import Plan
from acmewrap.plan.steps import IssueCertificate
from acmewrap.reasons import Plain
from wanted import make_config

NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("refused", "knows_us_again", "orders", "registrations", "ids"),
    [
        ("account.unknown", True, 3, 1, set()),
        ("account.unknown", False, 2, 1, {"account.unknown"}),
        ("acme.rejected_identifier", True, 2, 0, {"acme.rejected_identifier"}),
    ],
    ids=["registered-and-repeated", "refused-and-reported", "another-failure"],
)
def test_a_lost_account_is_registered_once_for_all_certificates(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    refused: str,
    knows_us_again: bool,
    orders: int,
    registrations: int,
    ids: object,
) -> None:
    base = make_config()
    authority = replace(base.authorities["internal"], home=tmp_path / ".acme.sh")
    one = replace(base.certificates["nas"], targets=())
    two = replace(one, name="web", domains=("web.internal.test",))
    config = replace(
        base, directory=tmp_path, authorities={"internal": authority}, certificates={"nas": one, "web": two}, jobs=1
    )
    registered: List[bool] = []
    ordered: Dict[str, int] = {}

    def register(*_: object, again: bool = False) -> AccountResult:
        if not again:
            return AccountResult("unchanged")
        registered.append(again)
        lost = None if knows_us_again else failure("acme.eab_required", "who are you")
        return AccountResult("registered" if knows_us_again else "failed", failure=lost)

    def issue(_: AcmeSh, domains: List[str], *__: object, **___: object) -> IssueResult:
        ordered[domains[0]] = ordered.get(domains[0], 0) + 1
        files = Home(authority.home).files_of(domains[0], True)
        if registered and knows_us_again:
            return IssueResult("issued", tuple(domains), files)
        return IssueResult("failed", tuple(domains), files, failure=failure(refused, "no"))

    monkeypatch.setattr(directory, "fetch", lambda *_: directory.Directory("https://pki.test"))
    monkeypatch.setattr(AcmeSh, "register_account", register)
    monkeypatch.setattr(AcmeSh, "issue", issue)
    plan = Plan(tuple(IssueCertificate(Plain.NOT_YET_ISSUED, each, authority) for each in (one, two)))
    run = Engine(config, RunContext({}, clock=lambda: NOW)).execute(plan)
    assert {one.failure.id for one in run.results if one.failure is not None} == ids
    assert len(registered) == registrations
    assert sum(ordered.values()) == orders
