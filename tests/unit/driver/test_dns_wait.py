"""How long acme.sh waits for TXT records, and whom it asks about them."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Sequence

import pytest

from acmewrap.config.challenges import Challenge, Dns, Wait, Webroot
from acmewrap.driver import dns_wait

PUBLIC = "https://acme-v02.api.letsencrypt.org/directory"
HOOK = Dns("dns_nsupdate")


@pytest.mark.parametrize(
    ("challenges", "options", "server", "bundle", "wait"),
    [
        ([HOOK], (), PUBLIC, None, "public"),
        ([HOOK], (), PUBLIC, Path("/ca.crt"), 10),
        ([HOOK], (), "https://pki.lab.internal/acme/acme/directory", None, 10),
        ([HOOK], (), "https://ca:14000/dir", None, 10),
        ([HOOK], (), "https://192.0.2.7/dir", None, 10),
        ([HOOK], (), "https://[2001:db8::1]:14000/dir", None, 10),
        ([HOOK], (), "https://internal.example.com/dir", None, "public"),
        ([Webroot(Path("/w"))], (), PUBLIC, Path("/ca.crt"), None),
        ([Webroot(Path("/w")), Dns("dns_cf", wait=60)], (), PUBLIC, None, 60),
        ([Dns("dns_cf", wait="public")], (), PUBLIC, Path("/ca.crt"), "public"),
        ([HOOK, Dns("dns_cf", wait=60)], (), PUBLIC, Path("/ca.crt"), 60),
        ([Dns("dns_cf", wait=60)], ("--dnssleep", "0"), PUBLIC, None, 0),
        ([HOOK], ("--preferred-chain", "--dnssleep"), PUBLIC, None, "public"),
    ],
)
def test_a_private_authority_needs_no_public_resolver_and_whoever_says_how_long_is_right(
    challenges: Sequence[Challenge], options: Sequence[str], server: str, bundle: Optional[Path], wait: Optional[Wait]
) -> None:
    assert dns_wait.of(challenges, options, server, bundle) == wait


@pytest.mark.parametrize(
    ("wait", "words", "patience"), [(None, (), 0), ("public", (), 1200), (30, ("--dnssleep", "30"), 30)]
)
def test_an_order_may_take_longer_by_what_it_waits(wait: Optional[Wait], words: Sequence[str], patience: int) -> None:
    assert (dns_wait.words(wait), dns_wait.patience(wait)) == (words, patience)


def test_a_renewal_waits_as_it_is_to_and_not_as_the_order_before_did(tmp_path: Path) -> None:
    path = tmp_path / "nas.conf"
    path.write_text("Le_Domain='nas'\nLe_DNSSleep='60'\n", encoding="ascii")
    dns_wait.remember(5, path)
    assert path.read_text(encoding="ascii") == "Le_Domain='nas'\nLe_DNSSleep='5'\n"
    dns_wait.remember("public", path)
    assert path.read_text(encoding="ascii") == "Le_Domain='nas'\n"
