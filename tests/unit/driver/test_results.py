"""What results say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from acmewrap.driver.homes.home import CertificateFiles
from acmewrap.driver.results import CronEntry, CronResult, IssueOutcome, IssueResult
from acmewrap.driver.verbs.queries import ListEntry
from acmewrap.failures import failure

FILES = CertificateFiles(Path("/home/nas_ecc"), "nas")
FAULT = failure("hook.failed", "it failed")


@pytest.mark.parametrize(
    ("outcome", "changed"),
    [
        ("issued", True),
        ("renewed", True),
        ("reissued", True),
        ("unchanged", False),
        ("not_due", False),
        ("not_issued", False),
        ("failed", False),
    ],
)
def test_only_a_new_certificate_is_a_change(outcome: IssueOutcome, changed: bool) -> None:
    assert IssueResult(outcome, ("nas",), FILES).changed is changed


def test_a_good_outcome_with_a_failure_is_not_ok() -> None:
    assert IssueResult("renewed", ("nas",), FILES).ok
    assert not IssueResult("renewed", ("nas",), FILES, failure=FAULT).ok


def test_one_failed_certificate_spoils_a_round() -> None:
    good, bad = CronEntry("a", True, "renewed"), CronEntry("b", True, "failed", failure=FAULT)
    assert CronResult((good,)).ok
    assert not CronResult((good, bad)).ok
    assert not CronResult((good,), failure=FAULT).ok


def test_a_row_without_the_usual_columns_is_read_as_far_as_it_goes() -> None:
    assert ListEntry.from_row({"Main_Domain": "nas"}) == ListEntry("nas", "", (), "", None, None)
    assert ListEntry.from_row({}).domain == ""
