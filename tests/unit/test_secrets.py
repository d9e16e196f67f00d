"""Values that cannot be printed by accident, references to them, and text without them."""

from __future__ import annotations

import base64
import copy
import json
import os
import pickle
import re
import shlex
import textwrap
from pathlib import Path
from typing import Callable, Mapping
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acmewrap.errors import AccessError
from acmewrap.secrets import (
    MASK,
    CredentialReference,
    EnvironmentReference,
    FileReference,
    InlineSecret,
    Redactor,
    Reference,
    Secret,
    is_private,
    resolve,
)

CANARY = 'it\'s "a" $ecret & %41 \\ pass/word+=~ü'


@pytest.mark.parametrize(
    "use",
    [
        lambda secret: f"{secret}",
        "{}".format,
        lambda secret: format(secret, ">10"),
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        lambda secret: "password " + secret,
        os.fspath,
        len,
    ],
)
def test_a_secret_is_no_text(use: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as caught:
        use(Secret("hunter2"))
    assert "hunter2" not in str(caught.value)


def test_a_secret_is_not_shown_by_what_shows_everything() -> None:
    secret = Secret("hunter2")
    assert repr(secret) == str(secret) == "Secret(***)"
    assert "hunter2" not in repr(InlineSecret(secret)) + repr([secret]) + repr({"a": secret}) + "%r" % secret  # noqa: UP031
    same: object = "hunter2"
    assert secret != same
    assert secret.reveal() == "hunter2"


def test_secrets_are_the_same_when_their_values_are() -> None:
    assert InlineSecret(Secret("hunter2")) == InlineSecret(Secret("hunter2"))
    assert InlineSecret(Secret("hunter2")) != InlineSecret(Secret("hunter3"))
    assert len({Secret("hunter2"), Secret("hunter2"), Secret("hunter3")}) == 2


FORMS: Mapping[str, Callable[[str], str]] = {
    "raw": str,
    "url": lambda value: quote(value, safe=""),
    "url in lower case": lambda value: "".join(
        part if number % 2 == 0 else part.lower()
        for number, part in enumerate(re.split("(%..)", quote(value, safe="")))
    ),
    "url with slashes": quote,
    "form": quote_plus,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 of a line": lambda value: base64.b64encode(f"{value}\n".encode()).decode(),
    "base64 of openssl": lambda value: "\n".join(textwrap.wrap(base64.b64encode(value.encode()).decode(), 64)),
    "shell": shlex.quote,
    "shell between apostrophes": lambda value: value.replace("'", "'\\''"),
    "shell between quotation marks": lambda value: "".join(f"\\{one}" if one in '"$`\\' else one for one in value),
    "shell with backslashes": lambda value: "".join(one if one.isalnum() else f"\\{one}" for one in value),
    "json": json.dumps,
    "json in UTF-8": lambda value: json.dumps(value, ensure_ascii=False),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [CANARY, "x" * 100 + CANARY * 3, "short"])
def test_a_known_secret_is_replaced_in_every_form(form: str, value: str) -> None:
    text = FORMS[form](value)
    redacted = "\n".join(Redactor([Secret(value)]).redact(line) for line in f"<{text}>".split("\n"))
    left = redacted.replace(MASK, "")
    assert set(left) <= set("<>\"'\n=")


@given(some.text(min_size=4, max_size=40), some.sampled_from(sorted(FORMS)), some.text(max_size=10))
def test_no_text_around_a_secret_brings_it_back(value: str, form: str, around: str) -> None:
    text = FORMS[form](value)
    if "\n" not in text:
        assert text not in Redactor([Secret(value)]).redact(f"{around}{text}{around}").replace(MASK, "\0")


def test_the_longer_of_two_secrets_is_replaced_as_a_whole() -> None:
    assert Redactor([Secret("abc"), Secret("abcdef")]).redact("abcdefg abcg") == "***g ***g"


def test_without_secrets_text_stays_as_it_is() -> None:
    assert Redactor().redact("abc") == "abc"
    assert Redactor([Secret("")]).redact("abc") == "abc"
    assert Redactor().longest == 0


def test_the_longest_form_is_known() -> None:
    secret = Secret(CANARY)
    assert (
        Redactor([secret]).longest
        >= max(len(form(CANARY)) for name, form in FORMS.items() if "openssl" not in name) - 2
    )


@pytest.mark.parametrize(
    ("content", "value"),
    [("hunter2\n", "hunter2"), ("hunter2", "hunter2"), (" two \n\n", " two \n"), ("ü\n", "ü"), ("", "")],
)
def test_a_file_is_read_without_its_last_newline(tmp_path: Path, content: str, value: str) -> None:
    path = tmp_path / "password"
    path.write_text(content, encoding="utf-8")
    assert resolve(FileReference(path), {}).reveal() == value


def test_a_variable_and_a_credential_are_read_from_the_given_environment(tmp_path: Path) -> None:
    (tmp_path / "dsm").write_text("hunter2\n", encoding="utf-8")
    environ = {"PASSWORD": "hunter3", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert resolve(EnvironmentReference("PASSWORD"), environ).reveal() == "hunter3"
    assert resolve(CredentialReference("dsm"), environ).reveal() == "hunter2"
    assert resolve(InlineSecret(Secret("hunter4")), {}).reveal() == "hunter4"


@pytest.mark.parametrize(
    ("reference", "reported"),
    [
        (FileReference(Path("/nowhere/password")), "/nowhere/password: No such file"),
        (FileReference(Path("/")), "/: Is a directory"),
        (EnvironmentReference("NOBODY_SET_THIS"), "no variable NOBODY_SET_THIS"),
        (CredentialReference("dsm"), "CREDENTIALS_DIRECTORY is not set"),
    ],
)
def test_a_reference_that_leads_nowhere_says_where_it_looked(reference: Reference, reported: str) -> None:
    with pytest.raises(AccessError) as caught:
        resolve(reference, {})
    assert caught.value.id == "secret.unavailable"
    assert reported in str(caught.value)


def test_bytes_that_are_no_text_are_refused_without_showing_them(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"hunter2\xff")
    with pytest.raises(AccessError) as caught:
        resolve(FileReference(path), {})
    assert "hunter2" not in str(caught.value)


def test_private_means_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.touch()
    for mode, private in ((0o600, True), (0o400, True), (0o640, False), (0o604, False), (0o644, False)):
        path.chmod(mode)
        assert is_private(path) is private
