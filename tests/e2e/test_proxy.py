"""An authority that only a proxy leads to: acme.sh, acmewrap and the wrapper script all go there; nobody sees the password."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterator
from urllib.parse import urlsplit

import pytest

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from connect_proxy import PASSWORD, USERINFO, ConnectProxy
from provisioned import CERTIFICATES, HEAD, SYNOLOGY, Machine

BEHIND = HEAD.replace('ca_bundle: "{bundle}"', 'ca_bundle: "{bundle}", proxy: {proxy}')
SHOWN = """printf '%s|%s\\n' "$*" "$https_proxy" >>{folder}/curls; exec {curl} "$@\""""


@pytest.fixture
def proxy(pebble: Pebble) -> Iterator[ConnectProxy]:
    with ConnectProxy(("localhost", urlsplit(pebble.directory_url).port or 0)) as proxy:
        yield proxy


@pytest.fixture
def machine(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer, proxy: ConnectProxy
) -> Iterator[Machine]:
    """One from which nobody answers at the port of the authority; NO_PROXY names its host, as that of many networks would."""
    with DsmSimulator(password="canary of DSM") as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        (machine.folder / "proxy.url").write_text(f"{proxy.url}\n", encoding="utf-8")
        (machine.folder / "proxy.url").chmod(0o600)
        text = BEHIND + CERTIFICATES + SYNOLOGY
        machine.configure(text, server="https://localhost:9/dir", proxy="{file: proxy.url}")
        machine.tool("curl", SHOWN.format(folder=machine.folder, curl=shutil.which("curl")))
        yield machine


def test_everything_for_the_authority_goes_through_its_proxy_and_nothing_else_does(
    machine: Machine, proxy: ConnectProxy
) -> None:
    done = machine.run("apply", "-v")
    assert done.returncode == 0, done
    assert machine.served() == machine.on_disk()
    assert proxy.refused == []
    assert {head.split()[1] for head in proxy.heads} == {"localhost:9"}
    curls = [line.rpartition("|") for line in (machine.folder / "curls").read_text().splitlines() if "|" in line]
    through = [bool(used) for _, _, used in curls]
    assert any(through)
    assert not all(through)  # the hook that deploys to the NAS
    assert len(proxy.heads) > sum(through)  # what acmewrap asked itself

    before = len(proxy.heads)
    script = machine.run("run", "--", "--renew", "-d", "nas.internal.test", "--ecc", "--force")
    assert script.returncode == 0, script
    assert len(proxy.heads) > before
    assert proxy.refused == []

    shown = done.stdout + done.stderr + script.stdout + script.stderr + "".join(words for words, _, _ in curls)
    files = [path for path in machine.folder.rglob("*") if path.is_file() and path.name not in ("proxy.url", "curls")]
    found = [path for path in files if any(one.encode() in path.read_bytes() for one in (USERINFO, PASSWORD))]
    assert found == []
    assert USERINFO not in shown
    assert PASSWORD not in shown


def test_a_proxy_that_refuses_is_told_from_an_authority_that_is_down(machine: Machine, proxy: ConnectProxy) -> None:
    machine.configure(
        BEHIND + CERTIFICATES + SYNOLOGY, server="https://localhost:9/dir", proxy=f"http://{proxy.address}"
    )
    done = machine.run("issue")
    assert done.returncode == 69, done
    assert "[ca.proxy]" in done.stdout
    assert f"the proxy {proxy.address}: Tunnel connection failed: 407" in done.stdout
    assert proxy.heads == []

    (machine.folder / "proxy.url").write_text(f"socks5://{USERINFO}@{proxy.address}\n", encoding="utf-8")
    machine.configure(BEHIND + CERTIFICATES + SYNOLOGY, server="https://localhost:9/dir", proxy="{file: proxy.url}")
    for words in (("issue",), ("doctor",)):
        done = machine.run(*words)
        assert "[secret.no_proxy]" in done.stdout, done
        assert USERINFO not in done.stdout + done.stderr
