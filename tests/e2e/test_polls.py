"""How often acme.sh asks while an authority works, and when: real Pebble behind a proxy that holds its answers back.

What acme.sh sleeps goes by a clock that counts the seconds it asked for; a real one would make these tests take minutes.
"""

from __future__ import annotations

import json
import math
import time
from email.utils import formatdate
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Tuple

import pytest

from acmewrap.config.challenges import Webroot
from acmewrap.config.model import Poll
from acmewrap.driver.acmesh import AcmeSh
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import Change, Proxy
from acmewrap.testing.webserver import WebServer
from releases import AcmeShRelease

OTHERS = 7  # directory, nonce, order, authorization, challenge, finalize, certificate


class Clock:
    """A ``sleep`` that writes down what it was asked for, and takes a moment."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.file = folder / "slept"
        (folder / "sleep").write_text(f'#!/bin/sh\necho "$1" >>{self.file}\nexec /bin/sleep 0.05\n', encoding="ascii")
        (folder / "sleep").chmod(0o755)
        self.path = f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin"

    def slept(self) -> List[float]:
        return [float(line) for line in self.file.read_text(encoding="ascii").split()] if self.file.exists() else []


class Held:
    """What the authority takes: seconds for an authorization and for an order; ``retry_after`` goes with what is not done."""

    def __init__(self, proxy: Proxy, pebble: Pebble, clock: Clock) -> None:
        self.proxy, self.pebble, self.clock = proxy, pebble, clock
        self.until: Dict[str, float] = {}

    def install(self, authorization: float, order: float, retry_after: Optional[Callable[[], str]] = None) -> None:
        headers: Dict[str, Callable[[str], str]] = {"Retry-After": lambda _: retry_after()} if retry_after else {}
        busy = Change(body=lambda body: self._start("authorization", authorization, body, "set VALID"), headers=headers)
        self.proxy.misbehave("/chalZ/", busy)
        self.proxy.misbehave("/authZ/", Change(body=lambda body: self._hold("authorization", body, "pending")))
        done = Change(body=lambda body: self._start("order", order, body, "Issued "), headers=headers)
        self.proxy.misbehave("/finalize-order/", done)
        self.proxy.misbehave(
            "/my-order/", Change(body=lambda body: self._hold("order", body, "processing"), headers=headers)
        )

    def _start(self, what: str, seconds: float, body: bytes, sentence: str) -> bytes:
        """Pebble itself is done by the time that the clock begins. 3.0.2 and 3.0.6 ask the challenge again."""
        again = json.loads(body).get("url", what)
        if again in self.until:
            return self._hold(what, body, "pending")
        self.until[again] = 0
        before, deadline = self.until.get(f"{what}s", 0), time.monotonic() + 20
        while self.pebble.log.read_text(encoding="utf-8").count(sentence) <= before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.until[f"{what}s"] = self.pebble.log.read_text(encoding="utf-8").count(sentence)
        self.until[what] = sum(self.clock.slept()) + seconds
        return body

    def _hold(self, what: str, body: bytes, status: str) -> bytes:
        if sum(self.clock.slept()) >= self.until.get(what, 0) - 1e-6:
            return body
        document = json.loads(body)
        document.pop("certificate", None)
        for part in (document, *document.get("challenges", ())):
            part["status"] = status
        return json.dumps(document).encode("utf-8")


class Acme:
    """Issues, and tells what was slept in between and how often the authority was asked."""

    def __init__(self, acme_sh: AcmeShRelease, proxy: Proxy, pebble: Pebble, web: WebServer, folder: Path) -> None:
        self.release, self.proxy, self.pebble, self.web, self.folder = acme_sh, proxy, pebble, web, folder
        self.made = 0

    def driver(self, clock: Clock, poll: Poll = "early") -> AcmeSh:
        return AcmeSh(
            self.release.path,
            self.folder / "home",
            server=self.proxy.directory_url,
            ca_bundle=self.proxy.ca_bundle,
            version=self.release.version,
            path=clock.path,
            poll=poll,
        )

    def issue(
        self,
        authorization: float,
        order: float,
        *,
        names: int = 1,
        poll: Poll = "early",
        retry_after: Optional[Callable[[], str]] = None,
    ) -> Tuple[List[float], int]:
        self.made += 1
        clock = Clock(self.folder / f"clock{self.made}")
        acme = self.driver(clock, poll)
        self.proxy.behave()
        acme.register_account()
        before = len(self.proxy.exchanges)
        held = Held(self.proxy, self.pebble, clock)
        held.until = {
            f"{what}s": self._count(word) for what, word in (("authorization", "set VALID"), ("order", "Issued "))
        }
        held.install(authorization, order, retry_after)
        domains = [f"n{self.made}-{number}.polls.test" for number in range(names)]
        result = acme.issue(domains, [Webroot(self.web.root)] * names)
        assert result.outcome == "issued", result
        return clock.slept(), len(self.proxy.exchanges) - before

    def _count(self, sentence: str) -> int:
        return self.pebble.log.read_text(encoding="utf-8").count(sentence)


@pytest.fixture(scope="module")
def proxy(pebble: Pebble, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(tmp_path_factory.mktemp("polls"), pebble) as server:
        yield server


@pytest.fixture
def acme(acme_sh: AcmeShRelease, proxy: Proxy, pebble: Pebble, webserver: WebServer, tmp_path: Path) -> Iterator[Acme]:
    yield Acme(acme_sh, proxy, pebble, webserver, tmp_path)
    proxy.behave()


def own(*delays: float) -> int:
    """The requests of acme.sh by itself, which asks every 2 s."""
    return OTHERS + sum(max(1, math.ceil(delay / 2)) for delay in delays)


FIRST = [0.1, 0.2, 0.4, 0.8, 0.5]  # 2 s
WAITS: Mapping[Tuple[float, float], List[float]] = {
    (0, 0): [0.1, 0.1],
    (3, 3): [*FIRST, 2, 0.1, 1.9, 2],
    (0.1, 0.1): [0.1, 0.1],
    (1, 0): [0.1, 0.2, 0.4, 0.8, 0.1],
    (0, 1): [0.1, 0.1, 0.2, 0.4, 0.8],
    (2, 0): [*FIRST, 0.1],
    (30, 0): [*FIRST, *[2] * 14, 0.1],
    (0, 30): [0.1, *FIRST, *[2] * 14],
    (1, 1): [0.1, 0.2, 0.4, 0.8, 0.1, 0.2, 1.7],
}


@pytest.mark.parametrize(
    "delays", [pytest.param(delays, marks=() if delays == (3, 3) else pytest.mark.slow) for delays in WAITS]
)
def test_it_is_asked_early_then_ever_later_and_at_most_five_times_more(acme: Acme, delays: Tuple[float, float]) -> None:
    slept, requests = acme.issue(*delays)
    assert slept == WAITS[delays]
    assert requests == OTHERS + len(slept)
    assert own(*delays) <= requests <= own(*delays) + 5
    assert sum(slept) <= 2 * sum(max(1, math.ceil(delay / 2)) for delay in delays)  # never later than acme.sh


@pytest.mark.slow
@pytest.mark.parametrize("delays", [(0, 0), (3, 1)])
def test_acme_sh_itself_asks_every_two_seconds_and_so_does_poll_acme_sh(
    acme: Acme, delays: Tuple[float, float]
) -> None:
    slept, requests = acme.issue(*delays, poll="acme.sh")
    assert slept == [2] * len(slept)
    assert requests == own(*delays)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("delay", "waits"),
    [(0.25, [0.1, 0.2, 0.3, 0.3, 0.3]), (0.05, [0.1, 0.1, 0.1, 0.1]), (0, [0.1])],
    ids=["as long as it took", "a moment after one was not waited for in vain", "not at all"],
)
def test_names_after_the_first_wait_as_long_as_it_took(acme: Acme, delay: float, waits: List[float]) -> None:
    slept, requests = acme.issue(delay, 0, names=4)
    assert slept == [*waits, 0.1]
    assert requests <= OTHERS + 2 * 3 + 5 + 1  # an authorization and a challenge of each name


def in_seconds(seconds: float) -> Callable[[], str]:
    return lambda: formatdate(time.time() + seconds, usegmt=True)


RETRY_AFTER: Mapping[
    str, Tuple[Callable[[], str], float, float]
] = {  # what is then slept first, of an authorization and an order
    "seconds": (lambda: "5", 5, 5),
    "minutes": (lambda: "300", 300, 300),
    "date": (in_seconds(8), 5, 5),
    "at once": (lambda: "0", 0.1, 0.1),
    "date that is past": (in_seconds(-100), 0.1, 0.1),
    "no date": (lambda: "Soon", 0.1, 0.1),
    "beyond the deadline": (lambda: "100000", 2, 120),
    "date beyond the deadline": (
        in_seconds(1e6),
        2,
        120,
    ),  # as a word, which sleep(1) refuses, it was asked 30 times at once
}


@pytest.mark.slow
@pytest.mark.parametrize("retry_after", RETRY_AFTER)
@pytest.mark.parametrize("what", ["authorization", "order"])
def test_retry_after_of_the_authority_is_waited_for(acme: Acme, what: str, retry_after: str) -> None:
    value, *least = RETRY_AFTER[retry_after]
    if acme.release.version == "3.1.3" and retry_after == "date beyond the deadline":
        least = [2, 2]  # it compares the date with a number, and then waits as it always does
    of_order = what == "order"
    slept, requests = acme.issue(*((0, 4) if of_order else (4, 0)), retry_after=value)
    assert least[of_order] <= slept[of_order] <= least[of_order] + 3
    assert requests <= OTHERS + 2 + 5


@pytest.mark.slow
def test_one_that_never_ends_is_given_up_after_the_patience_of_acme_sh(acme: Acme) -> None:
    with pytest.raises(AssertionError, match="failed"):
        acme.issue(1000, 0)
    slept = acme_slept(acme)
    assert sum(slept) >= 2 * 29 - 0.01


def test_a_challenge_that_failed_and_stays_pending_ends_it_at_once(acme: Acme) -> None:
    said = {"type": "urn:ietf:params:acme:error:connection", "detail": "could not connect to validation target"}

    def keep_pending(body: bytes) -> bytes:
        document = json.loads(body)
        for part in (document, *document.get("challenges", ())):
            part.update({"status": "pending", **({"error": said} if part.get("type") == "http-01" else {})})
        return json.dumps(document).encode("utf-8")

    acme.proxy.behave()
    acme.proxy.misbehave("/(?:chal|auth)Z/", Change(body=keep_pending))
    clock = Clock(acme.folder / "clock")
    result = acme.driver(clock).issue(["pending.polls.test"], Webroot(acme.web.root))
    assert result.failure is not None
    assert result.failure.id == "challenge.not_reachable"
    assert said["detail"] in result.failure.message
    assert sum(clock.slept()) < 1


def acme_slept(acme: Acme) -> List[float]:
    return [float(line) for line in (acme.folder / f"clock{acme.made}" / "slept").read_text(encoding="ascii").split()]
