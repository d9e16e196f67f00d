"""`acmewrap init`: what it asks, what it writes, and that what it writes is right as it is."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from acmewrap import cli, config
from acmewrap.cli.commands.init import render
from acmewrap.cli.parser import TEMPLATES
from acmewrap.config.challenges import Dns, Webroot

SERVER = "https://pki.internal.example.com/acme/directory"
ANSWERS = ("--domain", "nas.internal.example.com", "--server", SERVER)


def init(*words: str) -> int:
    return cli.main(["init", *words])


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_passes_check_once_the_files_are_there_that_init_names(
    template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "acmewrap.yaml"
    assert init("--template", template, *ANSWERS, "--output", str(file)) == 0
    file.write_text(
        file.read_text(encoding="utf-8").replace("/etc/acmewrap/nsupdate.key", f"{tmp_path}/ca.crt"), encoding="utf-8"
    )
    for name in re.findall(r" into ([a-z.]+[a-z])", capsys.readouterr().out):
        assert cli.main(["--config", str(file), "check"]) == 78
        assert f"{name}" in capsys.readouterr().err
        (tmp_path / name).touch(0o600)
    assert cli.main(["--config", str(file), "check"]) == 0
    assert "no problems, 1 certificate\n" in capsys.readouterr().out
    loaded = config.load(file, {"HOME": str(tmp_path)})
    (certificate,) = loaded.certificates.values()
    assert certificate.domains == ("nas.internal.example.com",)
    assert isinstance(certificate.challenges[0], Dns if template == "dns" else Webroot)
    (authority,) = loaded.authorities.values()
    assert (authority.server, authority.ca_bundle) == (SERVER, tmp_path / "ca.crt")


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_explains_itself(template: str) -> None:
    answers = {"template": template, "domains": ["a.example.com"], "server": SERVER, "ca_bundle": "", "webroot": "/w"}
    text = render(answers)
    assert text.count("#") > 10
    assert "acmewrap check" in text
    assert "# ca_bundle: ca.crt" in text
    assert max(map(len, text.splitlines())) < 132


def test_what_yaml_would_take_for_something_else_is_quoted(tmp_path: Path) -> None:
    file = tmp_path / "acmewrap.yaml"
    names = ("--domain", "*.example.com", "--domain", "2001:db8::1")
    assert init("--template", "dns", *names, "--server", SERVER, "--output", str(file)) == 0
    loaded = config.load(file, {"HOME": str(tmp_path)})
    assert loaded.certificates["main"].domains == ("*.example.com", "2001:db8::1")


def test_a_file_that_is_there_is_replaced_only_with_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    words = ("--template", "dns", *ANSWERS, "--output", str(file))
    assert init(*words) == 77
    assert capsys.readouterr().err.endswith("What to do: Name another one with --output, or replace it: --force\n")
    assert file.read_text() == "mine"
    assert init(*words, "--force") == 0
    assert file.read_text() != "mine"


def test_without_a_terminal_every_missing_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert init("--template", "dns") == 2
    assert "not a terminal; required and missing: --server, --domain " in capsys.readouterr().err


def test_a_wrong_answer_is_refused_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "acmewrap.yaml"
    words = ("--template", "dns", "--domain", "NAS.example.com", "--server", SERVER, "--output", str(file))
    assert init(*words) == 2
    assert "--domain: write it in lower case: nas.example.com" in capsys.readouterr().err
    assert not file.exists()


def test_it_can_be_printed_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert init("--template", "dns", *ANSWERS, "--output", "-") == 0
    assert capsys.readouterr().out.startswith("# Certificates proven by records in the DNS")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[List[str]]:
    """Lines that somebody types at a terminal; what is left of them at the end was never asked for."""
    lines: List[str] = []
    monkeypatch.setattr("builtins.input", lambda _: lines.pop(0))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    yield lines
    assert lines == []


def test_on_a_terminal_it_asks_again_until_the_answer_can_be(
    typed: List[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    typed += ["", "pki.example.com", SERVER, "", "nas.example.com second.example.com", "", ""]
    assert init() == 0
    said = capsys.readouterr().out
    assert "expected the URL of an ACME directory" in said
    assert "expected at least one name" in said
    assert "Put the password of the DSM user into dsm.password (chmod 600)." in said
    loaded = config.load(tmp_path / "acmewrap.yaml", {"HOME": str(tmp_path)})
    assert loaded.certificates["nas"].domains == ("nas.example.com", "second.example.com")


def test_what_an_option_answers_is_not_asked(typed: List[str], tmp_path: Path) -> None:
    file = tmp_path / "acmewrap.yaml"
    typed += ["roots.pem"]
    assert init("--template", "dns", *ANSWERS, "--output", str(file)) == 0
    values: Dict[str, object] = vars(next(iter(config.load(file, {"HOME": "/"}).authorities.values())))
    assert values["ca_bundle"] == tmp_path / "roots.pem"
