"""What is pending, over several unattended runs: one issue, one delivery, and waits in between; the clock is moved by hand."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import pytest

from acmewrap import Job, paths
from acmewrap.config import load
from acmewrap.engine.results import Run
from acmewrap.state.ledger import Ledger
from acmewrap.testing.dsm import IMPORT, LOGIN, DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import Answer, Change, Proxy, problem
from acmewrap.testing.webserver import WebServer
from provisioned import PASSWORD, Machine

HOUR = 3600


class Calendar:
    """A clock that stands still until it is moved on."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def nas() -> Iterator[DsmSimulator]:
    with DsmSimulator(password=PASSWORD) as simulator:
        yield simulator


@pytest.fixture
def machine(tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer, nas: DsmSimulator) -> Machine:
    return Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)


def unattended(machine: Machine, clock: Calendar) -> Optional[Run]:
    """The scheduled run; None when there was nothing to do."""
    config = load(machine.folder / "acmewrap.yaml", machine.environment)
    run = Job(config, machine.environment, clock=clock).cron()
    return run if run.plan.steps else None


def outcomes(run: Optional[Run]) -> List[Tuple[str, str]]:
    return [] if run is None else [(result.step.kind, result.outcome) for result in run.results]


def test_a_target_that_is_down_for_three_runs_costs_no_second_issue_and_is_delivered_to_once(
    machine: Machine, nas: DsmSimulator
) -> None:
    clock, orders = Calendar(), machine.orders()
    seen = []
    for call, effect in ((LOGIN, "cut_off"), (IMPORT, "bad_gateway"), (IMPORT, "cut_off"), (None, None), (None, None)):
        if call is not None and effect is not None:
            nas.fail(call, effect, None)  # type: ignore[arg-type]
        seen.append(outcomes(unattended(machine, clock)))
        nas.heal()
        clock.now += 60
        if call is not None:
            assert unattended(machine, clock) is None  # the first wait is five minutes
        clock.now += HOUR
    assert [[kind for kind, _ in run] for run in seen] == [["issue", "deploy"], ["deploy"], ["deploy"], ["deploy"], []]
    assert [run[-1][1] for run in seen[:3]] != ["done"] * 3
    assert all(run[-1][1] in ("failed", "unproven") for run in seen[:3])
    assert seen[3] == [("deploy", "done")]
    assert machine.orders() - orders == 1
    assert machine.served() == machine.on_disk()


@pytest.mark.slow
def test_an_authority_that_counts_too_much_is_left_alone_as_long_as_it_asks(
    machine: Machine, pebble: Pebble, tmp_path: Path
) -> None:
    refused = problem("rateLimited", "too many new orders", 429)
    with Proxy(tmp_path / "proxy", pebble) as proxy:
        proxy.misbehave("/order-plz", Answer(refused.status, refused.body, (*refused.headers, ("Retry-After", "7200"))))
        machine.configure(server=proxy.directory_url, bundle=proxy.ca_bundle)
        clock = Calendar()
        run = unattended(machine, clock)
        assert outcomes(run) == [("issue", "failed"), ("deploy", "skipped")]
        assert run is not None
        assert run.results[0].failure is not None
        assert run.results[0].failure.id == "acme.rate_limited"
        asked = len(proxy.exchanges)
        clock.now += 7100
        assert unattended(machine, clock) is None
        assert len(proxy.exchanges) == asked
        proxy.behave()
        clock.now += 200
        assert outcomes(unattended(machine, clock)) == [("issue", "done"), ("deploy", "done")]


def test_one_bad_certificate_and_one_bad_authority_stop_nobody_else(machine: Machine) -> None:
    machine.configure(
        """\
directory: .
authorities:
  internal: {{server: "{server}", ca_bundle: "{bundle}", home: .acme.sh}}
  gone: {{server: "https://localhost:1/dir", ca_bundle: "{bundle}", home: .acme.sh-gone}}
certificates:
  nowhere: {{domains: [nowhere.internal.test], authority: gone, challenge: {{webroot: "{webroot}"}}}}
  wrong: {{domains: [wrong.internal.test], authority: internal, challenge: {{webroot: "{elsewhere}"}}}}
  nas: {{domains: [nas.internal.test], authority: internal, challenge: {{webroot: "{webroot}"}}, deploy: {{dsm: synology}}}}
synology:
  url: {nas}
  account: {{name: certupdater, password: {{file: dsm.password}}}}
  verify: {{host: 127.0.0.1, port: {port}, name: nas.internal.test, timeout: 2s}}
""",
        elsewhere=machine.folder / "not-served",
    )
    run = unattended(machine, Calendar())
    assert run is not None
    reported = {(result.step.certificate, result.step.kind): result.outcome for result in run.results}
    assert reported == {
        ("nowhere", "issue"): "failed",
        ("wrong", "issue"): "failed",
        ("nas", "issue"): "done",
        ("nas", "deploy"): "done",
    }
    assert int(run.exit_code) == 5
    assert machine.served() == machine.on_disk()


@pytest.mark.slow
def test_an_authority_that_offers_advice_is_asked_and_obeyed(machine: Machine, pebble: Pebble, tmp_path: Path) -> None:
    def advise(begin: int, end: int) -> Answer:
        def written(when: int) -> str:
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))

        window = {"suggestedWindow": {"start": written(begin), "end": written(end)}}
        return Answer(body=json.dumps(window).encode(), headers=(("Retry-After", "3600"),))

    with Proxy(tmp_path / "proxy", pebble) as proxy:
        offer = {"renewalInfo": f"https://localhost:{proxy.port}/renewal-info"}  # newer releases of Pebble have one
        proxy.misbehave("^/dir$", Change(body=lambda body: json.dumps({**json.loads(body), **offer}).encode()))
        machine.configure(server=proxy.directory_url, bundle=proxy.ca_bundle)
        clock = Calendar()
        now = int(clock.now)
        proxy.misbehave("^/renewal-info/", advise(now + 10 * HOUR, now + 11 * HOUR))
        assert outcomes(unattended(machine, clock)) == [("issue", "done"), ("deploy", "done")]
        config = load(machine.folder / "acmewrap.yaml", machine.environment)
        entry = Ledger.load(paths.ledger_path(config.authorities["internal"])).advice("nas", machine.on_disk())
        assert entry is not None
        assert entry.chosen is not None
        assert now + 10 * HOUR <= entry.chosen <= now + 11 * HOUR
        stored = paths.home_of(config, config.certificates["nas"]).read("nas.internal.test", True)
        assert stored is not None
        assert stored.configuration["Le_NextRenewTime"] == str(entry.chosen)  # acme.sh by itself renews then, too

        clock.now += HOUR / 2
        assert unattended(machine, clock) is None
        clock.now += HOUR
        assert outcomes(unattended(machine, clock)) == [("renewal_info", "done")]
        first = machine.on_disk()
        proxy.behave()
        proxy.misbehave("^/renewal-info/", advise(now - 2 * HOUR, now - HOUR))  # it wants the certificate replaced now
        clock.now += HOUR
        assert outcomes(unattended(machine, clock)) == [("renewal_info", "done"), ("renew", "done"), ("deploy", "done")]
        assert machine.on_disk() != first
        assert machine.served() == machine.on_disk()
