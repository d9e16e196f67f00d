"""The acme.sh of one release after that of another, one that the user pinned, and its own schedule beside ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Iterator, List

import pytest

from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from client import Client
from independent import Acme2Certifier
from releases import unpacked

pytestmark = (
    pytest.mark.slow
)  # each part is shown with releases that do nothing, in tests/process/test_upgrade_command.py
RELEASES = unpacked()
LATEST = [pytest.param(version, marks=pytest.mark.release(version)) for version in RELEASES if version == "3.1.5"]
DAY = 86400
CERTIFICATE = 'web: {{domains: [{domain}], challenge: {{webroot: "{webroot}"}}}}'


def ask_for(client: Client, settings: str) -> None:
    """Put *settings* of acme.sh, and of the schedule, before what the file holds."""
    file = client.folder / "acmewrap.yaml"
    file.write_text(settings + file.read_text(encoding="utf-8"), encoding="utf-8")


def wrapper(client: Client, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{client.folder / 'tools'}:{os.environ['PATH']}", "NO_PROXY": "localhost"}
    argv = [str(client.folder / "acme.sh"), *words]
    return subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=120)


def issued(client: Client, version: str) -> None:
    """A new certificate comes, of the acme.sh of this *version*."""
    done = client.run("issue", "--force")
    assert (done.returncode, done.document["changed"]) == (0, True), done
    assert wrapper(client, "--version").stdout.split()[-1] == f"v{version}"


@pytest.mark.parametrize("version", LATEST)
def test_it_issues_with_each_release_there_and_back_and_with_one_that_the_user_pinned_until_it_is_changed(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer, version: str
) -> None:
    archive = tmp_path / "archive"
    client = Client(tmp_path / "machine", acme_sh_311)
    wanted = CERTIFICATE.format(domain="change.internal.test", webroot=webserver.root)
    client.configure(pebble.directory_url, pebble.ca_bundle, wanted)
    ask_for(client, f'acme_sh: {{release: 3.1.1, archive: "{archive}"}}\n')
    shutil.rmtree(str(client.folder / "src" / "acme.sh"))  # that was not installed by acmewrap
    archive.symlink_to(acme_sh_311)
    assert client.run("apply").returncode == 0
    archive.unlink()
    for release, place in ((version, RELEASES[version]), ("3.1.1", acme_sh_311)):
        archive.symlink_to(place)
        done = client.run("upgrade", "--to", release, "--yes")
        assert done.returncode == 0, done
        archive.unlink()
        issued(client, release)

    changed = tmp_path / "acme.sh-3.1.6"
    shutil.copytree(str(RELEASES[version]), str(changed))
    script = changed / "acme.sh"
    script.write_bytes(script.read_bytes().replace(f"\nVER={version}\n".encode(), b"\nVER=3.1.6\n"))
    assert client.run("pin", str(changed)).returncode == 0
    archive.symlink_to(changed)
    assert client.run("upgrade", "--to", "3.1.6", "--yes").returncode == 0
    issued(client, "3.1.6")
    with (client.folder / "src" / "acme.sh" / "deploy" / "ssh.sh").open("a", encoding="utf-8") as hook:
        hook.write("echo changed\n")
    done = client.run("issue", "--force")
    assert done.returncode == 6, done
    assert wrapper(client, "--version").returncode == 6


def test_a_hook_of_ones_own_brings_the_certificate_until_it_is_changed(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    client = Client(tmp_path / "machine", acme_sh_311)
    wanted = CERTIFICATE.format(domain="own.internal.test", webroot=webserver.root)[:-1]
    client.configure(pebble.directory_url, pebble.ca_bundle, f"{wanted}, deploy: {{a: {{hook: own, verify: no}}}}}}")
    ask_for(client, f'acme_sh: {{archive: "{acme_sh_311}", hooks: own}}\n')
    shutil.rmtree(str(client.folder / "src" / "acme.sh"))
    hook, there = client.folder / "own" / "deploy" / "own.sh", tmp_path / "there.pem"
    hook.parent.mkdir(parents=True)
    hook.write_text(f'own_deploy() {{ cp "$5" {there}; }}\n', encoding="utf-8")
    done = client.run("apply")
    assert (done.returncode, there.read_text(encoding="ascii")[:10]) == (0, "-----BEGIN"), done
    assert wrapper(client, "--version").returncode == 0
    hook.write_text("own_deploy() { exit 1; }\n", encoding="utf-8")
    assert client.run("issue", "--force").returncode == 6
    hook.unlink()
    assert client.run("check").returncode == 78


@pytest.fixture
def advising(tmp_path: Path, dns: ChallengeServer, webserver: WebServer) -> Iterator[Acme2Certifier]:
    with Acme2Certifier(tmp_path / "authority", dns=dns.address, http_port=webserver.port) as server:
        yield server


def moments(client: Client) -> List[int]:
    """When acme.sh will renew by its own calendar."""
    (file,) = client.folder.glob(".acme.sh/*_ecc/*.internal.test.conf")
    return [int(found) for found in re.findall(r"(?m)^Le_NextRenewTime='(\d+)'$", file.read_text(encoding="utf-8"))]


@pytest.mark.skipif(sys.version_info < (3, 9), reason="acme2certifier needs cryptography of today")
@pytest.mark.parametrize("version", LATEST)
def test_acme_sh_as_the_scheduler_asks_the_authority_and_comes_to_a_time_of_the_same_window(
    tmp_path: Path, advising: Acme2Certifier, webserver: WebServer, version: str
) -> None:
    client = Client(tmp_path / "machine", RELEASES[version])
    wanted = CERTIFICATE.format(domain="window.internal.test", webroot=webserver.root)
    client.configure(advising.directory_url, advising.ca_bundle, wanted, "email: admin@internal.test")
    ask_for(client, f'acme_sh: {{release: {version}}}\nschedule: {{daily: "03:00", by: crontab, run: wrapper}}\n')
    for words in (("issue",), ("render",)):
        assert client.run(*words).returncode == 0
    (ours,) = moments(client)
    asked = advising.log.read_text(encoding="utf-8").count("GET /acme/renewal-info/")
    done = wrapper(client, "--cron")
    assert done.returncode == 0, done
    assert advising.log.read_text(encoding="utf-8").count("GET /acme/renewal-info/") == asked + 1
    begin, end = re.findall(r"ARI suggestedWindow: (\S+) to (\S+)", done.stdout)[0]
    (its,) = moments(client)
    assert seconds(begin) <= its <= seconds(end)
    assert seconds(begin) - DAY <= ours <= its  # no later than leaves half of what is left, whatever the authority says


def seconds(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
