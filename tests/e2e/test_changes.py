"""What the page about changes says, in its own words, on a machine with a real authority and a real nginx."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from acmewrap.formats.timefmt import moment
from acmewrap.pki import x509
from acmewrap.pki.x509 import X509
from acmewrap.testing.certificates import make_intermediate, make_leaf, make_root
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.counterpart import free_port
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from guides import DOCUMENTS
from provisioned import served
from tlsnginx import TlsNginx

YAML = """\
directory: .
authorities:
  internal: {{server: "{server}", ca_bundle: ca.crt}}
certificates:
  www:
    domains: [nas.internal.test]
    challenge: {{webroot: "{webroot}"}}
    deploy:
      nginx:
        install: {{key_file: "{nginx}/www.key", fullchain_file: "{nginx}/www.pem", reload: "{reload}"}}
        verify: {{host: 127.0.0.1, port: {tls}, name: nas.internal.test}}
schedule: {{every: 6h, by: crontab}}
"""
pytestmark = pytest.mark.slow


def section(title: str) -> List[str]:
    """The blocks to be run below this heading of the page."""
    (page,) = (document for document in DOCUMENTS if document.name == "changes.md")
    text = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (part,) = (part for part in text if part.startswith(f"{title}\n"))
    return re.findall(r"^```sh run\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)


class Site:
    """Somebody's folder with a certificate that nginx serves; ``authority`` may become another one at the same URL."""

    def __init__(self, folder: Path, program: Path, dns: ChallengeServer, webserver: WebServer) -> None:
        self.folder, self.dns, self.webserver = folder, dns, webserver
        self.table = folder / "table"
        self.machine = folder / "machine"
        (self.machine / "src").mkdir(parents=True)
        (self.machine / "src/acme.sh").symlink_to(program)
        tools = folder / "tools"
        tools.mkdir()
        for name, script in (
            ("sleep", "exec /bin/sleep 0.1"),
            ("acmewrap", f'exec {sys.executable} -m acmewrap "$@"'),
            ("crontab", f"if [ $1 = -l ]; then cat {self.table} || echo no crontab >&2; else cat >{self.table}; fi"),
        ):
            (tools / name).write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
            (tools / name).chmod(0o755)
        self.environment: Dict[str, str] = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(folder / "user"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "NO_PROXY": "localhost,127.0.0.1",
        }
        pair = make_leaf(folder / "placeholder", make_root(folder / "placeholder"), ["nas.internal.test"])
        nginx = folder / "nginx"
        nginx.mkdir()
        shutil.copy(str(pair.fullchain), str(nginx / "www.pem"))
        shutil.copy(str(pair.key), str(nginx / "www.key"))
        self.nginx = TlsNginx(nginx)
        self.authority = self.open_authority("old", free_port())

    def open_authority(self, name: str, port: int) -> Pebble:
        folder = self.folder / name
        return Pebble(folder, dns=self.dns.address, http_port=self.webserver.port, validity_seconds=86400, port=port)

    def begin(self) -> None:
        values = {"server": self.authority.directory_url, "webroot": self.webserver.root, "nginx": self.nginx.folder}
        text = YAML.format(reload=self.nginx.reload, tls=self.nginx.port, **values)
        (self.machine / "acmewrap.yaml").write_text(text, encoding="utf-8")
        shutil.copy(str(self.authority.ca_bundle), str(self.machine / "ca.crt"))
        self.run("acmewrap apply")

    def run(self, script: str, code: int = 0) -> str:
        """What it prints; only that the web server is at another port than 80 is added."""
        here = f"--address 127.0.0.1 --http-port {self.webserver.port}"
        script = script.replace("acmewrap doctor", f"acmewrap doctor {here}")
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=str(self.machine),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, f"{script}\n{done.stdout}"
        return done.stdout

    def stored(self) -> X509:
        (leaf, *_) = x509.parse_pem((self.machine / ".acme.sh/nas.internal.test_ecc/fullchain.cer").read_bytes())
        return leaf

    def orders(self) -> int:
        return self.authority.log.read_text(encoding="utf-8", errors="replace").count("POST /order-plz")

    @property
    def account(self) -> Path:
        (path,) = (self.machine / ".acme.sh/ca").rglob("account.key")
        return path


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, dns: ChallengeServer, webserver: WebServer
) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("changes"), acme_sh_311, dns, webserver)
    with found.nginx, found.authority:
        found.begin()
        yield found


def test_a_key_was_stolen(site: Site) -> None:
    old = site.stored()
    (block,) = section("A key was stolen")
    site.run(block)
    assert site.authority.status_of(old.serial)["Reason"] == 1
    assert served(site.nginx.port) == site.stored().sha256 != old.sha256


def test_an_account_is_given_up(site: Site) -> None:
    key, leaf = site.account.read_bytes(), site.stored()
    (block,) = section("The key of the account")
    site.run(block)
    assert site.account.read_bytes() != key
    assert served(site.nginx.port) == site.stored().sha256 != leaf.sha256


