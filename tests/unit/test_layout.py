"""Text and tables fitted to the columns of a terminal."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from acmewrap.formats.layout import Line, fold, folded, table, text_of, wrap


def test_a_line_is_broken_between_words_and_stays_one_line_for_whoever_copies_it() -> None:
    text = "  What to do: Run: acmewrap deploy nas --force -v, then look at the server once more"
    folded = fold(text, 40)
    assert "\n" not in folded
    rows = [folded[at : at + 40] for at in range(0, len(folded), 40)]
    assert rows[0].rstrip() == "  What to do: Run: acmewrap deploy nas"
    assert all(row.startswith("    ") for row in rows[1:])
    assert folded.split() == text.split()
    assert fold(text, 0) == fold(text, 200) == text


def test_a_word_that_is_too_long_is_left_to_the_terminal() -> None:
    path = "/srv/" + "x" * 100
    folded = fold(f"see {path} and more", 30)
    assert folded.split() == ["see", path, "and", "more"]
    assert folded.index("and") % 30 == 2


def test_no_line_ends_in_a_row_of_one_word_where_that_costs_no_row() -> None:
    folded = fold("a line that would leave one of its words alone", 41)
    assert (folded[:41].rstrip(), folded[41:]) == ("a line that would leave one of its", "  words alone")


def test_no_paragraph_ends_in_a_line_of_one_word_where_that_costs_no_line() -> None:
    assert wrap("a paragraph that would leave one of its words alone", 47) == [
        "a paragraph that would leave one of its",
        "words alone",
    ]


def rows_of(*rows: Tuple[str, ...]) -> List[List[List[Line]]]:
    return [[[((line, ""),) for line in cell.split("\n")] for cell in row] for row in rows]


def test_columns_are_as_wide_as_their_widest_cell_and_end_without_blanks() -> None:
    shown = list(map(text_of, table(rows_of(("a", "b"), ("longer", ""), ("c\nd", "e")))))
    assert shown == ["a       b", "longer", "c       e", "d"]


@pytest.mark.parametrize("width", [80, 40, 20, 9])
def test_a_table_keeps_to_the_width_and_loses_nothing(width: int) -> None:
    cells = (
        "nas\n  nas.internal.example.com\n  internal: Some Authority CA 1",
        "valid, 22 hours left",
        "dsm: deployed, seen now",
    )
    shown = list(map(text_of, table(rows_of(cells), width)))
    assert all(len(line) <= width or len(line.split()) == 1 for line in shown)
    assert sorted("".join("".join(shown).split())) == sorted("".join("".join(cells).split()))


@pytest.mark.parametrize("width", [80, 120])
def test_a_path_for_which_there_is_no_room_stands_whole_below_its_row(width: int) -> None:
    path = "/srv/" + "x" * (width - 20)
    rows = rows_of(("render", "/srv/acme.sh", "missing"), ("folder", path, "missing, as are others"))
    assert list(map(text_of, table(rows, width))) == [
        "render  /srv/acme.sh  missing",
        "folder                missing, as are others",
        f"  {path}",
    ]


def test_a_name_for_which_there_is_no_room_stands_whole_above_its_row() -> None:
    name = "x" * 40
    shown = list(map(text_of, table(rows_of((f"{name}\n  a", "valid, for long\ndue"), ("b", "missing")), 30)))
    assert shown == [name, "     valid, for long", "  a  due", "b    missing"]


def test_a_word_of_several_styles_is_one() -> None:
    line: Line = (("nginx: ", ""), ("unverified", "red"), (", done now", ""))
    assert list(map(text_of, table([[[line]]], 17))) == ["nginx:", "  unverified,", "  done now"]
    assert text_of(folded((("x", "bold"), (" deploy nas: done", "")), 14)) == "x deploy      " + "  nas: done"


def test_a_word_that_is_too_long_does_not_leave_the_mark_of_its_line_alone() -> None:
    assert fold(f"  | {'x' * 40}", 40) == f"  | {'x' * 40}"


def test_a_word_that_fits_a_row_of_its_own_is_not_indented_out_of_it() -> None:
    path = "/srv/" + "x" * 35
    assert fold(f"  What to do: chmod {path}", 40).split("  ")[-1].endswith(path)
    assert fold(f"  What to do: chmod {path}", 40)[40:] == path


def test_words_of_a_table_stay_whole_while_there_is_room() -> None:
    shown = list(map(text_of, table(rows_of(("issue", "nas", "a reason of many words that has to give way")), 40)))
    assert shown == ["issue  nas  a reason of many words that", "              has to give way"]
