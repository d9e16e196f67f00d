"""A certificate that lives an hour, under a run every five minutes: what is served never expires, whatever goes wrong for a while.

The clock is moved by hand, so acme.sh is stood in for: what it would store is made with openssl, valid from the moved time on.
All the rest is real: the engine, its ledger, its proofs at a TLS server. That is for outages, whose waits are minutes long;
with the real acme.sh, and nothing going wrong, lives go by in ``test_short_lives.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import pytest

from acmewrap.acme.directory import Directory
from acmewrap.config import Config, load
from acmewrap.driver.process import Command, Completed, OnLine
from acmewrap.engine.context import RunContext
from acmewrap.engine.engine import Engine
from acmewrap.plan.planner import PlanOptions, plan
from acmewrap.plan.steps import CERTIFICATE_KINDS
from acmewrap.state.machine import read_state
from acmewrap.state.model import CERTIFICATE_PARTS
from acmewrap.testing.certificates import Pair, make_intermediate, make_leaf, make_root
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.tlsserver import TlsServer
from acmewrap.verify.tls_probe import Observation, look

MINUTE, HOUR = 60, 3600
START = 1_900_000_000
NAME = "short.internal.test"
SPAN = 4 * HOUR  # several lives of the certificate
EVERY = 5 * MINUTE
CALL = 10  # seconds that a call of acme.sh takes: what fails is noted that much later than the run began


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class StandIn:
    """Does what acme.sh would: ``--issue`` and ``--renew`` store a certificate of an hour, ``--deploy`` brings it to *server*."""

    def __init__(self, folder: Path, clock: Clock, issuer: Pair, server: TlsServer, served: Pair) -> None:
        self.issued: List[int] = []
        self.delivered: List[int] = []
        self.refusing: Tuple[int, int] = (0, 0)
        self.unreachable: Tuple[int, int] = (0, 0)
        self._folder, self.clock, self._issuer, self._server, self._served = folder, clock, issuer, server, served

    def run(self, command: Command, on_line: Optional[OnLine] = None) -> Completed:
        del on_line
        words = command.argv
        now = self.clock.now - START
        self.clock.now += CALL
        certificates = Path(words[words.index("--cert-home") + 1]) / f"{NAME}_ecc"
        failing = self.unreachable if command.verb == "deploy" else self.refusing
        if failing[0] <= now < failing[1]:
            return Completed(command, 1, ("it does not work today",), CALL)
        if command.verb in ("issue", "renew"):
            self.issued.append(now)
            self._issue(certificates)
        elif command.verb == "deploy":
            self.delivered.append(now)
            shutil.copy(str(certificates / f"{NAME}.key"), str(self._served.key))
            shutil.copy(str(certificates / "fullchain.cer"), str(self._served.fullchain))
            self._server.reload()
        return Completed(command, 0, (), CALL)

    def cancel(self) -> None:
        """Nothing runs for longer than a call."""

    def _issue(self, folder: Path) -> None:
        now = self.clock.now
        pair = make_leaf(self._folder, self._issuer, [NAME], not_before=now, not_after=now + HOUR, file="issued")
        folder.mkdir(exist_ok=True)
        for source, name in (
            (pair.key, f"{NAME}.key"),
            (pair.certificate, f"{NAME}.cer"),
            (pair.fullchain, "fullchain.cer"),
        ):
            shutil.copy(str(source), str(folder / name))
        shutil.copy(str(self._issuer.certificate), str(folder / "ca.cer"))
        (folder / f"{NAME}.conf").write_text(f"Le_Domain='{NAME}'\n", encoding="ascii")


class World:
    def __init__(self, folder: Path, program: Path, pebble: Pebble, port: int, stand_in: StandIn) -> None:
        (folder / "src").mkdir(parents=True)
        shutil.copytree(str(program), str(folder / "src" / "acme.sh"))
        (folder / "acmewrap.yaml").write_text(
            f"""\
authorities: {{internal: {{server: "{pebble.directory_url}", ca_bundle: "{pebble.ca_bundle}"}}}}
certificates:
  short:
    domains: [{NAME}]
    challenge: {{webroot: web}}
    renew: {{at: 2/3}}
    deploy: {{there: {{hook: ssh, verify: {{host: 127.0.0.1, port: {port}, name: {NAME}, timeout: 1s}}}}}}
schedule: {{every: 5m}}
""",
            encoding="utf-8",
        )
        self.config: Config = load(folder / "acmewrap.yaml", {"HOME": str(folder)})
        self.clock = stand_in.clock
        self.stand_in = stand_in

    def run(self) -> None:
        """The scheduled run."""
        engine = Engine(self.config, RunContext({}, clock=self.clock, runner=self.stand_in))
        options = PlanOptions(CERTIFICATE_KINDS, respect_backoff=True, reissue_on_change=False)
        with engine.hold():
            planned = plan(self.config, read_state(self.config, CERTIFICATE_PARTS), self.clock(), options)
            if planned.steps:
                engine.execute(planned)

    def look(self) -> Observation:
        endpoint = self.config.certificates["short"].targets[0].verify
        assert endpoint is not None
        return look(endpoint)


@pytest.fixture
def world(tmp_path: Path, acme_sh_311: Path, pebble: Pebble) -> Iterator[World]:
    clock = Clock()
    issuer = make_intermediate(tmp_path / "ca", make_root(tmp_path / "ca"))
    factory = make_leaf(tmp_path / "served", issuer, ["factory.test"])
    with TlsServer(factory.fullchain, factory.key) as server:
        stand_in = StandIn(tmp_path / "ca", clock, issuer, server, factory)
        yield World(tmp_path / "machine", acme_sh_311, pebble, server.port, stand_in)


def test_what_is_served_outlives_an_authority_and_a_target_that_are_down_when_they_are_needed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Waits as short as can be: the most tries fail, and the next wait is long.
    monkeypatch.setattr("random.uniform", lambda low, _: low)
    monkeypatch.setattr(RunContext, "directory", lambda context, _: Directory("", date=context.clock()))
    world.stand_in.unreachable, world.stand_in.refusing = (43 * MINUTE, 53 * MINUTE), (88 * MINUTE, 98 * MINUTE)
    world.run()
    for now in range(EVERY, SPAN, EVERY):
        sight = world.look()
        world.clock.now = START + now
        world.run()
        assert sight.not_after is not None, sight
        assert sight.not_after.timestamp() > world.clock.now, (
            f"it has expired before the end of the run at minute {now // MINUTE}"
        )
    issued = [moment // MINUTE for moment in world.stand_in.issued]
    assert issued[:3] == [0, 45, 100]  # by the first run after 40 minutes; at minute 90 and 95 the authority was down
    assert len(issued) <= SPAN // (40 * MINUTE)
    assert len(world.stand_in.delivered) == len(issued)
