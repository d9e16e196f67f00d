"""What doctor says of times that cannot be: a certificate whose life has not begun, a lock that is held since tomorrow."""

from __future__ import annotations

import fcntl
import os
from dataclasses import replace
from pathlib import Path

import pytest

from acmewrap import paths
from acmewrap.doctor import DoctorContext, delivery, upkeep
from wanted import DAY, NOW, make_config, make_state, make_stored


def test_of_a_certificate_that_is_not_valid_yet_it_says_so() -> None:
    config = make_config()
    stored = make_stored(not_before=NOW + DAY, not_after=NOW + 2 * DAY)
    context = DoctorContext(config, {}, clock=lambda: NOW)
    found = make_state(stored=stored).certificates["nas"]
    (finding,) = delivery._certificate(context, config.certificates["nas"], found)
    assert "nas: the certificate is not valid before 2027-01-16" in finding.failure.message
    assert finding.failure.id == "certificate.not_valid"


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
