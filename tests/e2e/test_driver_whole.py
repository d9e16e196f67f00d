"""What else acme.sh can do, from Python: accounts, authorizations, requests of others, other formats; each seen to be done."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path
from typing import Iterator, List

import pytest

from acmewrap.config.challenges import Webroot
from acmewrap.driver.acmesh import AcmeSh
from acmewrap.driver.homes import recovery
from acmewrap.errors import CommandError, IssueError
from acmewrap.pki import x509
from acmewrap.secrets import Secret
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from releases import AcmeShRelease

NAME = "nas.example.com"
RSA = "2048"
PASSWORD = Secret("pässword 'with\" $igns")


@pytest.fixture(scope="module")
def authority(dns: ChallengeServer, webserver: WebServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """It uses authorizations again, so that there are some to be given up."""
    folder = tmp_path_factory.mktemp("authority")
    with Pebble(folder, dns=dns.address, http_port=webserver.port, authorization_reuse=100) as server:
        yield server


@pytest.fixture
def acme(acme_sh: AcmeShRelease, authority: Pebble, tmp_path: Path, fast_sleep: Path) -> AcmeSh:
    assert fast_sleep.is_dir()
    return open_acme(acme_sh, authority, tmp_path)


def open_acme(release: AcmeShRelease, authority: Pebble, folder: Path) -> AcmeSh:
    return AcmeSh(
        release.path,
        folder / "acme-home",
        server=authority.directory_url,
        ca_bundle=authority.ca_bundle,
        email="a@example.com",
        path=f"{folder}/tools:{os.environ['PATH']}",
    )


@pytest.fixture(scope="module")
def issued(
    acme_sh: AcmeShRelease, authority: Pebble, webserver: WebServer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A home with the certificate NAME, to be copied: issuing costs seconds."""
    acme = open_acme(acme_sh, authority, tmp_path_factory.mktemp("issued"))
    acme.issue([NAME], Webroot(webserver.root), key=RSA).raise_for_failure()
    return acme.home.path


def adopt(acme: AcmeSh, issued: Path) -> None:
    shutil.copytree(str(issued), str(acme.home.path), symlinks=True)


def openssl(*words: object, password: str = "") -> str:
    environment = {**os.environ, "PASSWORD": password}
    return subprocess.run(
        ["openssl", *map(str, words)],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    ).stdout


def make_request(folder: Path, *, key: str = "rsa:2048", subject: str = f"/CN={NAME}") -> Path:
    names = "subjectAltName=DNS:two.example.com,DNS:nas.example.com"
    kind = ["-newkey", key] if key.startswith("rsa") else ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{key}"]
    path = folder / "their request.csr"  # a blank, which acme.sh could not live with
    openssl(
        "req",
        "-new",
        "-nodes",
        *kind,
        "-subj",
        subject,
        "-addext",
        names,
        "-keyout",
        folder / "their.key",
        "-out",
        path,
    )
    return path


def test_an_account_is_made_changed_and_given_up_and_the_authority_says_so(
    acme: AcmeSh, authority: Pebble, webserver: WebServer
) -> None:
    made = acme.register_account().raise_for_failure()
    assert (made.outcome, made.contacts) == ("registered", ("mailto:a@example.com",))
    assert made.url is not None
    again = acme.register_account()
    assert (again.outcome, again.url) == ("unchanged", made.url)

    changed = acme.update_account("b@example.com").raise_for_failure()
    assert (changed.outcome, changed.contacts, changed.url) == ("updated", ("mailto:b@example.com",), made.url)

    gone = acme.deactivate_account().raise_for_failure()
    assert (gone.outcome, gone.url) == ("deactivated", made.url)
    folder = acme.home.account_folder(authority.directory_url)
    parent = acme.home.account_home(authority.directory_url) / "deactivated"
    (aside,) = parent.iterdir()
    recovery.recover(acme.home, authority.directory_url)
    assert not folder.exists()  # what makes a broken home fit again brings none back
    folder.mkdir()
    # The authority takes nothing more from it...
    for name in ("account.key", "account.json", "ca.conf"):
        (folder / name).write_bytes((aside / name).read_bytes())
    refused = acme.update_account("c@example.com")
    assert (refused.outcome, refused.ok) == ("failed", False)
    with pytest.raises(IssueError):
        refused.raise_for_failure()
    # ... which is what "deactivated already" means, and the next order makes another.
    assert acme.deactivate_account().outcome == "deactivated"
    assert len(list(parent.iterdir())) == 2
    assert acme.issue([NAME], Webroot(webserver.root)).outcome == "issued"
    assert acme.register_account().url not in (None, made.url)


def test_without_an_account_there_is_none_to_be_changed_or_given_up(acme: AcmeSh, authority: Pebble) -> None:
    for result in (acme.update_account("b@example.com"), acme.deactivate_account()):
        assert (result.outcome, result.url, result.ok) == ("failed", None, False)
    assert not acme.home.account_folder(authority.directory_url).exists()


