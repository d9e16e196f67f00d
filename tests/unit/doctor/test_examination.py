"""How doctor goes about its checks: side by side, in order, never for long."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import pytest

from acmewrap.config import Config
from acmewrap.config.model import AcmeShSettings, Authority
from acmewrap.doctor import (
    Checked,
    DoctorContext,
    DoctorNotice,
    Finding,
    authority,
    challenges,
    delivery,
    dsm,
    examination,
    examine,
    finding,
    machine,
    upkeep,
)
from acmewrap.doctor.finding import Check
from acmewrap.driver.wrapper_script import Wrapper
from acmewrap.engine import history
from acmewrap.engine.results import Run
from acmewrap.errors import ExitCode, UnreachableError
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from acmewrap.plan.machine_steps import ChangeMode, RenderWrapper
from acmewrap.reasons import Plain
from acmewrap.state.file_modes import Excess
from wanted import NOW

Output = List[Tuple[str, List[str], Optional[str]]]


@pytest.fixture
def context() -> DoctorContext:
    return DoctorContext(Config(Path("/c.yaml"), Path("/c"), AcmeShSettings(), {}, {}), {})


def look(
    context: DoctorContext, checks: List[Check], monkeypatch: pytest.MonkeyPatch
) -> Tuple[Tuple[Finding, ...], Output]:
    for group in (authority, challenges, delivery, dsm, machine, upkeep):
        monkeypatch.setattr(group, "checks", lambda _: ())
    monkeypatch.setattr(delivery, "checks", lambda _: checks)
    reported: Output = []

    def listen(notice: DoctorNotice) -> None:
        assert isinstance(notice, Checked)
        reported.append((notice.name, [one.failure.id for one in notice.findings], notice.reason))

    return examine(context, listen), reported


def nothing() -> Iterator[Finding]:
    return iter(())


def test_checks_are_told_of_in_their_order_whoever_is_ready_first(
    context: DoctorContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_is_done = threading.Event()

    def first() -> Iterator[Finding]:
        assert second_is_done.wait(60)
        return nothing()

    def second() -> Iterator[Finding]:
        second_is_done.set()
        return nothing()

    found, reported = look(context, [Check("first", first), Check("second", second)], monkeypatch)
    assert found == ()
    assert reported == [("first", [], None), ("second", [], None)]


def test_a_check_that_hangs_is_given_up_and_named(context: DoctorContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "DEADLINE", 0.2)
    released = threading.Event()

    def hang() -> Iterator[Finding]:
        released.wait(60)
        return nothing()

    found, reported = look(context, [Check("slow", hang), Check("quick", nothing)], monkeypatch)
    released.set()
    assert [(one.failure.id, one.exit_code) for one in found] == [("doctor.no_answer", ExitCode.UNREACHABLE)]
    assert reported == [("slow", ["doctor.no_answer"], None), ("quick", [], None)]


def test_an_error_is_a_finding_and_what_was_found_before_it_stays(
    context: DoctorContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_two() -> Iterator[Finding]:
        yield Finding(failure("disk.full", "no room"))
        raise UnreachableError(failure("ca.unreachable", "nobody there"))

    def fail() -> Iterator[Finding]:
        raise PermissionError(13, "Permission denied", "/secret")

    found, _ = look(context, [Check("two", find_two), Check("bad", fail)], monkeypatch)
    assert [one.failure.id for one in found] == ["disk.full", "ca.unreachable", "file.denied"]
    assert "/secret: Permission denied" in found[-1].failure.message


def test_a_home_of_a_later_version_is_a_finding_and_the_other_checks_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ledger.json").write_text('{"version": 99}', encoding="utf-8")
    authorities = {"a": Authority("a", "https://ca.example.com/dir", tmp_path)}
    config = Config(tmp_path / "c.yaml", tmp_path, AcmeShSettings(), authorities, {})
    for group in (authority, challenges, dsm, machine, upkeep):
        monkeypatch.setattr(group, "checks", lambda _: ())
    monkeypatch.setattr(upkeep, "checks", lambda _: [Check("other", nothing)])
    reported: List[str] = []

    def listen(notice: DoctorNotice) -> None:
        assert isinstance(notice, Checked)
        reported.append(notice.name)

    found = examine(DoctorContext(config, {}), listen)
    assert [one.failure.id for one in found] == ["home.newer"]
    assert "other" in reported


def test_what_could_not_be_looked_at_is_neither_good_nor_bad(
    context: DoctorContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Iterator[Finding]:
        raise finding.NotLooked("there is no certificate yet")

    found, reported = look(context, [Check("target", refuse)], monkeypatch)
    assert found == ()
    assert reported == [("target", [], "there is no certificate yet")]


def test_a_check_that_breaks_says_so_and_the_others_go_on(
    context: DoctorContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[Finding]:
        raise ZeroDivisionError

    monkeypatch.setattr("acmewrap.paths.reports_folder", lambda _: tmp_path)
    found, reported = look(context, [Check("broken", broken), Check("well", nothing)], monkeypatch)
    assert reported == [("broken", ["internal.unexpected"], None), ("well", [], None)]
    assert "broken: ZeroDivisionError" in found[0].failure.message


def test_fixing_goes_on_when_one_fix_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign, file = tmp_path / "foreign", tmp_path / "file"
    foreign.write_text("somebody's own", encoding="ascii")
    file.touch(0o644)
    excess = Excess(file, 0o644, 0o600, os.geteuid(), ours=True, id="doctor.file_mode")
    wrapper = Wrapper(foreign, file, tmp_path, tmp_path, "3.1.1", tmp_path, "https://ca.test/dir")
    findings = [
        Finding(failure("doctor.wrapper_differs", "a"), fix=RenderWrapper(Plain.DIFFERS, wrapper)),
        Finding(failure("doctor.file_mode", "b"), fix=ChangeMode.of(excess)),
        Finding(failure("disk.full", "c")),
    ]
    config = Config(tmp_path / "c.yaml", tmp_path, AcmeShSettings(), {}, {})
    monkeypatch.setattr(history, "note", lambda *noted: runs.append(noted[2]))
    runs: List[Run] = []
    (error,) = examination.fix(findings, DoctorContext(config, {}, clock=lambda: NOW))
    assert [(run.started, run.finished) for run in runs] == [(instant(NOW), instant(NOW))]
    assert error.id == "file.foreign"
    assert file.stat().st_mode & 0o777 == 0o600
