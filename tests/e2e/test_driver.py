"""The driver with the real acme.sh against a real authority, and against one that misbehaves."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Iterator, Optional, Union

import pytest

from acmewrap.config.challenges import Webroot
from acmewrap.config.model import Install
from acmewrap.driver.acmesh import AcmeSh
from acmewrap.driver.results import IssueResult
from acmewrap.pki import x509
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import EMPTY, GARBAGE, LEAF_ALONE, STEP_BAD_NONCE, Answer, Fault, Hang, Proxy
from acmewrap.testing.webserver import WebServer
from releases import AcmeShRelease

NAME = "driver.example.com"


@pytest.fixture
def acme(acme_sh: AcmeShRelease, pebble: Pebble, tmp_path: Path, fast_sleep: Path) -> AcmeSh:
    assert str(fast_sleep) in os.environ["PATH"]
    return open_acme(acme_sh, tmp_path, pebble)


def open_acme(
    release: AcmeShRelease, folder: Path, authority: Union[Pebble, Proxy], deadline: Optional[float] = None
) -> AcmeSh:
    return AcmeSh(
        release.path,
        folder / "acme-home",
        server=authority.directory_url,
        ca_bundle=authority.ca_bundle,
        path=os.environ["PATH"],
        deadlines={} if deadline is None else {"renew": deadline},
    )


def reported(result: IssueResult) -> str:
    return result.outcome + (f" {result.failure.id}" if result.failure else "")


def test_the_life_of_a_certificate(acme: AcmeSh, acme_sh: AcmeShRelease, webserver: WebServer, tmp_path: Path) -> None:
    webroot = Webroot(webserver.root)
    acme.register_account()
    first = acme.issue([NAME, "two.example.com"], [webroot, webroot], due=lambda begin, end: begin + (end - begin) // 2)
    assert reported(first) == "issued"
    assert (first.domains, first.key_type) == ((NAME, "two.example.com"), "ec-256")
    assert first.not_before is not None
    assert first.not_after is not None
    half = first.not_before + (first.not_after - first.not_before) // 2
    assert first.next_renewal == half.replace(microsecond=0)  # as its calendar has it
    assert first.order_url is not None
    assert first.order_url.rpartition("/")[0].endswith("/my-order")
    leaf = x509.parse_pem(first.files.fullchain.read_bytes())[0]
    assert (leaf.sha256, leaf.serial) == (first.sha256, first.serial)
    assert x509.key_matches(first.files.key.read_bytes(), leaf)

    again = acme.issue([NAME, "two.example.com"], [webroot, webroot])
    assert (reported(again), again.sha256, again.next_renewal) == ("not_due", first.sha256, first.next_renewal)
    assert reported(acme.renew(NAME)) == "not_due"
    assert reported(acme.renew("nobody.example.com")) == "not_issued certificate.not_issued"

    files = Install(
        tmp_path / "key", tmp_path / "full", tmp_path / "cert", tmp_path / "ca", f"echo done >{tmp_path}/reloaded"
    )
    assert acme.install_cert(NAME, files).outcome == "accepted"
    assert (tmp_path / "full").read_bytes() == first.files.fullchain.read_bytes()
    assert (tmp_path / "reloaded").read_text() == "done\n"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600

    assert [entry.outcome for entry in acme.cron().entries] == ["skipped"]
    round_ = acme.cron(force=True)
    assert [(entry.domain, entry.outcome) for entry in round_.entries] == [(NAME, "renewed")]
    stored = acme.home.read(NAME, True)
    assert stored is not None
    assert stored.leaf is not None
    assert stored.leaf.sha256 == round_.entries[0].sha256 != first.sha256
    assert stored.configuration["Le_RealKeyPath"] == str(tmp_path / "key")  # remembered, and not run by a renewal
    kept = acme.home.path / ".versions" / f"{NAME}_ecc" / "2" / "fullchain.cer"
    assert (tmp_path / "full").read_bytes() == kept.read_bytes()

    (entry,) = acme.list().raise_for_failure().entries
    assert (entry.domain, entry.key_type, entry.alternatives) == (NAME, "ec-256", ("two.example.com",))
    assert acme.info(NAME).values["Le_Alt"] == "two.example.com"
    assert acme.info("nobody.example.com").values == {}
    assert acme.version() == acme.read_version() == acme_sh.version

    assert acme.revoke(NAME, reason=4).outcome == "done"
    assert acme.remove(NAME).outcome == "done"
    assert acme.home.read(NAME, True) is None
    assert acme.list().entries == ()


@pytest.mark.slow  # with the default release, test_authorities.py has one
def test_a_name_of_one_label_is_renewed_like_any_other(acme: AcmeSh, webserver: WebServer) -> None:
    assert reported(acme.issue(["nas"], [Webroot(webserver.root)], key="2048")) == "issued"
    assert reported(acme.renew("nas", key="2048", force=True)) == "renewed"
    assert [stored.files.domain for stored in acme.home.stored()] == ["nas"]


def test_a_wildcard_over_http_is_refused_and_leaves_nothing(acme: AcmeSh, webserver: WebServer) -> None:
    result = acme.issue(["*.example.com"], [Webroot(webserver.root)])
    assert reported(result) == "failed challenge.not_offered"
    assert list(acme.home.stored()) == []


@pytest.fixture
def proxy(pebble: Pebble, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(tmp_path / "proxy", pebble) as running:
        yield running


@pytest.fixture(scope="module")
def issued(
    acme_sh: AcmeShRelease, pebble: Pebble, webserver: WebServer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A home with one certificate, to be copied: issuing costs seconds."""
    folder = tmp_path_factory.mktemp("issued")
    result = open_acme(acme_sh, folder, pebble).issue([NAME], [Webroot(webserver.root)])
    assert reported(result) == "issued"
    return folder


