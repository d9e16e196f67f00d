"""What certificates that are worked on side by side do to each other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import List

import pytest

from acmewrap.engine.context import RunContext
from acmewrap.engine.results import Delivery
from acmewrap.engine.steps import certificate as certificate_steps
from acmewrap.engine.steps.certificate import CertificateSteps
from acmewrap.plan.steps import DeployCertificate
from acmewrap.reasons import Plain
from acmewrap.state.ledger import open_ledgers
from acmewrap.verify.tls_probe import Observation
from configuration import BASE, loaded
from synthetic import NOW, Folder

DEPLOY = "    deploy: {{server: {{hook: ssh, verify: '{0}:443'}}}}\n"
OTHER = BASE.partition("certificates:\n")[2].replace("nas", "www")


@pytest.mark.parametrize(("first", "second", "together"), [("a.test", "a.test", False), ("a.test", "b.test", True)])
def test_a_target_of_two_certificates_gets_one_at_a_time(
    first: str, second: str, together: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = loaded(tmp_path, BASE + DEPLOY.format(first) + OTHER + DEPLOY.format(second))
    authority = config.authorities["internal"]
    for name in ("nas.example.com", "www.example.com"):
        Folder(domain=name, names=(name,)).write(authority.home)
    both = threading.Barrier(2)
    seen: List[bool] = []

    def deliver(*_: object, **__: object) -> Delivery:
        try:
            both.wait(timeout=30 if together else 0.2)
            seen.append(True)
        except threading.BrokenBarrierError:
            seen.append(False)
        return Delivery(None, Observation())

    monkeypatch.setattr(certificate_steps, "deliver", deliver)
    ledgers = open_ledgers(config.authorities.values())
    perform = CertificateSteps(config, RunContext({}, clock=lambda: NOW), ledgers, {}, {}).perform
    steps = [DeployCertificate(Plain.FORCED, one, authority, one.targets[0]) for one in config.certificates.values()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda step: perform(step, lambda _: None), steps))
    assert seen == [together, together]
