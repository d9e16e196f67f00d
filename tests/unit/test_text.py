"""What comes from outside is shown on one line, spelt out where a terminal would obey or an eye could not see."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acmewrap.errors import Problem
from acmewrap.failures import failure, invalid
from acmewrap.formats.text import counted, visible, visible_document, visible_lines
from acmewrap.formats.timefmt import span

# Surrogates too: file names that are no UTF-8 have them (PEP 383), and JSON may hold unpaired ones.
ANYTHING = st.text(st.characters(exclude_categories=()))
HOSTILE = st.text(
    st.sampled_from("\x1b\x07\x9b\x00\r\n\t\x7f\u200b\u202e\u2066\u2028\ufeff\ufe0f\u3164\udc80\U000e0041a[]\\")
)


def is_harmless(letter: str) -> bool:
    return letter == "\t" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@given(st.one_of(ANYTHING, HOSTILE))
def test_nothing_that_a_terminal_obeys_is_left_and_doing_it_twice_changes_nothing(text: str) -> None:
    shown = visible(text)
    assert all(map(is_harmless, shown))
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown
    shown.encode("utf-8")


@given(st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="\u115f\u1160\u2800\u3164\uffa0")))
def test_words_of_any_language_are_left_as_they_are(text: str) -> None:
    assert visible(text) == text


@given(st.one_of(ANYTHING, HOSTILE).filter(lambda text: "\\" not in text))
def test_nothing_is_dropped(text: str) -> None:
    assert visible(text).encode("ascii", "backslashreplace").decode("unicode_escape") == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with a tab\tand \\backslashes", "plain, with a tab\tand \\backslashes"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]8;;https://evil.test\x07click\x1b]8;;\x07", r"\x1b]8;;https://evil.test\x07click\x1b]8;;\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("over\rwritten\b", r"over\rwritten\x08"),
        ("one\ntwo", r"one\ntwo"),
        ("gpj\u202eexe", r"gpj\u202eexe"),
        ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("caf\udce9", r"caf\udce9"),
        ("\U000e0041\u3164\ufe0f", r"\U000e0041\u3164\ufe0f"),
        ("Zertifikat für Ümläute, 証明書 ✓", "Zertifikat für Ümläute, 証明書 ✓"),
    ],
)
def test_it_is_spelt_as_a_programmer_would(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_that_are_meant_stay_lines() -> None:
    assert visible_lines("one\n\x1btwo\r\n") == "one\n\\x1btwo\\r\n"


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), HOSTILE),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(HOSTILE, inner)),
)


@given(_JSON)
def test_who_decodes_a_document_gets_no_control_characters_back(document: object) -> None:
    decoded = json.loads(json.dumps(visible_document(document)))

    def look(value: object) -> None:
        if isinstance(value, str):
            assert all(map(is_harmless, value))
        elif isinstance(value, dict):
            for key, one in value.items():
                look(key)
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)

    look(decoded)


@given(HOSTILE, HOSTILE)
def test_a_failure_is_harmless_for_whoever_shows_it(message: str, value: str) -> None:
    made = failure("file.exists", message, [value, message], path=value)
    for text in (made.message, made.remedy, *made.lines):
        assert all(map(is_harmless, text))


def test_a_problem_of_a_file_cannot_forge_another_one() -> None:
    error = invalid((Problem("a.yaml\nb.yaml", 1, 1, "key", "is\x1b[2J wrong"),))
    assert error.failure.message == r"a.yaml\nb.yaml:1:1: key: is\x1b[2J wrong"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (counted(1, "step"), "1 step"),
        (counted(0, "step"), "0 steps"),
        (counted(2, "delivery", "deliveries"), "2 deliveries"),
        (counted(1, "delivery", "deliveries"), "1 delivery"),
        (span(1), "1 second"),
        (span(3600), "1 hour"),
    ],
)
def test_what_is_counted_stands_in_the_singular_or_the_plural(shown: str, expected: str) -> None:
    assert shown == expected
