from __future__ import annotations

import re
import string
from pathlib import Path

from acmewrap import catalogue
from acmewrap.catalogue import CATALOGUE, document, failure

FILE = Path(__file__).resolve().parent.parent.parent / "docs" / "errors.md"


def test_the_page_of_errors_is_what_the_catalogue_says() -> None:
    assert FILE.read_text(encoding="utf-8") == document(), "write it anew: the page itself says how"


def test_every_failure_has_a_place_to_link_to() -> None:
    assert re.findall(r'<a id="([^"]+)"></a>', document()) == sorted(CATALOGUE)


def test_no_id_is_used_twice() -> None:
    assert len(catalogue._ENTRIES) == len(CATALOGUE)


def test_every_entry_says_why_and_what_to_do() -> None:
    for entry in CATALOGUE.values():
        assert re.fullmatch(r"[a-z]+(\.[a-z0-9_]+)+", entry.id)
        assert entry.cause.endswith("."), entry.id
        assert len(entry.remedy) > 15, entry.id


def test_a_remedy_without_its_values_is_still_readable() -> None:
    for id, entry in CATALOGUE.items():
        fields = [field for _, field, _, _ in string.Formatter().parse(entry.remedy) if field]
        remedy = failure(id, "it happened").remedy
        assert all(field.upper() in remedy for field in fields), id