def test_an_account_whose_key_was_changed_elsewhere_is_registered_with_the_one_that_is_here(site: Site) -> None:
    folder = site.account.parent
    words = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(site.account)]
    subprocess.run(words, check=True)
    digest = base64.b64encode(hashlib.sha256(site.account.read_bytes()).digest()).decode("ascii")
    text = (folder / "ca.conf").read_text(encoding="utf-8")
    # It has never been another one, for all that acme.sh knows.
    (folder / "ca.conf").write_text(re.sub("CA_KEY_HASH='.*'", f"CA_KEY_HASH='{digest}'", text), encoding="utf-8")
    key, leaf = site.account.read_bytes(), site.stored()
    site.run("acmewrap apply --force")
    assert site.account.read_bytes() == key
    assert (folder / "ca.conf").read_text(encoding="utf-8") != text
    assert site.stored().sha256 != leaf.sha256


@pytest.mark.parametrize("afterwards", ["apply", "cron"])
def test_a_machine_is_restored_from_a_backup(site: Site, afterwards: str) -> None:
    backup = site.folder / f"backup-{afterwards}"
    shutil.copytree(str(site.machine), str(backup), symlinks=True)
    then = site.stored()
    site.run("acmewrap apply --force")
    assert served(site.nginx.port) != then.sha256
    shutil.rmtree(str(site.machine))
    shutil.copytree(str(backup), str(site.machine), symlinks=True)
    site.table.unlink()
    ledger = site.machine / ".acme.sh/.ledger.json"
    a_month_ago = re.sub(r'"seen_at": \d+', f'"seen_at": {int(time.time()) - 30 * 86400}', ledger.read_text())
    ledger.write_text(a_month_ago)
    orders = site.orders()
    (block,) = section("The machine is restored from a backup")
    site.run(block if afterwards == "apply" else "acmewrap cron")
    assert site.orders() == orders
    assert served(site.nginx.port) == site.stored().sha256 == then.sha256
    assert site.run(f"acmewrap {afterwards}").endswith("Nothing to do.\n")
    assert site.table.exists() == (afterwards == "apply")
    site.run("acmewrap apply")


@pytest.mark.parametrize(("afterwards", "loaded"), [("apply", False), ("cron", True)])
def test_a_backup_with_an_expired_certificate_is_renewed_once(site: Site, afterwards: str, loaded: bool) -> None:
    """*loaded*: the server was restored as well; else it serves what came after the backup."""
    site.run("acmewrap apply")
    folder, now = site.folder / f"expired-{afterwards}", time.time()
    issuer = make_intermediate(folder, make_root(folder))
    then = (now - 31 * 86400, now - 30 * 86400)
    pair = make_leaf(folder, issuer, ["nas.internal.test"], not_before=then[0], not_after=then[1])
    expired, *_ = x509.parse_pem(pair.fullchain.read_bytes())
    home, ledger = site.machine / ".acme.sh/nas.internal.test_ecc", site.machine / ".acme.sh/.ledger.json"
    ledger.write_text(ledger.read_text().replace(site.stored().sha256, expired.sha256))
    shutil.copy(str(pair.fullchain), str(home / "fullchain.cer"))
    shutil.copy(str(pair.key), str(home / "nas.internal.test.key"))
    shutil.copy(str(pair.certificate), str(home / "nas.internal.test.cer"))
    shutil.copy(str(issuer.certificate), str(home / "ca.cer"))
    before = served(site.nginx.port)
    if loaded:
        shutil.copy(str(pair.fullchain), str(site.nginx.folder / "www.pem"))
        shutil.copy(str(pair.key), str(site.nginx.folder / "www.key"))
        site.run(site.nginx.reload)
    orders, account = site.orders(), site.account.read_bytes()
    assert "expired" in site.run("acmewrap status", 3)
    said = site.run(f"acmewrap {afterwards}")
    assert f"renew www: expired on {moment(expired.not_after)}\n" in said
    assert said.endswith("each deployment proven.\n")
    assert (site.orders(), site.account.read_bytes()) == (orders + 1, account)
    assert served(site.nginx.port) == site.stored().sha256 not in (before, expired.sha256)
    assert site.run(f"acmewrap {afterwards}").endswith("Nothing to do.\n")


def test_the_authority_gets_another_root(site: Site) -> None:
    following = site.open_authority("new", site.authority.port)
    site.authority.__exit__(None, None, None)
    with following:
        pass
    with site.authority:
        old = site.authority.ca_bundle.read_text(encoding="ascii").rstrip()  # as a line break goes missing
        (site.machine / "old-root.crt").write_text(old, encoding="ascii")
        shutil.copy(str(following.ca_bundle), str(site.machine / "new-root.crt"))
        before, after = section("The authority gets another root")
        leaf = site.stored()
        site.run(before)
        assert site.stored().sha256 == leaf.sha256
        site.run("cp ca.crt both.crt; cat old-root.crt new-root.crt > ca.crt")
        assert "a line break is missing between them [doctor.bundle_invalid]" in site.run("acmewrap doctor", 69)
        site.run("mv both.crt ca.crt")
        site.run("acmewrap apply --force")
    with following:  # it knows nobody: the account is registered there by itself
        site.run("acmewrap apply --force")
        assert served(site.nginx.port) == site.stored().sha256 != leaf.sha256
        site.run(after)
        shutil.copy(str(site.machine / "old-root.crt"), str(site.machine / "ca.crt"))
        assert "[ca.tls_untrusted]" in site.run("acmewrap apply --force", 69)
    site.authority.__enter__()