@pytest.mark.slow
def test_authorizations_are_given_up(acme: AcmeSh, webserver: WebServer) -> None:
    acme.issue([NAME], Webroot(webserver.root)).raise_for_failure()
    first = acme.deactivate(NAME).raise_for_failure()
    assert (first.outcome, first.challenges) == ("deactivated", ("http-01",))
    second = acme.deactivate(NAME).raise_for_failure()
    assert (second.outcome, second.challenges) == ("unchanged", ())


@pytest.mark.slow
def test_a_request_of_somebody_else_is_signed_and_renewed(acme: AcmeSh, webserver: WebServer, tmp_path: Path) -> None:
    request = make_request(tmp_path)
    shown = acme.show_csr(request).raise_for_failure()
    assert (shown.subject, shown.domains, shown.key_type) == (NAME, (NAME, "two.example.com"), "2048")
    signed = acme.sign_csr(request, Webroot(webserver.root)).raise_for_failure()
    assert (signed.outcome, signed.key_type) == ("issued", "2048")
    leaf = x509.parse_pem(signed.files.fullchain.read_bytes())[0]
    assert x509.key_matches((tmp_path / "their.key").read_bytes(), leaf)
    assert set(leaf.names) == {NAME, "two.example.com"}
    assert not signed.files.key.exists()
    renewed = acme.renew(NAME, key="2048", force=True).raise_for_failure()
    assert (renewed.outcome, renewed.files.key.exists()) == ("renewed", False)
    stored = acme.home.read(NAME, False)
    assert stored is not None
    assert stored.find_fault() is None


def test_a_request_for_a_name_whose_key_lies_here_is_refused(
    acme: AcmeSh, issued: Path, webserver: WebServer, tmp_path: Path
) -> None:
    adopt(acme, issued)
    with pytest.raises(CommandError, match="a key of its own"):
        acme.sign_csr(make_request(tmp_path), Webroot(webserver.root))


def watch_arguments(stop: threading.Event, seen: List[bytes]) -> None:
    while not stop.wait(0.01):
        for number in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                seen.append(Path("/proc", number, "cmdline").read_bytes())


def test_what_is_exported_holds_what_it_should_and_the_password_is_nowhere(
    acme: AcmeSh, issued: Path, tmp_path: Path
) -> None:
    adopt(acme, issued)
    asked, tools = tmp_path / "asked", tmp_path / "tools"
    tools.mkdir()
    (tools / "openssl").write_text(
        f'#!/bin/sh\nprintf \'%s\\n\' "$*" >>{asked}\nexec {shutil.which("openssl")} "$@"\n', encoding="ascii"
    )
    (tools / "openssl").chmod(0o755)
    stop = threading.Event()
    seen: List[bytes] = []
    watcher = threading.Thread(target=watch_arguments, args=(stop, seen))
    watcher.start()
    try:
        pfx = acme.to_pkcs12(NAME, tmp_path / "nas.pfx", PASSWORD, key=RSA).raise_for_failure()
    finally:
        stop.set()
        watcher.join()
    text = openssl("pkcs12", "-in", pfx.path, "-nodes", "-passin", "env:PASSWORD", password=PASSWORD.reveal())
    chain = x509.parse_pem(text.encode())
    assert (chain[0].sha256, len(chain)) == (pfx.sha256, 2)
    assert x509.key_matches(text.encode(), chain[0])
    seen.append(asked.read_bytes())
    assert b"pkcs12 -export" in seen[-1]
    assert not any(PASSWORD.reveal().encode() in one for one in seen)
    assert stat.S_IMODE(pfx.path.stat().st_mode) == 0o600
    kept = [path for path in acme.home.path.rglob("*") if path.is_file()]
    assert not [path for path in kept if "Le_PFXPassword" in path.read_text(errors="replace") or path.suffix == ".pfx"]

    pkcs8 = acme.to_pkcs8(NAME, tmp_path / "nas.pk8", key=RSA).raise_for_failure()
    assert pkcs8.path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert x509.key_matches(pkcs8.path.read_bytes(), chain[0])
    assert acme.to_pkcs8("nobody.example.com", tmp_path / "none").failure is not None
    assert not (tmp_path / "none").exists()


def test_a_set_that_cannot_be_exported_leaves_what_was_there(acme: AcmeSh, issued: Path, tmp_path: Path) -> None:
    adopt(acme, issued)
    path = tmp_path / "nas.pfx"
    path.write_text("the old one")
    acme.home.files_of(NAME, False).key.write_text("no key")
    for result in (acme.to_pkcs12(NAME, path, PASSWORD, key=RSA), acme.to_pkcs8(NAME, path, key=RSA)):
        assert (result.outcome, result.ok, path.read_text()) == ("failed", False, "the old one")
