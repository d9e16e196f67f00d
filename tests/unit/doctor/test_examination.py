"""How doctor goes about its checks: side by side, in order, never for long."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import pytest

from acmewrap.catalogue import failure
from acmewrap.config import AcmeShSettings, Config
from acmewrap.doctor import (
    Check,
    DoctorContext,
    Finding,
    authority,
    challenges,
    delivery,
    examination,
    examine,
    finding,
    machine,
    upkeep,
)
from acmewrap.errors import AcmewrapError, ExitCode, UnreachableError

Told = List[Tuple[str, List[str], Optional[str]]]


@pytest.fixture
def patient() -> DoctorContext:
    return DoctorContext(Config(Path("/c.yaml"), Path("/c"), AcmeShSettings(), {}, {}), {})


def look(
    patient: DoctorContext, checks: List[Check], monkeypatch: pytest.MonkeyPatch
) -> Tuple[Tuple[Finding, ...], Told]:
    for group in (authority, challenges, delivery, machine, upkeep):
        monkeypatch.setattr(group, "checks", lambda _: ())
    monkeypatch.setattr(delivery, "checks", lambda _: checks)
    told: Told = []
    found = examine(patient, lambda check, ones, why: told.append((check.name, [one.failure.id for one in ones], why)))
    return found, told


def nothing() -> Iterator[Finding]:
    return iter(())


def test_checks_are_told_of_in_their_order_whoever_is_ready_first(
    patient: DoctorContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_is_done = threading.Event()

    def first() -> Iterator[Finding]:
        assert second_is_done.wait(60)
        return nothing()

    def second() -> Iterator[Finding]:
        second_is_done.set()
        return nothing()

    found, told = look(patient, [Check("first", first), Check("second", second)], monkeypatch)
    assert found == ()
    assert told == [("first", [], None), ("second", [], None)]


def test_a_check_that_hangs_is_given_up_and_named(patient: DoctorContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "DEADLINE", 0.2)
    released = threading.Event()

    def hang() -> Iterator[Finding]:
        released.wait(60)
        return nothing()

    found, told = look(patient, [Check("slow", hang), Check("quick", nothing)], monkeypatch)
    released.set()
    assert [(one.failure.id, one.exit_code) for one in found] == [("doctor.no_answer", ExitCode.UNREACHABLE)]
    assert told == [("slow", ["doctor.no_answer"], None), ("quick", [], None)]


def test_an_error_is_a_finding_and_what_was_found_before_it_stays(
    patient: DoctorContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_two() -> Iterator[Finding]:
        yield Finding(failure("disk.full", "no room"))
        raise UnreachableError(failure("ca.unreachable", "nobody there"))

    def fail() -> Iterator[Finding]:
        raise PermissionError(13, "Permission denied", "/secret")

    found, _ = look(patient, [Check("two", find_two), Check("bad", fail)], monkeypatch)
    assert [one.failure.id for one in found] == ["disk.full", "ca.unreachable", "file.failed"]
    assert "/secret Permission denied" in found[-1].failure.message


def test_what_could_not_be_looked_at_is_neither_good_nor_bad(
    patient: DoctorContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Iterator[Finding]:
        raise finding.NotLooked("there is no certificate yet")

    found, told = look(patient, [Check("target", refuse)], monkeypatch)
    assert found == ()
    assert told == [("target", [], "there is no certificate yet")]


def test_mending_goes_on_when_one_mend_fails(tmp_path: Path) -> None:
    done: List[str] = []

    def fail() -> None:
        raise AcmewrapError(failure("file.failed", "it would not"))

    findings = [
        Finding(failure("doctor.file_mode", "a"), mend=fail),
        Finding(failure("doctor.file_mode", "b"), mend=lambda: done.append("b")),
        Finding(failure("disk.full", "c")),
    ]
    config = Config(tmp_path / "c.yaml", tmp_path, AcmeShSettings(), {}, {})
    (error,) = examination.mend(findings, config, {})
    assert error.id == "file.failed"
    assert done == ["b"]