@pytest.fixture
def folder(issued: Path, pebble: Pebble, proxy: Proxy, tmp_path: Path, fast_sleep: Path) -> Path:
    """The home with one certificate of the proxy's: a renewal by acme.sh 3.0.2 goes where the certificate came from."""
    assert fast_sleep.is_dir()
    copy = tmp_path / "copy"
    shutil.copytree(str(issued), str(copy), symlinks=True)
    for path in copy.rglob(f"{NAME}.conf"):
        text = path.read_text(encoding="utf-8")
        assert pebble.directory_url in text
        path.write_text(text.replace(pebble.directory_url, proxy.directory_url), encoding="utf-8")
    return copy


def snapshot(acme: AcmeSh) -> object:
    files = acme.home.files_of(NAME, True)
    return {path.name: path.read_bytes() for path in files.folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    ("fault", "id"),
    [
        (GARBAGE, "certificate.download_failed"),
        pytest.param(EMPTY, "certificate.download_failed", marks=pytest.mark.slow),  # ends as garbage does
        pytest.param(LEAF_ALONE, "certificate.chain_missing", marks=pytest.mark.slow),  # also in test_acmesh.py
        pytest.param(Answer(404), "certificate.download_failed", marks=pytest.mark.slow),
        pytest.param(Hang(), "process.deadline", marks=pytest.mark.slow),  # for eight seconds; see test_acmesh.py
    ],
    ids=["garbage", "empty", "leaf alone", "404", "never"],
)
def test_a_bad_download_leaves_the_good_set_and_the_next_run_renews(
    acme_sh: AcmeShRelease, folder: Path, proxy: Proxy, fault: Fault, id: str
) -> None:
    proxy.misbehave("/certZ/", fault)
    # A slow machine may not come so far so soon.
    for deadline in (8.0, 40.0, 200.0) if isinstance(fault, Hang) else (None,):
        acme = open_acme(acme_sh, folder, proxy, deadline)
        before = snapshot(acme)
        result = acme.renew(NAME, force=True)
        asked = any(path.startswith("/certZ/") for _, path, _ in proxy.exchanges)
        if asked:
            break
    assert asked
    assert reported(result) == f"failed {id}"
    assert snapshot(acme) == before
    stored = acme.home.read(NAME, True)
    assert stored is not None
    assert stored.find_fault() is None
    assert stored.leaf is not None
    assert result.sha256 == stored.leaf.sha256

    if fault is GARBAGE:  # what is on disk is the same after all of these
        proxy.behave()
        assert reported(open_acme(acme_sh, folder, proxy).renew(NAME, force=True)) == "renewed"


def test_a_change_of_key_that_fails_keeps_the_old_pair(
    acme_sh: AcmeShRelease, folder: Path, proxy: Proxy, webserver: WebServer
) -> None:
    acme, webroot = open_acme(acme_sh, folder, proxy), [Webroot(webserver.root)]
    before = snapshot(acme)
    proxy.misbehave("/certZ/", GARBAGE)
    assert reported(acme.issue([NAME], webroot, key="ec-384", force=True)) == "failed certificate.download_failed"
    assert snapshot(acme) == before
    proxy.behave()
    result = acme.issue([NAME], webroot, key="ec-384", force=True)
    assert (reported(result), result.key_type) == ("reissued", "ec-384")


# What comes after the second refusal is in test_acmesh.py.
@pytest.mark.parametrize(
    ("times", "expected"), [(1, "renewed"), pytest.param(None, "failed ca.nonce", marks=pytest.mark.slow)]
)
def test_a_nonce_that_is_refused_in_words_unknown_to_acme_sh_is_tried_once_more(
    acme_sh: AcmeShRelease, folder: Path, proxy: Proxy, times: Optional[int], expected: str
) -> None:
    proxy.misbehave("/order-plz", STEP_BAD_NONCE, times=times)
    assert reported(open_acme(acme_sh, folder, proxy).renew(NAME, force=True)) == expected
    orders = [path for method, path, _ in proxy.exchanges if method == "POST" and path == "/order-plz"]
    assert len(orders) == 2
