"""acme.sh's configuration files: shell code to acme.sh, data here."""

from __future__ import annotations

import base64
from typing import Dict

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acmewrap.driver.homes.configuration import edit_configuration, parse_configuration, raw_values


def is_setting(key: str) -> bool:
    """Whether acme.sh may have it: LD_PRELOAD and its like are refused whatever their value is."""
    try:
        return key in parse_configuration(f"{key}=''")
    except ValueError:
        return False


KEYS = some.from_regex(r"[A-Za-z_][A-Za-z_0-9]{0,9}", fullmatch=True).filter(is_setting)
VALUES = some.text(some.characters(blacklist_characters="'", blacklist_categories=("Cc", "Cs")), max_size=30)


def wrapped(text: str) -> str:
    return f"__ACME_BASE64__START_{base64.b64encode(text.encode()).decode()}__ACME_BASE64__END_"


def test_values_are_read_as_they_stand() -> None:
    text = "Le_Domain='nas'\nLe_Alt='no'\n# a remark\n\nSAVED_X='a \"b\" $c & \\d = e'\nLe_Empty=''\n"
    values = parse_configuration(text)
    assert values == {"Le_Domain": "nas", "Le_Alt": "no", "SAVED_X": 'a "b" $c & \\d = e', "Le_Empty": ""}


def test_a_wrapped_value_is_unwrapped() -> None:
    command = wrapped("""echo "it's" ü""")
    assert parse_configuration(f"Le_ReloadCmd='{command}'\n") == {"Le_ReloadCmd": """echo "it's" ü"""}


def test_the_last_of_two_values_counts() -> None:
    assert parse_configuration("A='1'\nA='2'\n") == {"A": "2"}


@pytest.mark.parametrize(
    "line", ["Le_LinkOrd", "A=1", "A='it's'", "A='", "echo hello", "A='1' B='2'", "A='1';rm -rf /", " A='1'"]
)
def test_a_line_that_a_shell_would_choke_on_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_configuration(f"Le_Domain='nas'\n{line}\n")


def test_a_value_that_is_not_base64_is_named_by_its_line_and_not_shown() -> None:
    with pytest.raises(ValueError, match="line 1") as caught:
        parse_configuration("A='__ACME_BASE64__START_hunter2!__ACME_BASE64__END_'")
    assert "hunter2" not in str(caught.value)


def test_only_a_newline_ends_a_line() -> None:
    value = "a\u2028b\x0bc\x85d\re"
    assert parse_configuration(f"A='{value}'\n") == {"A": value}
    assert edit_configuration(f"A='{value}'\n", {"B": "1"}) == f"A='{value}'\nB='1'\n"


def test_an_edit_sets_drops_and_leaves_the_rest_alone() -> None:
    text = "Le_Domain='nas'\nSAVED_PASSWORD='x'\nbroken\nLe_Alt='no'\n"
    assert edit_configuration(text, {"Le_Alt": "b"}, ("SAVED_",)) == "Le_Domain='nas'\nLe_Alt='b'\n"
    assert edit_configuration("broken\nA='1'\n", {"A": "2"}) == "broken\nA='2'\n"


def test_a_dropped_value_goes_with_all_its_lines() -> None:
    text = "Le_Domain='nas'\nSAVED_PASSWORD='one\ntwo\nthree'\nLe_Alt='no'\n"
    assert edit_configuration(text, {}, ("SAVED_",)) == "Le_Domain='nas'\nLe_Alt='no'\n"


@pytest.mark.parametrize("value", ["it's", "one\ntwo", "a\rb", "a\0b"])
def test_a_value_that_would_become_code_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(ValueError, match="CA_EAB_HMAC_KEY") as caught:
        edit_configuration("", {"CA_EAB_HMAC_KEY": value})
    assert value not in str(caught.value)


def test_a_key_that_is_no_variable_is_refused() -> None:
    with pytest.raises(ValueError, match="A B"):
        edit_configuration("", {"A B": "1"})


def test_raw_values_stay_wrapped() -> None:
    text = f"Le_ReloadCmd='{wrapped('x')}'\nLe_RealKeyPath='/k'\nLe_Domain='d'\nLe_RealBad='a'b'\n"
    assert raw_values(text, ("Le_Reload", "Le_Real")) == {"Le_ReloadCmd": wrapped("x"), "Le_RealKeyPath": "/k"}


@given(some.text(max_size=200) | some.from_regex(r"([A-Za-z_]*='?[^\n]{0,20}'?\n){0,6}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        values = parse_configuration(text)
    except ValueError:
        return
    assert all(isinstance(value, str) for value in values.values())


@given(some.text(max_size=100), some.dictionaries(some.text(max_size=5) | KEYS, some.text(max_size=20), max_size=3))
def test_any_edit_is_made_or_refused(text: str, values: Dict[str, str]) -> None:
    try:
        edited = edit_configuration(text, values, ("SAVED_",))
    except ValueError:
        return
    assert not raw_values(edited, ("SAVED_",)).keys() - values.keys()


@given(some.dictionaries(KEYS, VALUES, max_size=5), some.dictionaries(KEYS, VALUES, max_size=3))
def test_what_is_written_is_read_again(first: Dict[str, str], second: Dict[str, str]) -> None:
    text = edit_configuration(edit_configuration("", first), second)
    assert parse_configuration(text) == {**first, **second}
