"""dns-01 in a zone that the Internet does not know: BIND on this machine, changed by acme.sh's `dns_nsupdate`."""

from __future__ import annotations

import shlex
import socketserver
import threading
from pathlib import Path
from typing import Iterator, List

import pytest

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from bind import ZONE, Bind
from guides import commands, guide
from provisioned import Machine


@pytest.fixture(scope="module")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bind]:
    with Bind(tmp_path_factory.mktemp("bind")) as server:
        yield server


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, webserver: WebServer, bind: Bind
) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("private-zone")
    with Pebble(folder / "authority", dns=bind.address, http_port=webserver.port, validity_seconds=86400) as pebble:
        yield Machine(folder / "machine", acme_sh_311, pebble, webserver, DsmSimulator())


class Internet(socketserver.ThreadingTCPServer):
    """A proxy that lets nothing through; ``asked`` are the requests."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        self.asked: List[str] = []
        asked = self.asked

        class Refusal(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                asked.append(self.rfile.readline().decode("latin-1"))
                self.wfile.write(b"HTTP/1.1 403 No\r\n\r\n")

        super().__init__(("127.0.0.1", 0), Refusal)


@pytest.fixture
def internet(machine: Machine) -> Iterator[Internet]:
    with Internet() as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        machine.environment["https_proxy"] = f"http://127.0.0.1:{proxy.server_address[1]}"
        yield proxy
        proxy.shutdown()


def configure(machine: Machine, bind: Bind, wait: str = "10s") -> None:
    """The file of the guide, on this machine."""
    (text,) = (block.text for block in guide("guide-wildcard.md") if block.kind == "yaml")
    places = {
        "https://pki.internal.example.com/acme/directory": machine.pebble.directory_url,
        "ca.crt": str(machine.pebble.ca_bundle),
        "ns1.internal.example.com": f'127.0.0.1\n        NSUPDATE_SERVER_PORT: "{bind.port}"',
        "/etc/acmewrap/nsupdate.key": str(bind.key),
        "10s": wait,
        "schedule: {every: 6h}\n": "",
    }
    for place, stands_for in places.items():
        assert place in text
        text = text.replace(place, stands_for)
    (machine.folder / "acmewrap.yaml").write_text(text, encoding="utf-8")


def test_the_guide_for_wildcards_works_in_a_zone_that_public_resolvers_are_not_asked_about(
    machine: Machine, bind: Bind, internet: Internet
) -> None:
    configure(machine, bind)
    for block in guide("guide-wildcard.md"):
        for words in commands(block.text) if block.runs else ():
            done = machine.run(*words)
            assert done.returncode == 0, done
            if words[0] == "apply":
                assert "waiting 10 s for the TXT record to get to the authority's resolver\n" in done.stdout
    assert machine.on_disk(f"*.{ZONE}")
    assert (bind.records(), internet.asked) == ("", [])


@pytest.mark.slow  # two orders more; what acme.sh is told is also a test of its command line
def test_another_wait_is_no_other_certificate_and_what_the_next_renewal_does(
    machine: Machine, bind: Bind, internet: Internet
) -> None:
    configure(machine, bind)
    assert machine.run("apply").returncode == 0
    configure(machine, bind, "3s")  # no other certificate, and yet what the next order does
    assert machine.run("plan", "--exit-code").returncode == 0
    done = machine.run("issue", "--force")
    assert (done.returncode, "waiting 3 s" in done.stdout) == (0, True), done
    assert internet.asked == []


@pytest.mark.slow  # acme.sh looks at the clock for 20 minutes; here its clock goes faster
def test_public_resolvers_that_never_see_the_zone_end_in_a_remedy_and_no_record_stays(
    machine: Machine, bind: Bind, internet: Internet
) -> None:
    configure(machine, bind, "public")
    clock = machine.folder / "clock"
    clock.write_text("0", encoding="ascii")
    tick = f"n=$(($(cat {shlex.quote(str(clock))}) + 60)); echo $n >{shlex.quote(str(clock))}"
    machine.tool(
        "date", f'case "$*" in "-u +%s") {tick}; echo $(($(/bin/date +%s) + n)) ;; *) exec /bin/date "$@" ;; esac'
    )
    done = machine.run("issue", "--force")
    assert "waiting until public resolvers show the TXT record, 20 minutes at most" in done.stdout
    assert "[challenge.txt_not_public]" in done.stdout
    assert "write `wait: 10s` beside `dns`" in done.stdout
    assert bind.records() == ""
    assert any("cloudflare-dns" in line for line in internet.asked)
