"""What came of a call is read from the files before and after it; the text only explains."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Optional, Tuple

import pytest

from acmewrap.driver import evidence
from acmewrap.driver.call import CallResult
from acmewrap.driver.evidence import Request
from acmewrap.driver.homes.configuration import parse_configuration
from acmewrap.driver.homes.home import CertificateFiles, read_folder
from acmewrap.driver.process import Command, Completed
from acmewrap.driver.results import IssueResult
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from synthetic import NOW, Folder

NAME = "nas.example.com"
REASON = "acme.refused"  # what the diagnosis says in these tests, whenever it is asked

OLD = Folder(domain=NAME)
NEW = OLD.but(generation=2)
GARBAGE = b"<html>this is no certificate</html>\n"
ALONE = NEW.but(chain=None, fullchain=None)


class Case(NamedTuple):
    title: str
    verb: str
    before: Optional[Folder]
    after: Optional[Folder]
    returncode: int
    outcome: str
    failure: str = ""
    text: str = ""


# The texts are misleading on purpose, or in another language: they must not matter.
CASES = (
    Case("a first certificate", "issue", None, NEW, 0, "issued"),
    Case("a first certificate, and acme.sh claims a failure", "issue", None, NEW, 1, "issued", REASON),
    Case("another certificate by --issue", "issue", OLD, NEW, 0, "reissued"),
    Case("another certificate by --renew", "renew", OLD, NEW, 0, "renewed"),
    Case("another certificate, and a hook after it failed", "renew", OLD, NEW, 1, "renewed", REASON),
    Case("another certificate, and acme.sh speaks of skipping", "renew", OLD, NEW, 0, "renewed", text="Skipping. Next"),
    Case("a certificate where a broken one was", "renew", OLD.but(leaf=GARBAGE), NEW, 0, "issued"),
    Case("nothing new, exit code 2, a date to come", "renew", OLD, OLD, 2, "not_due", text="次回の更新"),
    Case("the same of --issue", "issue", OLD, OLD, 2, "not_due"),
    Case("exit code 2, and the date has passed", "renew", OLD, OLD.but(next_renewal=NOW // 2), 2, "failed", REASON),
    Case(
        "exit code 2, and the date passed when it was asked",
        "renew",
        OLD,
        OLD.but(next_renewal=NOW - 1),
        2,
        "failed",
        REASON,
    ),
    Case(
        "exit code 2 of a shell error",
        "renew",
        OLD,
        OLD.but(configuration="Le_Domain='a'b'\n"),
        2,
        "failed",
        "certificate.mismatch",
    ),
    Case(
        "exit code 2, and the certificate is gone",
        "renew",
        OLD.but(leaf=None),
        OLD.but(leaf=None),
        2,
        "failed",
        "certificate.mismatch",
    ),
    Case(
        "not due, and the key is another's",
        "renew",
        OLD.but(key=b"no key"),
        OLD.but(key=b"no key"),
        2,
        "not_due",
        "certificate.mismatch",
    ),
    Case(
        "not due, and the chain is gone",
        "renew",
        OLD.but(chain=None),
        OLD.but(chain=None),
        2,
        "not_due",
        "certificate.chain_missing",
    ),
    Case("nothing new, and acme.sh is content", "renew", OLD, OLD, 0, "unchanged"),
    Case("nothing new, and acme.sh says Cert success", "issue", OLD, OLD, 0, "unchanged", text="Cert success."),
    Case("a name without a folder", "renew", None, None, 2, "not_issued", "certificate.not_issued"),
    Case("a name without a folder, exit code 0", "renew", None, None, 0, "not_issued", "certificate.not_issued"),
    Case("a first issue that left nothing", "issue", None, None, 1, "failed", REASON),
    Case("a first issue that left half", "issue", None, NEW.but(leaf=None), 1, "failed", REASON),
    Case("a success without a certificate", "issue", None, NEW.but(leaf=None), 0, "failed", "certificate.not_stored"),
    Case("garbage over the live certificate", "renew", OLD, OLD.but(leaf=GARBAGE), 1, "failed", REASON),
    Case(
        "garbage, and acme.sh reports success",
        "renew",
        OLD,
        OLD.but(leaf=GARBAGE),
        0,
        "failed",
        "certificate.not_stored",
    ),
    Case("a leaf without its chain", "issue", None, ALONE, 0, "failed", "certificate.chain_missing"),
    Case(
        "a new leaf beside the old chain file",
        "renew",
        OLD,
        NEW.but(fullchain=GARBAGE),
        0,
        "failed",
        "certificate.chain_missing",
    ),
    Case("a new key beside the old certificate", "renew", OLD, OLD.but(key=b"new"), 1, "failed", REASON),
    Case("a new certificate without its key", "renew", OLD, NEW.but(key=None), 0, "failed", "certificate.mismatch"),
    Case(
        "another domain's certificate",
        "renew",
        OLD,
        NEW.but(names=("other.example.com",)),
        0,
        "failed",
        "certificate.names_missing",
    ),
    Case("a certificate for more names", "renew", OLD, NEW.but(names=(NAME, "b.example.com")), 0, "renewed"),
    Case("a certificate without names", "issue", None, NEW.but(names=()), 0, "failed", "certificate.names_missing"),
    Case("an emptied configuration", "renew", OLD, NEW.but(configuration="\n"), 1, "failed", "certificate.mismatch"),
    Case("a refusal", "renew", OLD, OLD, 1, "failed", REASON, text="Cert success."),
    Case("a kill", "renew", OLD, OLD, -9, "failed", REASON),
)


def completed(returncode: int, lines: Tuple[str, ...] = ()) -> CallResult:
    return CallResult(Command("renew", ("acme.sh",), {}, Path("/"), 1.0), returncode, lines, 0.5)


def run(tmp_path: Path, case: Case) -> IssueResult:
    before = None if case.before is None else read_folder(case.before.write(tmp_path / "before"), ecc=True)
    after = None if case.after is None else read_folder(case.after.write(tmp_path / "after"), ecc=True)
    request = Request(case.verb, (NAME,), "ec-256", ())  # type: ignore[arg-type]
    location = CertificateFiles(Path("/home/nas_ecc"), NAME)
    reason = failure(REASON, "the authority said no")
    return evidence.judge(
        request, location, before, after, completed(case.returncode, (case.text,)), now=NOW, diagnose=lambda: reason
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: re.sub(r"\W+", "-", case.title))
def test_files_decide(tmp_path: Path, case: Case) -> None:
    result = run(tmp_path, case)
    assert result.outcome == case.outcome
    assert (result.failure.id if result.failure else "") == case.failure


@pytest.mark.parametrize("case", CASES, ids=lambda case: re.sub(r"\W+", "-", case.title))
def test_a_result_describes_the_set_that_will_be_in_use(tmp_path: Path, case: Case) -> None:
    result = run(tmp_path, case)
    used = case.after if result.changed else case.before
    serial = f"{used.generation:016X}" if used is not None and used.leaf == b"" else None
    assert result.serial == serial
    assert result.files.folder == Path("/home/nas_ecc")


def test_a_certificate_is_told_with_its_own_dates(tmp_path: Path) -> None:
    result = run(tmp_path, Case("", "renew", OLD, NEW, 0, "renewed"))
    assert (result.not_before, result.not_after, result.key_type) == (instant(NOW), instant(NOW + 86400), "ec-256")
    assert (result.domains, result.issuer, result.next_renewal) == ((NAME,), "Intermediate", instant(NOW * 2))


def test_addresses_are_compared_as_addresses(tmp_path: Path) -> None:
    after = read_folder(Folder(domain="::1", names=("::1",)).write(tmp_path), ecc=True)
    assert after is not None
    assert evidence.find_fault(["0:0:0:0:0:0:0:1"], after, (), "::1") is None


def test_a_date_that_is_no_number_counts_as_due(tmp_path: Path) -> None:
    for text in ("", "٣", "²", "soon", "-1"):
        stored = read_folder(
            OLD.but(configuration=f"Le_Domain='{NAME}'\nLe_NextRenewTime='{text}'\n").write(tmp_path), ecc=True
        )
        assert stored is not None
        assert stored.next_renewal is None
        assert evidence.is_due(stored, completed(2), NOW)


def test_a_certificate_that_became_due_during_the_call_was_not_due_when_it_began(tmp_path: Path) -> None:
    stored = read_folder(OLD.but(next_renewal=NOW - 5).write(tmp_path), ecc=True)
    assert stored is not None
    call = completed(2)
    assert evidence.is_due(stored, call, NOW)
    assert not evidence.is_due(stored, Completed(call.command, 2, (), 3600), NOW)


def test_the_calendar_of_acme_sh_follows_the_lifetime(tmp_path: Path) -> None:
    result = run(tmp_path, Case("", "renew", OLD, NEW, 0, "renewed"))
    request = Request(
        "renew",
        (NAME,),
        "ec-256",
        (),
        due=lambda begin, end: begin + (end - begin) / 2,
        settings={"Le_DeployHook": "x,"},
    )
    files = NEW.write(tmp_path / "staged")
    aligned = evidence.align(request, result, files)
    values = parse_configuration(files.configuration.read_text(encoding="utf-8"))
    assert aligned.next_renewal == instant(NOW + 43200)
    assert values["Le_NextRenewTime"] == str(NOW + 43200)
    assert values["Le_NextRenewTimeStr"] == "2026-06-02T00:00:00Z"
    assert values["Le_DeployHook"] == "x,"


def test_a_renewal_asks_for_the_names_in_the_configuration(tmp_path: Path) -> None:
    stored = read_folder(
        OLD.but(names=(NAME, "b.example.com", "c.example.com"), leaf=GARBAGE).write(tmp_path), ecc=True
    )
    assert stored is not None
    assert stored.domains == (NAME, "b.example.com", "c.example.com")


# --- dates: nothing that is worse than before takes its place ---

HOUR = 3600
DATE = "responseHeaders='HTTP/1.1 200\nDate: {}\n'\n"


class Dates(NamedTuple):
    """A new set beside an old one at NOW, and what is said of it; an empty failure: it is kept."""

    title: str
    after: Folder
    failure: str = ""
    before: Optional[Folder] = OLD
    protocol: str = ""


DATED = (
    Dates("a good one", NEW),
    Dates("an expired one", NEW.but(begin=NOW - 86400, end=NOW - 1), "certificate.not_valid"),
    Dates("one that ends this second", NEW.but(begin=NOW - 86400, end=NOW), "certificate.not_valid"),
    Dates("one of tomorrow", NEW.but(begin=NOW + 86400, end=NOW + 2 * 86400), "certificate.not_valid"),
    Dates("one of a clock that is a minute ahead", NEW.but(begin=NOW + 60, end=NOW + 86400)),
    Dates("one with an expired chain", NEW.but(chain_end=NOW - 1), "certificate.not_valid"),
    Dates("an expired one, and none before", NEW.but(end=NOW - 1), "certificate.not_valid", None),
    Dates(
        "one of tomorrow, by an authority that lives there",
        NEW.but(begin=NOW + 86400, end=NOW + 2 * 86400),
        "ca.clock_skew",
        protocol=DATE.format("Tue, 02 Jun 2026 12:00:00 GMT"),
    ),
    Dates(
        "an expired one, by an authority with our time",
        NEW.but(end=NOW - 1),
        "certificate.not_valid",
        protocol=DATE.format("Mon, 01 Jun 2026 12:00:00 GMT"),
    ),
    Dates("one dated back", NEW.but(begin=NOW - 86400, end=NOW + HOUR), "certificate.short_lived"),
    Dates(
        "one dated back, and an old one that ends before it",
        NEW.but(begin=NOW - 86400, end=NOW + HOUR),
        "",
        OLD.but(end=NOW + 60),
    ),
    Dates(
        "one dated back, and an old one that has expired",
        NEW.but(begin=NOW - 86400, end=NOW + HOUR),
        "",
        OLD.but(end=NOW - 1),
    ),
    Dates(
        "one dated back, and an old one without its key",
        NEW.but(begin=NOW - 86400, end=NOW + HOUR),
        "",
        OLD.but(key=None),
    ),
    Dates("one of a shorter life", NEW.but(end=NOW + HOUR)),
)


@pytest.mark.parametrize("case", DATED, ids=lambda case: re.sub(r"\W+", "-", case.title))
def test_what_is_worse_than_before_does_not_take_its_place(tmp_path: Path, case: Dates) -> None:
    before = None if case.before is None else read_folder(case.before.write(tmp_path / "before"), ecc=True)
    after = read_folder(case.after.write(tmp_path / "after"), ecc=True)

    def due(begin: datetime, end: datetime) -> datetime:
        return begin + (end - begin) * 2 // 3

    result = evidence.judge(
        Request("renew", (NAME,), "ec-256", (), due=due),
        CertificateFiles(Path("/home/nas_ecc"), NAME),
        before,
        after,
        completed(0),
        now=NOW,
        diagnose=lambda: failure(REASON, "not asked for"),
        protocol=lambda: case.protocol,
    )
    assert (result.failure.id if result.failure else "") == case.failure
    assert result.changed is not bool(case.failure)
    if case.failure == "ca.clock_skew":
        assert result.failure is not None
        assert "the clock of this machine is 1 day behind that of the authority" in result.failure.message
