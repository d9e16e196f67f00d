"""What doctor says of times: of those that cannot be, and of ends that come before anybody thinks of them."""

from __future__ import annotations

import fcntl
import os
from dataclasses import replace
from pathlib import Path
from typing import List, Tuple

import pytest

from acmewrap import paths
from acmewrap.doctor import DoctorContext, authority, delivery, upkeep
from acmewrap.formats.timefmt import instant
from acmewrap.pki import pem, x509
from wanted import DAY, NOW, make_config, make_state, make_stored

CERTIFICATES = Path(__file__).parents[2] / "certificates"
ROOT, LATER = ((CERTIFICATES / name).read_bytes() for name in ("authority.der", "long-life.der"))


def test_of_a_certificate_that_is_not_valid_yet_it_says_so() -> None:
    config = make_config()
    stored = make_stored(not_before=NOW + DAY, not_after=NOW + 2 * DAY)
    context = DoctorContext(config, {}, clock=lambda: NOW)
    found = make_state(stored=stored).certificates["nas"]
    (finding,) = delivery._certificate(context, config.certificates["nas"], found)
    assert "nas: the certificate is not valid before 2027-01-16" in finding.failure.message
    assert finding.failure.id == "certificate.not_valid"


@pytest.mark.parametrize(("chain_until", "ids"), [(NOW + 1, ["doctor.chain_ends"]), (NOW + DAY, [])])
def test_an_intermediate_that_ends_before_the_renewal_is_named(chain_until: int, ids: List[str]) -> None:
    config = make_config()
    stored = replace(make_stored(not_before=NOW, not_after=NOW + DAY), chain_until=instant(chain_until))
    found = make_state(stored=stored).certificates["nas"]
    context = DoctorContext(config, {}, clock=lambda: NOW)
    findings = delivery._certificate(context, config.certificates["nas"], found)
    assert [finding.failure.id for finding in findings] == ids


@pytest.mark.parametrize(
    ("bundle", "days", "ids"),
    [
        ((ROOT,), 31, []),
        ((ROOT,), 29, ["doctor.root_ends"]),
        ((ROOT, LATER), 29, []),
        ((LATER, ROOT), 29, []),
    ],
    ids=["in-time", "soon", "with-the-next", "in-any-order"],
)
def test_a_root_that_ends_soon_is_named_unless_the_next_is_there(
    tmp_path: Path, bundle: Tuple[bytes, ...], days: int, ids: List[str]
) -> None:
    (tmp_path / "ca.crt").write_bytes(pem.encode(*bundle))
    now = x509.parse_der(ROOT).not_after.timestamp() - days * DAY
    one = replace(make_config().authorities["internal"], ca_bundle=tmp_path / "ca.crt")
    findings = authority._end(DoctorContext(make_config(), {}, clock=lambda: now), one)
    assert [finding.failure.id for finding in findings] == ids


def test_a_bundle_in_which_a_line_break_is_missing_is_refused_as_openssl_does() -> None:
    joined = pem.encode(ROOT).strip() + pem.encode(LATER)
    with pytest.raises(ValueError, match="a line break is missing"):
        x509.parse_pem(joined)


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (60, None),
        (-60, None),
        (2 * DAY, "for 2 days"),
        (-300 * DAY, "since a time that is 300 days ahead of the clock"),
    ],
)
def test_a_lock_is_held_too_long_or_since_a_time_that_has_not_come(tmp_path: Path, age: int, said: str) -> None:
    config = make_config()
    config = replace(config, authorities={"internal": replace(config.authorities["internal"], home=tmp_path)})
    lock = paths.lock_path(tmp_path)
    lock.write_text("123", encoding="ascii")
    os.utime(str(lock), (NOW - age, NOW - age))
    with open(lock, "rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        found = [one.failure.message for one in upkeep._locks(DoctorContext(config, {}, clock=lambda: NOW))]
    assert [said in one for one in found] == ([True] if said else []), found
