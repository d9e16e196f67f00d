"""Whatever is printed, wherever it comes from, is clean: lines, tables, errors, documents, log records, the screen of rich."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict

import pytest
from rich.console import Console

import acmewrap
from acmewrap import cli
from acmewrap.cli.output import Printer
from acmewrap.cli.parser import parse
from acmewrap.engine.results import StepEnded, StepLine, StepResult, StepStarted
from acmewrap.errors import ExitCode, Failure
from acmewrap.failures import failure
from acmewrap.plan.planner import Plan
from acmewrap.plan.steps import IssueCertificate
from acmewrap.reasons import AccountNotManaged, SetBroken
from acmewrap.report import live, messages, screen
from acmewrap.system import resources
from results import AUTHORITY, CERTIFICATE, NOW, SEEN, VALID, X509_LEAF

EVIL = (
    "\x1b]0;owned\x07\x1b[2J\x1b]8;;http://evil.test\x1b\\click\x1b]8;;\x1b\\ \x9b31m \u202egnp.exe \u200b \x7f \udc80 "
    "[red]no[/red] [link=http://evil.test]no[/link] :skull: \r\nforged: done in 0.1 s\u2028forged"
)
REQUEST = replace(CERTIFICATE, name=EVIL, domains=(EVIL, EVIL), authority=EVIL)
STEP = IssueCertificate(SetBroken(EVIL), REQUEST, AUTHORITY)
RAW = Failure("deploy.failed", EVIL, EVIL, (EVIL,))  # as a stored one may be, which the catalogue never made
STATUS = replace(VALID, certificate=REQUEST, leaf=replace(X509_LEAF, issuer=EVIL), targets={EVIL: SEEN})
STATUSES = {EVIL: STATUS, "other": STATUS}


def printer(*words: str) -> Printer:
    return Printer(parse([*words, "apply"]))


def notices(reported: Printer) -> None:
    with reported.following() as listener:
        listener(StepStarted(STEP))
        listener(StepLine(STEP, EVIL))
        listener(StepEnded(StepResult(STEP, "failed", RAW, 1.0)))


def logs(reported: Printer) -> None:
    logger = logging.getLogger("acmewrap.test")
    with reported.following():
        logger.warning("a NAS said %s", EVIL)
        try:
            raise ValueError(EVIL)
        except ValueError:
            logger.exception("it ended badly")


PRINTED: Dict[str, Callable[[Printer], None]] = {
    "lines": lambda reported: reported.lines(
        [EVIL, *screen.plan_lines(Plan((STEP,), (STEP,), (AccountNotManaged(EVIL),)))]
    ),
    "warnings": lambda reported: reported.warn([EVIL]),
    "a table": lambda reported: reported.status(STATUSES, NOW),
    "an error": lambda reported: reported.error(acmewrap.AcmewrapError(RAW)),
    "steps": notices,
    "log records": logs,
}


def is_clean(text: str) -> bool:
    return all(letter == "\n" or letter.isprintable() for letter in text)


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed_is_clean_and_forges_no_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    PRINTED[name](printer("--verbose"))
    said = "".join(capsys.readouterr())
    assert "owned" in said
    assert is_clean(said)
    assert not any(line.startswith("forged") for line in said.splitlines())


def test_what_to_do_is_said_once_when_a_run_ends_with_what_its_step_ended_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reported, interrupted = printer(), failure("run.interrupted", "interrupted")
    with reported.following() as listener:
        listener(StepEnded(StepResult(STEP, "failed", interrupted, 1.0)))
    reported.error(acmewrap.AcmewrapError(interrupted))
    reported.error(acmewrap.AcmewrapError(RAW))
    assert "".join(capsys.readouterr()).count("What to do: Run again") == 1


def test_a_document_gives_nothing_back_to_who_decodes_it(capsys: pytest.CaptureFixture[str]) -> None:
    printer("--json").document(ExitCode.OK, plan=(STEP,), certificates={EVIL: STATUS})
    text = capsys.readouterr().out
    assert is_clean(text)
    document = json.loads(text)
    ((key, certificate),) = document["certificates"].items()
    assert r"\x1b]0;owned\x07" in key
    for value in (key, *certificate["domains"], certificate["authority"], certificate["issuer"]):
        assert is_clean(value)
    assert is_clean(document["plan"][0]["reason"]["fault"])


def test_rich_is_given_text_and_no_markup() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=3000, highlight=False, soft_wrap=True)
    steps = live.LiveSteps(console, verbose=True)
    steps.start()
    steps(StepStarted(STEP))
    steps(StepLine(STEP, EVIL))
    steps(StepEnded(StepResult(STEP, "failed", RAW, 1.0)))
    steps.stop()
    live.print_status(console, STATUSES, NOW)
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    for text in ("\x1b]", "\x1b[2J", "\x9b", "\u202e", "\u200b", "\udc80", "\x7f", "\u2028"):
        assert text not in said, repr(text)
    assert not any(line.startswith("forged") for line in said.splitlines())
    for text in (r"\x1b]8;;http://evil.test", "[red]no[/red]", "[link=http://evil.test]no[/link]", ":skull:"):
        assert said.count(text) >= 8, text


def test_only_one_module_prints_and_asks() -> None:
    """So that there is one place where what is printed is made clean."""
    folder = Path(acmewrap.__file__).parent
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "input"):
                found.add(path.relative_to(folder).as_posix())
    assert found == {"cli/output.py"}


def test_failures_that_the_catalogue_makes_are_clean_for_users_of_the_library() -> None:
    made = failure("deploy.failed", EVIL, [EVIL])
    assert is_clean(f"{made} {made.lines[0]}")


@pytest.mark.parametrize("words", [("check", "\x1b]0;owned\x07"), ("\x1b[2J",), ("apply", "--timeout", "\x1b[2J")])
def test_a_mistake_on_the_command_line_is_shown_as_clean(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(list(words))
    assert is_clean(capsys.readouterr().err)


def _started(monkeypatch: pytest.MonkeyPatch, how: str, tmp_path: Path) -> str:
    """Pretend that it was started like that; what its commands then begin with."""
    python = tmp_path / "bin/python3"
    script = python.parent / "acmewrap"
    python.parent.mkdir()
    for file in (python, script):
        file.write_text("#!/bin/sh\n", encoding="utf-8")
        file.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", "/nowhere" if how.endswith("elsewhere") else str(python.parent))
    if how.startswith("single"):
        monkeypatch.setattr(resources, "single_file", lambda: tmp_path / "acmewrap.pyz")
        monkeypatch.setattr(sys, "argv", ["bin/acmewrap.pyz"])
        return "python3 bin/acmewrap.pyz"
    if how.startswith(("module", "folder")):
        main = str(Path(acmewrap.__file__).parent / "__main__.py")
        monkeypatch.setattr(sys, "argv", [main])
        monkeypatch.setattr(sys.modules["__main__"], "__spec__", object() if how.startswith("module") else None)
        return f"{'python3' if how == 'module' else python} {'-m acmewrap' if how.startswith('module') else main}"
    monkeypatch.setattr(sys, "argv", [str(script)])
    return str(script) if how.endswith("elsewhere") else "acmewrap"


@pytest.mark.parametrize(
    "how", ["single file", "module", "module elsewhere", "folder elsewhere", "script", "script elsewhere"]
)
def test_what_it_tells_to_run_begins_as_it_was_started_wherever_that_is_shown(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = ["--config", str(tmp_path / "none.yaml"), "check"]
    assert cli.main(missing) == 78
    assert "Write one with `acmewrap init`" in capsys.readouterr().err
    words = _started(monkeypatch, how, tmp_path)
    assert cli.main(missing) == 78
    assert f"Write one with `{words} init`" in capsys.readouterr().err
    assert cli.main(["--json", *missing]) == 78
    assert f"Write one with `{words} init`" in json.loads(capsys.readouterr().out)["error"]["remedy"]
    failed = acmewrap.AcmewrapError(failure("certificate.not_issued", "none", name="nas"))
    assert f"{words} issue nas" in messages.text(failed)
    cli.main(["completion", "bash"])
    assert words == "acmewrap" or words not in capsys.readouterr().out
